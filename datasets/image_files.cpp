#include "datasets/image_files.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "common/file.h"
#include "datasets/file_names.h"

namespace qyolo::datasets {
namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, kNameReadings> kReadingTexts = {
    "backslashes are read as separators of folders",
    "the image folder's own name in front is left out", "percent-encoding is decoded",
    "letters are composed of other code points than in the file's name",
    "the extension is written in another case than the file's"};

constexpr std::size_t place(NameReading reading) { return static_cast<std::size_t>(reading); }

std::vector<std::string> parts_of(const fs::path& path) {
  std::vector<std::string> parts;
  for (const fs::path& part : path) {
    if (!part.empty() && part != "." && part != "/") parts.push_back(part.string());
  }
  return parts;
}

bool is_file(const fs::path& path) {
  std::error_code code;
  return fs::is_regular_file(path, code);
}

// "C:\data\a.jpg" on a system that has no drives.
bool has_drive(std::string_view name) {
  return name.size() > 2 && name[1] == ':' && (name[2] == '\\' || name[2] == '/');
}

std::string joined(std::span<const std::string> parts) {
  std::string name;
  for (const std::string& part : parts) name += (name.empty() ? "" : "/") + part;
  return name;
}

}  // namespace

ImageFinder::ImageFinder(fs::path folder) : folder_(std::move(folder)) {
  std::error_code code;
  const fs::path whole = fs::weakly_canonical(fs::absolute(folder_, code), code);
  folder_parts_ = parts_of(code ? folder_ : whole);
}

// In the order in which they are tried. A name may need several readings.
std::vector<ImageFinder::Candidate> ImageFinder::candidates(const std::string& name) const {
  std::vector<Candidate> all = {{name, {}}};
  const auto with = [&](NameReading reading, auto change) {
    const std::size_t count = all.size();
    for (std::size_t i = 0; i < count; ++i) {
      std::string changed = change(all[i].name);
      if (changed == all[i].name || changed.empty()) continue;
      Candidate next{std::move(changed), all[i].readings};
      next.readings[place(reading)] = true;
      all.push_back(std::move(next));
    }
  };
  with(NameReading::kPercent, [](const std::string& text) { return percent_decoded(text); });
  with(NameReading::kBackslashes, [](std::string text) {
    std::ranges::replace(text, '\\', '/');
    return text;
  });
  // A leading part of the name that is how the folder's path ends: of "/data/val/images" the name
  // "images/a.jpg", "val/images/a.jpg", "/data/val/images/a.jpg".
  with(NameReading::kRepeatedFolder, [&](const std::string& text) {
    const std::vector<std::string> parts = parts_of(text);
    for (std::size_t n = std::min(parts.size(), folder_parts_.size() + 1); n-- > 1;) {
      if (text.starts_with('/') && n != folder_parts_.size()) continue;
      if (std::equal(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(n),
                     folder_parts_.end() - static_cast<std::ptrdiff_t>(n)))
        return joined(std::span(parts).subspan(n));
    }
    return text;
  });
  return all;
}

const ImageFinder::Listing& ImageFinder::listing(const fs::path& folder) {
  const auto [found, fresh] = listings_.try_emplace(folder);
  if (!fresh) return found->second;
  std::error_code code;
  for (fs::directory_iterator entry(folder, code), end; !code && entry != end;
       entry.increment(code)) {
    std::string name = entry->path().filename().string();
    found->second[with_lower_extension(decomposed(name))].push_back(std::move(name));
  }
  for (auto& [folded, names] : found->second) std::ranges::sort(names);
  return found->second;
}

// Part by part, each as it stands or else as one that folds alike.
bool ImageFinder::find_below(const fs::path& folder, std::span<const std::string> parts,
                             ImageFile& file) {
  const std::string& part = parts.front();
  const bool last = parts.size() == 1;
  std::error_code code;
  const auto descend = [&](const std::string& name) {
    const fs::path next = folder / name;
    if (last ? !is_file(next) : !fs::is_directory(next, code)) return false;
    if (!last && !find_below(next, parts.subspan(1), file)) return false;
    if (last) file.path = next;
    if (name != part) {
      const std::string plain = decomposed(name), wanted = decomposed(part);
      file.readings[place(NameReading::kExtension)] |= plain != wanted;
      file.readings[place(NameReading::kUnicode)] |=
          with_lower_extension(name) != with_lower_extension(part);
    }
    return true;
  };
  if (descend(part)) return true;
  const Listing& names = listing(folder);
  const auto alike = names.find(with_lower_extension(decomposed(part)));
  if (alike == names.end()) return false;
  return std::ranges::any_of(
      alike->second, [&](const std::string& name) { return name != part && descend(name); });
}

ImageFile ImageFinder::find(const std::string& name) {
  ImageFile file;
  if (name.empty()) {
    file.state = ImageFile::State::kUnnamed;
    return file;
  }
  bool inside = false, outside = false;
  const std::vector<Candidate> all = candidates(name);
  // First every reading as it stands, which costs one look each.
  for (const bool folded : {false, true}) {
    for (const Candidate& candidate : all) {
      const auto path = path_inside(folder_, candidate.name);
      outside |= !path.ok() || has_drive(candidate.name);
      if (!path.ok()) continue;
      if (!inside) file.path = path->lexically_normal();
      inside = true;
      file.readings = candidate.readings;
      const std::vector<std::string> parts = parts_of(candidate.name);
      if (parts.empty()) continue;
      if (folded ? find_below(folder_, parts, file) : is_file(*path)) {
        if (!folded) file.path = *path;
        file.path = file.path.lexically_normal();
        file.state = ImageFile::State::kFound;
        return file;
      }
    }
  }
  file.readings = {};
  std::error_code code;
  file.state = outside || !inside            ? ImageFile::State::kOutside
               : fs::exists(file.path, code) ? ImageFile::State::kNoFile
                                             : ImageFile::State::kMissing;
  return file;
}

ImageFiles find_image_files(const fs::path& folder, std::span<const ImageInfo> images) {
  ImageFiles found;
  ImageFinder finder(folder);
  std::array<std::size_t, kNameReadings> counts{};
  std::array<std::size_t, kNameReadings> first{};
  for (std::size_t i = 0; i < images.size(); ++i) {
    found.files.push_back(finder.find(images[i].file_name));
    if (found.files.back().state != ImageFile::State::kFound) continue;
    for (std::size_t r = 0; r < kNameReadings; ++r) {
      if (found.files.back().readings[r] && counts[r]++ == 0) first[r] = i;
    }
  }
  for (std::size_t r = 0; r < kNameReadings; ++r) {
    if (counts[r] == 0) continue;
    found.notes.push_back(fmt::format(
        "in {} of {} file names {} (the first: '{}' is {})", counts[r], images.size(),
        kReadingTexts[r], images[first[r]].file_name, found.files[first[r]].path.string()));
  }
  return found;
}

std::string_view text_of(ImageFile::State state) {
  switch (state) {
    case ImageFile::State::kFound:
      return "is there";
    case ImageFile::State::kUnnamed:
      return "has no file_name";
    case ImageFile::State::kOutside:
      return "leads out of the folder";
    case ImageFile::State::kMissing:
      return "cannot be found";
    case ImageFile::State::kNoFile:
      return "is not a regular file";
  }
  return "";
}

}  // namespace qyolo::datasets
