#include "common/outputs.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace qyolo {
namespace fs = std::filesystem;

namespace {

struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const Identity&) const = default;
};

// Of a regular file, links followed; nothing for folders, devices, pipes and what is absent.
std::optional<Identity> identity_of(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return Identity{info.st_dev, info.st_ino};
}

// What a folder of images is read for; other files in it may be outputs of an earlier command.
bool is_data(const fs::path& path) {
  constexpr std::array<std::string_view, 13> kExtensions = {
      ".bmp", ".gif", ".avif", ".heic", ".jp2", ".jpeg", ".jpg",
      ".png", ".tif", ".tiff", ".webp", ".txt", ".xml"};
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(kExtensions, extension) != kExtensions.end();
}

bool is_data_file_below(const fs::path& folder, const Identity& wanted) {
  std::error_code code;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied,
                                         code);
  for (const fs::recursive_directory_iterator end; !code && entry != end; entry.increment(code)) {
    if (is_data(entry->path()) && identity_of(entry->path()) == wanted) return true;
  }
  return false;
}

// What the input is that `output` would replace, as half a sentence; empty: none.
std::string lost_with(const Identity& output, const NamedPath& input) {
  std::error_code code;
  if (fs::is_directory(input.path, code)) {
    return is_data_file_below(input.path, output)
               ? fmt::format("a file of the input {} ({})", input.path.string(), input.role)
               : "";
  }
  return identity_of(input.path) == output
             ? fmt::format("the input {} ({})", input.path.string(), input.role)
             : "";
}

// Where a file of that name is or would be.
fs::path place_of(const fs::path& path) {
  std::error_code code;
  fs::path place = fs::weakly_canonical(fs::absolute(path, code), code);
  return code ? path.lexically_normal() : place;
}

bool is_device(const fs::path& path) {
  std::error_code code;
  const fs::file_status status = fs::status(path, code);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

struct Protected {
  std::mutex mutex;
  std::vector<NamedPath> inputs;
};

Protected& protected_inputs() {
  static Protected all;
  return all;
}

}  // namespace

Status check_outputs(std::span<const NamedPath> inputs, std::span<const NamedPath> outputs) {
  std::vector<std::pair<fs::path, const NamedPath*>> places;
  for (const NamedPath& output : outputs) {
    if (is_device(output.path)) continue;
    std::error_code code;
    const bool folder = fs::is_directory(output.path, code);
    const fs::path place = place_of(output.path);
    for (const auto& [taken, other] : places) {
      const auto same = identity_of(output.path);
      if (!folder && (taken == place || (same && same == identity_of(other->path)))) {
        return error("{} {} and {} {} are one file, expected different ones", other->role,
                     other->path.string(), output.role, output.path.string());
      }
    }
    if (!folder) places.emplace_back(place, &output);
    const std::optional<Identity> existing = identity_of(output.path);
    if (!existing) continue;
    for (const NamedPath& input : inputs) {
      const std::string lost = lost_with(*existing, input);
      if (lost.empty()) continue;
      return error("{} {} is {}: it would be replaced; write to another file", output.role,
                   output.path.string(), lost);
    }
  }
  return {};
}

void protect_inputs(std::span<const NamedPath> inputs) {
  Protected& all = protected_inputs();
  const std::scoped_lock lock(all.mutex);
  all.inputs.insert(all.inputs.end(), inputs.begin(), inputs.end());
}

Status check_not_input(const fs::path& path) {
  const std::optional<Identity> existing = identity_of(path);
  if (!existing) return {};
  Protected& all = protected_inputs();
  const std::scoped_lock lock(all.mutex);
  for (const NamedPath& input : all.inputs) {
    const std::string lost = lost_with(*existing, input);
    if (!lost.empty())
      return error("{} is {}: it would be replaced; write to another file", path.string(), lost);
  }
  return {};
}

}  // namespace qyolo
