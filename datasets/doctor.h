// The dataset doctor: what is wrong with an annotated set of images before anything is measured on
// it. Every finding is a count with examples; nothing is changed.
//
// Entries that evaluation refuses (coco_json.h) are findings like others; what is no JSON at all is
// an error of the check.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/class_rules.h"
#include "common/coco_types.h"
#include "common/result.h"
#include "datasets/image_pipeline.h"

namespace qyolo::datasets {

enum class Severity { kInfo, kWarning, kError };
[[nodiscard]] std::string_view severity_name(Severity severity);  // "info", "warning", "error"

// In the order of reports: images, objects, classes.
enum class Check {
  kEntryUnreadable,    // error    no object, no usable id, or no name of a category
  kImageUnnamed,       // error    a listed image without file_name
  kImageMissing,       // error    listed, but there is no such file in the folder
  kImageOutside,       // error    its name leads out of the folder
  kImageListedTwice,   // error    its file is that of an earlier one
  kImageIdTwice,       // warning  its id is that of an earlier one
  kImageUnreadable,    // error    the header is damaged, or the file ends too early
  kImageUnsupported,   // error    of a kind that is not decoded (GIF, AVIF, floating-point TIFF)
  kLeakedImage,        // error    its content is that of a calibration image
  kSharedName,         // info     its name is that of a calibration image, its content is not
  kImageTwice,         // warning  its content is that of an earlier one
  kSizeDiffers,        // warning  width or height are not those of the file
  kImageDamaged,       // warning  its data is damaged, and decoded all the same
  kImageUnended,       // warning  a JPEG without its end marker, decoded all the same
  kImageRenamed,       // info     found under a name that is spelled in another way
  kImageConverted,     // info     more than 8 bits per channel, or an alpha channel
  kSizeUnknown,        // info     width or height is no size
  kImageWithoutBoxes,  // info     no object is annotated
  kFileNotListed,      // info     an image in the folder (not below it) that no entry names
  kObjectOfNoImage,    // warning  annotations of images that are not listed
  kObjectOfNoClass,    // warning  annotations of categories that are not listed
  kBoxMalformed,       // error    no 4 finite numbers, or negative sides
  kAreaMalformed,      // error    an area or iscrowd that cannot be used
  kBoxEmpty,           // error    width or height is 0
  kBoxOutside,         // error    nothing of the box lies in the image
  kBoxBeyondEdge,      // warning  it ends more than kEdgeTolerance pixels outside the image
  kBoxTiny,            // warning  width or height is below one pixel, but not 0
  kObjectTwice,        // warning  an earlier object of the class has (nearly) its box
  kBoxOfTwoClasses,    // warning  an earlier object of another class has (nearly) its box
  kIdTwice,            // info     its id is that of an earlier annotation
  kIdZero,             // info     an annotation has the id 0
  kIdMissing,          // info     an annotation has no usable id
  kCategoryIdTwice,    // warning  a category's id is that of an earlier one
  kClassUnknown,       // error    an annotated category that is no class of the model
  kClassUnpaired,      // error    categories and classes that cannot be told apart
  kClassMissing,       // info     a class of the model that no category is named after
  kCategoryUnused,     // info     a category without annotations that is no class of the model
  kClassEmpty,         // warning  no object is annotated
  kClassRare,          // warning  fewer objects than DoctorOptions::min_objects
};
inline constexpr std::size_t kChecks = 39;

inline constexpr double kEdgeTolerance = 1;  // pixels
inline constexpr double kSameBoxIou = 0.95;  // boxes that overlap this much are (nearly) the same

struct CheckText {
  Severity severity;
  std::string_view name;  // in JSON: "box_outside"
  std::string_view text;  // of what is counted: "boxes that lie outside their image"
};
[[nodiscard]] const CheckText& text_of(Check check);

struct FindingExample {
  std::string image;  // file name; empty where it is about a class
  std::optional<std::int64_t> annotation_id;
  std::string detail;  // "bbox [700, 20, 30, 40] in 640 x 480", "as calib/a.jpg"; may be empty
};

struct Finding {
  Check check;
  std::int64_t count = 0;
  std::vector<FindingExample> examples;  // the first ones
};

struct ClassCount {
  Category category;
  std::int64_t objects = 0;  // crowds are none
  std::int64_t images = 0;   // that show one
};

struct DoctorReport {
  std::int64_t images = 0, objects = 0, crowds = 0;
  std::int64_t calibration_images = 0;
  std::vector<ClassCount> classes;  // by ascending category id
  IdNames category_ids;
  std::vector<Finding> findings;  // in the order of Check; none without a count
  std::vector<std::string> warnings;

  [[nodiscard]] std::int64_t count(Check check) const;
  // Kinds of findings, not occurrences.
  [[nodiscard]] std::size_t count(Severity severity) const;
};

struct DoctorOptions {
  std::optional<std::filesystem::path> calibration;  // folder
  std::optional<std::vector<std::string>> model_classes;
  ClassRules class_rules;  // how these and the categories are paired
  // What is wrong with an image's data; none: only headers are looked at, and a JPEG without its
  // end marker is taken for truncated.
  std::function<Result<ImageDamage>(const std::filesystem::path&)> examine_image;
  std::string split = "val";  // of a data.yaml
  std::int64_t min_objects = 20;
  std::size_t examples = 5;  // of each finding
  int threads = 0;
};

// Reads every image file once. `annotations` may be a data.yaml (yolo.h). Fails where the
// annotations or a folder cannot be read.
Result<DoctorReport> examine_dataset(const std::filesystem::path& images,
                                     const std::filesystem::path& annotations,
                                     const DoctorOptions& options = {});

}  // namespace qyolo::datasets
