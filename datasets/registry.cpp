#include "datasets/registry.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <system_error>

namespace qyolo::datasets {
namespace fs = std::filesystem;

namespace {

RegistryItem checkpoint(const std::string& name, std::uint64_t bytes, const std::string& sha256) {
  const std::string file = name + ".pt";
  return {name,
          fmt::format("the official {} checkpoint, trained on COCO", name),
          "",
          {{file, "https://github.com/WongKinYiu/yolov7/releases/download/v0.1/" + file, bytes,
            sha256, std::nullopt}}};
}

// COCO publishes no checksums. Sizes and SHA-256 of the archives are those that TensorFlow Datasets
// (tensorflow_datasets/url_checksums/coco.txt) and torchvision
// (torchvision/prototype/datasets/_builtin/coco.py) pin, independently and with the same values;
// the JSON's is that of its entry in the pinned archive.
RegistryItem coco_val2017() {
  RemoteFile images{"val2017.zip", "http://images.cocodataset.org/zips/val2017.zip", 815'585'330,
                    "4f7e2ccb2866ec5041993c9cf2a952bbed69647b115d0f74da7ce8f4bef82f05",
                    ArchiveContents{"val2017/*.jpg", 5000, 1'000'000'000, ""}};
  RemoteFile annotations{
      "annotations_trainval2017.zip",
      "http://images.cocodataset.org/annotations/annotations_trainval2017.zip", 252'907'541,
      "113a836d90195ee1f884e704da6304dfaaecff1f023f49b6ca93c4aaae470268",
      ArchiveContents{"annotations/instances_val2017.json", 1, 19'987'840,
                      "e8c7f7908f1d7278341fae127d0da654f102f11bd7b21d8aeefa635b8c810b6f"}};
  return {"coco-val2017",
          "COCO val2017: 5,000 images and their boxes",
          "coco",
          {std::move(images), std::move(annotations)}};
}

std::string quoted_for_shell(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("/._-+,:@%=").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain && !text.empty()) return text;
  std::string quoted;
  for (const char c : text) {
    if (c == '\'') quoted += "'\\'";
    quoted += c;
  }
  return fmt::format("'{}'", quoted);
}

// "a/b/" and "./a/b" are the same folder.
fs::path plain_absolute(const fs::path& path) {
  std::error_code code;
  fs::path absolute = fs::absolute(path, code).lexically_normal();
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

// Takes `tail` off the end of `path`; nullopt where `path` does not end in it.
std::optional<fs::path> without_tail(fs::path path, const fs::path& tail) {
  const std::vector<fs::path> parts(tail.begin(), tail.end());
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (path.filename() != *part) return std::nullopt;
    path = path.parent_path();
  }
  return path;
}

std::string sources_of(const RegistryItem& item) {
  std::uint64_t bytes = 0;
  bool known = true;
  std::vector<std::string_view> urls;
  for (const RemoteFile& file : item.files) {
    known = known && file.bytes.has_value();
    bytes += file.bytes.value_or(0);
    urls.emplace_back(file.url);
  }
  const std::string size = known ? grouped(bytes) + " bytes " : std::string();
  return fmt::format("{}from {}", size, fmt::join(urls, " and "));
}

}  // namespace

bool ArchiveContents::matches(std::string_view entry) const {
  const std::size_t star = entries.find('*');
  if (star == std::string::npos) return entry == entries;
  const std::string_view head = std::string_view(entries).substr(0, star);
  const std::string_view tail = std::string_view(entries).substr(star + 1);
  if (entry.size() <= head.size() + tail.size()) return false;
  if (!entry.starts_with(head) || !entry.ends_with(tail)) return false;
  const std::string_view between =
      entry.substr(head.size(), entry.size() - head.size() - tail.size());
  return between.find('/') == std::string_view::npos;
}

fs::path ArchiveContents::target() const {
  const fs::path path(entries);
  return entries.find('*') == std::string::npos ? path : path.parent_path();
}

const std::vector<RegistryItem>& registry() {
  static const std::vector<RegistryItem> items = {
      checkpoint("yolov7", 75'587'165,
                 "d1ac3c74eb96a3eec77949c0f37a06bc272756606ff011d9353f7abff4e0c71d"),
      checkpoint("yolov7-tiny", 12'639'769,
                 "0fa1423606133c06362ec716029dade1169d5631e83195b75d8efa66d2ee0b77"),
      coco_val2017()};
  return items;
}

Result<RegistryItem> find_item(std::string_view name) {
  std::vector<std::string_view> names;
  for (const RegistryItem& item : registry()) {
    if (item.name == name) return item;
    names.emplace_back(item.name);
  }
  return error("'{}' is nothing that can be fetched, expected {}", name, fmt::join(names, ", "));
}

std::string fetch_command(const RegistryItem& item, const fs::path& to) {
  if (plain_absolute(to) == plain_absolute(kDownloads)) return "qyolo fetch " + item.name;
  return fmt::format("qyolo fetch {} --to {}", item.name, quoted_for_shell(to.string()));
}

std::optional<std::string> how_to_get(const fs::path& path) {
  std::error_code code;
  if (fs::exists(path, code)) return std::nullopt;
  const fs::path wanted = plain_absolute(path);
  for (const RegistryItem& item : registry()) {
    for (const RemoteFile& file : item.files) {
      const fs::path target = file.contents ? file.contents->target() : fs::path(file.name);
      if (wanted.filename() != target.filename()) continue;
      const auto to = without_tail(wanted, fs::path(item.folder) / target);
      return fmt::format("run `{}` ({})", fetch_command(item, to.value_or(kDownloads)),
                         sources_of(item));
    }
  }
  return std::nullopt;
}

}  // namespace qyolo::datasets
