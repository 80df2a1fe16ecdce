// From the names in an annotation file to image files: the one way for all commands.
//
// A name is tried as it stands, and then as what labelling tools and systems make of names:
// backslashes for separators, the image folder's own name repeated in front, percent-encoding,
// letters composed or decomposed, the extension in another case. Whatever is tried stays below the
// folder: a name never leads out of it. Links that lie in the folder are the user's, and followed.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/coco_types.h"
#include "common/result.h"

namespace qyolo::datasets {

// How a name differed from that of the file it was found as.
enum class NameReading { kBackslashes, kRepeatedFolder, kPercent, kUnicode, kExtension };
inline constexpr std::size_t kNameReadings = 5;

struct ImageFile {
  enum class State {
    kFound,
    kUnnamed,  // the entry has no file_name
    kOutside,  // the name leads out of the folder, or is no name at all
    kMissing,  // no such file
    kNoFile,   // a folder or something else that is no file
  };
  State state = State::kMissing;
  // Of kFound the file, normalized; of kMissing and kNoFile where it was expected.
  std::filesystem::path path;
  std::array<bool, kNameReadings> readings{};
};

// Keeps the listings of folders it had to look into. Not thread-safe.
class ImageFinder {
 public:
  explicit ImageFinder(std::filesystem::path folder);
  [[nodiscard]] ImageFile find(const std::string& name);

 private:
  struct Candidate {
    std::string name;
    std::array<bool, kNameReadings> readings{};
  };
  [[nodiscard]] std::vector<Candidate> candidates(const std::string& name) const;
  bool find_below(const std::filesystem::path& folder, std::span<const std::string> parts,
                  ImageFile& file);
  using Listing = std::unordered_map<std::string, std::vector<std::string>>;  // by folded name
  const Listing& listing(const std::filesystem::path& folder);

  std::filesystem::path folder_;
  std::vector<std::string> folder_parts_;  // of its absolute path
  std::map<std::filesystem::path, Listing> listings_;
};

struct ImageFiles {
  std::vector<ImageFile> files;    // one per image
  std::vector<std::string> notes;  // one per reading that was needed, counted, with an example
};
[[nodiscard]] ImageFiles find_image_files(const std::filesystem::path& folder,
                                          std::span<const ImageInfo> images);

// Half a sentence on why a file was not found: "has no file_name".
[[nodiscard]] std::string_view text_of(ImageFile::State state);

}  // namespace qyolo::datasets
