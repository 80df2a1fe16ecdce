#include "datasets/doctor.h"

#include <algorithm>
#include <map>
#include <set>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "common/file.h"
#include "common/parallel.h"
#include "common/sha256.h"
#include "common/yaml.h"
#include "datasets/coco_json.h"
#include "datasets/dataset.h"
#include "datasets/image_files.h"
#include "datasets/image_folder.h"
#include "datasets/image_header.h"
#include "datasets/yolo.h"

namespace qyolo::datasets {
namespace fs = std::filesystem;

namespace {

// What one image file is. One that only its pixels say the size of has none here.
struct FileFacts {
  bool present = false;
  std::string sha256;  // empty: not readable
  std::string damage;  // why it cannot be used; empty: it can
  ImageDamage decoded;
  ImageSize size;
  bool unsupported = false, unended = false, sixteen_bit = false, alpha = false;
};

// Without the path that the sentence begins with.
std::string without_path(const std::string& message, const fs::path& path) {
  const std::string start = path.string() + " ";
  return message.starts_with(start) ? message.substr(start.size()) : message;
}

FileFacts facts_of(const fs::path& path, const DoctorOptions& options) {
  FileFacts facts;
  std::error_code code;
  facts.present = fs::is_regular_file(path, code);
  if (!facts.present) return facts;
  const auto file = MappedFile::open(path);
  if (!file.ok()) {
    facts.damage = file.error().message;
    return facts;
  }
  const auto bytes = file->bytes();
  facts.sha256 =
      sha256_hex(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  const auto header = parse_image_header(bytes);
  if (bytes.empty()) {
    facts.damage = "empty";
  } else if (!header.ok()) {
    facts.damage = header.error().message;
    facts.unsupported = is_unsupported(header.error());
  } else {
    facts.unended = !is_complete(bytes, *header);
    facts.size = header->size;
    facts.sixteen_bit = header->sixteen_bit;
    facts.alpha = header->alpha;
    if (const Status fits = check_pixels(*header); !fits.ok()) {
      facts.damage = fits.error().message;
    } else if (options.examine_image) {
      auto decoded = options.examine_image(path);
      if (decoded.ok()) {
        facts.decoded = std::move(decoded).value();
      } else {
        facts.damage = without_path(decoded.error().message, path);
      }
    } else if (facts.unended) {
      facts.damage = "truncated";
    }
  }
  return facts;
}

std::string box_text(const BoxXywh& box) {
  return fmt::format("[{:.6g}, {:.6g}, {:.6g}, {:.6g}]", box[0], box[1], box[2], box[3]);
}

// Two boxes without area are the same where their corners are.
bool same_box(const BoxXywh& a, const BoxXywh& b) {
  if (a == b) return true;
  const double width = std::min(a[0] + a[2], b[0] + b[2]) - std::max(a[0], b[0]);
  const double height = std::min(a[1] + a[3], b[1] + b[3]) - std::max(a[1], b[1]);
  if (width <= 0 || height <= 0) return false;
  const double both = width * height;
  return both >= kSameBoxIou * (a[2] * a[3] + b[2] * b[3] - both);
}

class Doctor {
 public:
  Doctor(const fs::path& folder, const DoctorOptions& options)
      : folder_(folder), options_(options) {}

  Result<DoctorReport> examine(const fs::path& annotations) {
    annotations_ = annotations;
    QYOLO_TRY(TruthFile file, read(annotations));
    truth_ = std::move(file.truth);
    std::error_code code;
    if (!fs::is_directory(folder_, code))
      return error("{} is not a folder, expected the folder of the images", folder_.string());
    report_.warnings = truth_.warnings;
    for (const TruthFinding& finding : file.findings) add_finding(finding);
    report_.images = static_cast<std::int64_t>(truth_.images.size());
    read_files();
    check_images();
    if (options_.calibration) QYOLO_CHECK_OK(check_leakage());
    check_unlisted_files();
    check_objects();
    check_repeated_objects();
    check_classes();
    if (options_.model_classes) check_model_classes();
    report_.category_ids = truth_.category_ids;
    for (auto& [check, finding] : findings_) report_.findings.push_back(std::move(finding));
    return std::move(report_);
  }

 private:
  void add(Check check, FindingExample example) {
    Finding& finding = findings_.try_emplace(check, Finding{check, 0, {}}).first->second;
    ++finding.count;
    if (finding.examples.size() < options_.examples) finding.examples.push_back(std::move(example));
  }
  Result<TruthFile> read(const fs::path& annotations) {
    if (!is_yaml(annotations))
      return examine_coco_annotations(annotations, options_.threads, options_.examples);
    QYOLO_TRY(YoloData yolo,
              read_yolo(annotations, options_.split, options_.threads, options_.examples));
    folder_ = yolo.folder;
    return std::move(yolo.file);
  }

  static Check check_of(TruthProblem problem) {
    switch (problem) {
      case TruthProblem::kNoObject:
      case TruthProblem::kImageId:
      case TruthProblem::kCategory:
      case TruthProblem::kReference:
        return Check::kEntryUnreadable;
      case TruthProblem::kBox:
        return Check::kBoxMalformed;
      case TruthProblem::kArea:
      case TruthProblem::kCrowd:
        return Check::kAreaMalformed;
      case TruthProblem::kFileName:
        return Check::kImageUnnamed;
      case TruthProblem::kImageSize:
        return Check::kSizeUnknown;
      case TruthProblem::kImageIdTwice:
        return Check::kImageIdTwice;
      case TruthProblem::kCategoryIdTwice:
        return Check::kCategoryIdTwice;
      case TruthProblem::kUnlistedImage:
        return Check::kObjectOfNoImage;
      case TruthProblem::kUnlistedCategory:
        return Check::kObjectOfNoClass;
      case TruthProblem::kAnnotationId:
        return Check::kIdMissing;
      case TruthProblem::kIdZero:
        return Check::kIdZero;
      case TruthProblem::kIdTwice:
        return Check::kIdTwice;
    }
    return Check::kEntryUnreadable;
  }

  // What the reader found. Images without a name are counted with the files.
  void add_finding(const TruthFinding& read) {
    if (read.problem == TruthProblem::kFileName) return;
    const Check check = check_of(read.problem);
    Finding& finding = findings_.try_emplace(check, Finding{check, 0, {}}).first->second;
    finding.count += static_cast<std::int64_t>(read.count);
    for (const std::string& example : read.examples) {
      if (finding.examples.size() < options_.examples)
        finding.examples.push_back({{}, std::nullopt, example});
    }
  }

  void add(Check check, const ImageInfo& image, std::string detail = {}) {
    add(check, {image.file_name, std::nullopt, std::move(detail)});
  }
  void add(Check check, const Annotation& object, std::string detail) {
    const auto found = place_of_image_.find(object.image_id);
    const ImageInfo& image = truth_.images[found->second];
    if (IdNames::is_code(object.id)) {
      add(check, {image.file_name, std::nullopt,
                  fmt::format("annotation {}: {}", truth_.annotation_ids.text(object.id), detail)});
    } else {
      add(check, {image.file_name, object.id, std::move(detail)});
    }
  }

  void read_files() {
    paths_.resize(truth_.images.size());
    facts_.resize(truth_.images.size());
    ImageFiles found = find_image_files(folder_, truth_.images);
    for (const std::string& note : found.notes)
      report_.warnings.push_back(fmt::format("{}: {}", annotations_.string(), note));
    for (std::size_t i = 0; i < truth_.images.size(); ++i) {
      place_of_image_.emplace(truth_.images[i].id, i);
      ImageFile& file = found.files[i];
      states_.push_back(file.state);
      if (file.state == ImageFile::State::kUnnamed || file.state == ImageFile::State::kOutside)
        continue;
      paths_[i] = std::move(file.path);
      if (std::ranges::find(file.readings, true) != file.readings.end())
        add(Check::kImageRenamed, truth_.images[i], "is " + paths_[i].string());
    }
    parallel_for(paths_.size(), options_.threads, [&](std::size_t i) {
      if (!paths_[i].empty()) facts_[i] = facts_of(paths_[i], options_);
    });
  }

  void check_images() {
    std::set<fs::path> listed;
    std::unordered_map<std::string, std::size_t> first_of_content;
    for (std::size_t i = 0; i < truth_.images.size(); ++i) {
      const ImageInfo& image = truth_.images[i];
      const FileFacts& facts = facts_[i];
      if (states_[i] == ImageFile::State::kUnnamed) {
        add(Check::kImageUnnamed,
            {{}, std::nullopt, fmt::format("image id {}", truth_.image_ids.text(image.id))});
        continue;
      }
      if (paths_[i].empty()) {
        add(Check::kImageOutside, image);
        continue;
      }
      if (!listed.insert(paths_[i]).second) {
        add(Check::kImageListedTwice, image,
            fmt::format("image id {}", truth_.image_ids.text(image.id)));
        continue;
      }
      if (!facts.present) {
        add(Check::kImageMissing, image);
        continue;
      }
      check_decoding(i);
      if (!facts.sha256.empty()) {
        const auto [first, fresh] = first_of_content.emplace(facts.sha256, i);
        if (!fresh) {
          add(Check::kImageTwice, image, "as " + truth_.images[first->second].file_name);
        }
      }
      const ImageSize size = facts.size;
      const bool stated = image.width > 0 && image.height > 0;
      if (stated && size.width > 0 && (size.width != image.width || size.height != image.height)) {
        add(Check::kSizeDiffers, image,
            fmt::format("{} x {} in the annotations, {} x {} in the file", image.width,
                        image.height, size.width, size.height));
      }
    }
  }

  void check_decoding(std::size_t i) {
    const FileFacts& facts = facts_[i];
    const ImageInfo& image = truth_.images[i];
    if (!facts.damage.empty()) {
      add(facts.unsupported ? Check::kImageUnsupported : Check::kImageUnreadable, image,
          facts.damage);
    } else {
      const ImageDamage& decoded = facts.decoded;
      if (decoded.count > 0)
        add(Check::kImageDamaged, image,
            decoded.count > 1 ? fmt::format("{} ({} such places)", decoded.first, decoded.count)
                              : decoded.first);
      if (facts.unended) add(Check::kImageUnended, image);
    }
    if (facts.sixteen_bit) add(Check::kImageConverted, image, "more than 8 bits per channel");
    if (facts.alpha) add(Check::kImageConverted, image, "an alpha channel");
  }

  Status check_leakage() {
    QYOLO_TRY(const ImageFolder calibration, open_image_folder(*options_.calibration));
    report_.calibration_images = static_cast<std::int64_t>(calibration.images.size());
    std::vector<std::string> hashes(calibration.images.size());
    parallel_for(hashes.size(), options_.threads,
                 [&](std::size_t i) { hashes[i] = facts_of(calibration.images[i], {}).sha256; });
    std::unordered_map<std::string, std::string> by_content;
    std::set<std::string> names;
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      const std::string name = calibration.images[i].filename().string();
      if (!hashes[i].empty()) by_content.emplace(hashes[i], name);
      names.insert(name);
    }
    for (std::size_t i = 0; i < truth_.images.size(); ++i) {
      if (states_[i] == ImageFile::State::kUnnamed) continue;
      const auto found = by_content.find(facts_[i].sha256);
      if (!facts_[i].sha256.empty() && found != by_content.end()) {
        add(Check::kLeakedImage, truth_.images[i], "as " + found->second);
      } else if (!paths_[i].empty() && names.contains(paths_[i].filename().string())) {
        add(Check::kSharedName, truth_.images[i]);
      }
    }
    return {};
  }

  void check_unlisted_files() {
    const std::set<fs::path> listed(paths_.begin(), paths_.end());
    const auto files = open_image_folder(folder_);
    if (!files.ok()) return;  // no image at all: every listed one is missing already
    for (const fs::path& path : files->images) {
      if (!listed.contains(path.lexically_normal()))
        add(Check::kFileNotListed, {path.filename().string(), std::nullopt, {}});
    }
  }

  // The size that boxes are compared with: the file's, if it is known; else 0 x 0.
  [[nodiscard]] ImageSize size_of(const Annotation& object) const {
    const std::size_t place = place_of_image_.at(object.image_id);
    if (facts_[place].size.width > 0) return facts_[place].size;
    return {truth_.images[place].width, truth_.images[place].height};
  }

  void check_objects() {
    for (const Annotation& object : truth_.annotations) {
      ++(object.iscrowd ? report_.crowds : report_.objects);
      check_box(object);
    }
  }

  void check_box(const Annotation& object) {
    const auto& [x, y, width, height] = object.bbox;
    const std::string box = "bbox " + box_text(object.bbox);
    if (width <= 0 || height <= 0) {
      add(Check::kBoxEmpty, object, box);
      return;
    }
    if (width < 1 || height < 1) add(Check::kBoxTiny, object, box);
    const ImageSize size = size_of(object);
    if (size.width == 0 || size.height == 0) return;
    const std::string inside = fmt::format("{} in {} x {}", box, size.width, size.height);
    if (x >= size.width || y >= size.height || x + width <= 0 || y + height <= 0) {
      add(Check::kBoxOutside, object, inside);
    } else if (x < -kEdgeTolerance || y < -kEdgeTolerance ||
               x + width > size.width + kEdgeTolerance ||
               y + height > size.height + kEdgeTolerance) {
      add(Check::kBoxBeyondEdge, object, inside);
    }
  }

  void check_repeated_objects() {
    std::map<std::int64_t, std::vector<std::size_t>> by_image;
    for (std::size_t i = 0; i < truth_.annotations.size(); ++i) {
      const Annotation& object = truth_.annotations[i];
      if (!object.iscrowd) by_image[object.image_id].push_back(i);
    }
    for (auto& [image, places] : by_image) check_repeated(places);
  }

  // Each object once, with the first earlier one that it repeats: of its own class, or else of
  // another. `places` are those of one image.
  void check_repeated(std::vector<std::size_t>& places) {
    constexpr double kShift = 1 / kSameBoxIou - 1;  // of the right one's width, at most
    const auto left = [&](std::size_t i) { return truth_.annotations[i].bbox[0]; };
    std::ranges::stable_sort(places, {}, left);
    std::map<std::size_t, std::size_t> of_class, of_another;  // by the later one
    const auto keep_first = [](auto& twins, std::size_t later, std::size_t earlier) {
      auto& kept = twins.try_emplace(later, earlier).first->second;
      kept = std::min(kept, earlier);
    };
    for (std::size_t n = 0; n < places.size(); ++n) {
      const Annotation& right = truth_.annotations[places[n]];
      const double reach = right.bbox[0] - kShift * right.bbox[2];
      for (std::size_t m = n; m-- > 0 && left(places[m]) >= reach;) {
        const Annotation& other = truth_.annotations[places[m]];
        if (!same_box(right.bbox, other.bbox)) continue;
        const auto [earlier, later] = std::minmax(places[n], places[m]);
        keep_first(right.category_id == other.category_id ? of_class : of_another, later, earlier);
      }
    }
    for (const auto& [later, earlier] : of_class) {
      add(Check::kObjectTwice, truth_.annotations[later],
          fmt::format("as annotation {}",
                      truth_.annotation_ids.text(truth_.annotations[earlier].id)));
    }
    for (const auto& [later, earlier] : of_another) {
      if (of_class.contains(later)) continue;
      const Annotation& a = truth_.annotations[later];
      const Annotation& b = truth_.annotations[earlier];
      add(Check::kBoxOfTwoClasses, a,
          fmt::format("{}; annotation {} is {}", name_of(a.category_id),
                      truth_.annotation_ids.text(b.id), name_of(b.category_id)));
    }
  }

  [[nodiscard]] std::string name_of(std::int64_t category) const {
    const auto found = std::ranges::find(truth_.categories, category, &Category::id);
    return found == truth_.categories.end() ? fmt::format("category {}", category) : found->name;
  }

  void check_classes() {
    std::map<std::int64_t, ClassCount> classes;
    for (const Category& category : truth_.categories) classes[category.id].category = category;
    std::map<std::int64_t, std::set<std::int64_t>> images_of;
    std::set<std::int64_t> with_objects;
    for (const Annotation& object : truth_.annotations) {
      with_objects.insert(object.image_id);
      if (object.iscrowd) continue;
      ++classes[object.category_id].objects;
      images_of[object.category_id].insert(object.image_id);
    }
    for (const ImageInfo& image : truth_.images) {
      if (!with_objects.contains(image.id)) add(Check::kImageWithoutBoxes, image);
    }
    for (auto& [id, one] : classes) {
      one.images = static_cast<std::int64_t>(images_of[id].size());
      if (one.objects == 0) {
        add(Check::kClassEmpty, {{}, std::nullopt, one.category.name});
      } else if (one.objects < options_.min_objects) {
        add(Check::kClassRare, {{},
                                std::nullopt,
                                fmt::format("{}: {} of at least {}", one.category.name, one.objects,
                                            options_.min_objects)});
      }
      report_.classes.push_back(one);
    }
  }

  void check_model_classes() {
    const ClassMap map = pair_classes(*options_.model_classes, truth_, options_.class_rules);
    const auto add_all = [&](Check check, const std::vector<std::string>& details) {
      for (const std::string& detail : details) add(check, {{}, std::nullopt, detail});
    };
    add_all(Check::kClassUnknown, map.unknown);
    add_all(Check::kClassUnpaired, map.problems);
    add_all(Check::kClassMissing, map.missing);
    add_all(Check::kCategoryUnused, map.unused);
  }

  fs::path folder_;
  fs::path annotations_;
  const DoctorOptions& options_;
  GroundTruth truth_;
  std::vector<fs::path> paths_;  // by image; empty: leads out of the folder
  std::vector<ImageFile::State> states_;
  std::vector<FileFacts> facts_;
  std::unordered_map<std::int64_t, std::size_t> place_of_image_;
  std::map<Check, Finding> findings_;
  DoctorReport report_;
};

}  // namespace

Result<DoctorReport> examine_dataset(const fs::path& images, const fs::path& annotations,
                                     const DoctorOptions& options) {
  return Doctor(images, options).examine(annotations);
}

}  // namespace qyolo::datasets
