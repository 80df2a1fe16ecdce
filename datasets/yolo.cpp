#include "datasets/yolo.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include "common/file.h"
#include "common/outputs.h"
#include "common/parallel.h"
#include "common/yaml.h"
#include "datasets/coco_json_findings.h"
#include "datasets/image_folder.h"
#include "datasets/image_header.h"

namespace qyolo::datasets {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxListBytes = std::size_t{1} << 30;

// ---- data.yaml ----

struct DataFile {
  fs::path file;
  fs::path folder;  // that `path` names, or data.yaml's own
  YoloDataFile says;
};

Result<std::string> name_of(const Json& value, const std::string& where) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_primitive()) return value.dump();
  return error("{}: 'names' must hold names, found {}", where, value.type_name());
}

Result<std::vector<std::string>> class_names_in(const Json& document, const std::string& where) {
  constexpr std::size_t kMostClasses = 10000;
  const Json& names = member(document, "names");
  std::vector<std::string> found;
  if (names.size() > kMostClasses) return error("{}: 'names' has {} entries", where, names.size());
  if (names.is_array()) {
    for (const Json& name : names) {
      QYOLO_TRY(std::string text, name_of(name, where));
      found.push_back(std::move(text));
    }
  } else if (names.is_object()) {
    found.resize(names.size());
    std::set<std::int64_t> seen;
    for (const auto& [key, name] : names.items()) {
      std::int64_t index = 0;
      if (!is_plain_integer(key, index) || index < 0 ||
          index >= static_cast<std::int64_t>(names.size()) || !seen.insert(index).second)
        return error("{}: 'names' has the key '{}', expected 0 to {}", where, key,
                     names.size() - 1);
      QYOLO_TRY(found[static_cast<std::size_t>(index)], name_of(name, where));
    }
  } else {
    return error("{}: 'names' must be a list of names, or an object from class to name", where);
  }
  const Json& count = member(document, "nc");
  if (count.is_number_integer() && count.get<std::int64_t>() != std::ssize(found))
    return error("{}: 'nc' is {}, but 'names' has {} names", where, count.get<std::int64_t>(),
                 found.size());
  return found;
}

Result<DataFile> read_data_file(const fs::path& path, std::string_view split) {
  QYOLO_TRY(const Json document, read_yaml(path));
  DataFile data;
  QYOLO_TRY(data.says, parse_yolo_data(document, path.string(), split));
  data.file = path;
  data.folder = path.parent_path();
  if (!data.says.root.empty()) {
    const fs::path given = data.says.root;
    std::error_code code;
    const bool beside = fs::exists(data.folder / given, code);
    data.folder =
        given.is_absolute() || (!beside && fs::exists(given, code)) ? given : data.folder / given;
  }
  return data;
}

// Where a path of data.yaml is: in the dataset's folder, beside the file, where the command runs;
// and, as one labelling service writes it, one folder too high ("../train/images").
Result<fs::path> find_source(const DataFile& data, const std::string& source) {
  const fs::path given = source;
  std::vector<fs::path> places = {data.folder / given, data.file.parent_path() / given, given};
  if (given.begin() != given.end() && *given.begin() == "..")
    places.push_back(data.file.parent_path() / given.lexically_relative(".."));
  std::error_code code;
  for (const fs::path& place : places) {
    if (fs::exists(place, code)) return place.lexically_normal();
  }
  return error("{}: {} cannot be found, expected it at {}", data.file.string(), source,
               places.front().lexically_normal().string());
}

// ---- The images ----

Status add_folder(const fs::path& folder, std::vector<fs::path>& images) {
  std::error_code code;
  const auto options = fs::directory_options::follow_directory_symlink |
                       fs::directory_options::skip_permission_denied;
  constexpr int kDeepest = 32;  // links can make circles
  fs::recursive_directory_iterator entry(folder, options, code);
  for (const fs::recursive_directory_iterator end; !code && entry != end; entry.increment(code)) {
    if (entry.depth() >= kDeepest) entry.disable_recursion_pending();
    const std::string name = entry->path().filename().string();
    std::error_code ignored;
    if (name.starts_with('.')) {
      if (entry->is_directory(ignored)) entry.disable_recursion_pending();
      continue;
    }
    if (has_image_extension(entry->path()) && entry->is_regular_file(ignored))
      images.push_back(entry->path().lexically_normal());
  }
  if (code) return error("{}: {}", folder.string(), code.message());
  return {};
}

bool is_below_folder(const fs::path& path, const fs::path& folder) {
  std::error_code code;
  const fs::path whole = fs::absolute(path, code).lexically_normal();
  const fs::path above = fs::absolute(folder / "", code).lexically_normal();
  const auto [in_folder, in_path] =
      std::mismatch(above.begin(), above.end(), whole.begin(), whole.end());
  return in_folder == above.end() || in_folder->empty();
}

Status add_list(const DataFile& data, const fs::path& list, std::vector<fs::path>& images) {
  QYOLO_TRY(const MappedFile file, MappedFile::open(list));
  if (file.bytes().size() > kMaxListBytes)
    return error("{} is too large for a list", list.string());
  std::string_view rest(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  std::size_t number = 0;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    ++number;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (line.empty() || !has_image_extension(fs::path(line))) continue;
    const fs::path name(line);
    // "./images/a.jpg" is relative to the list, other names to the dataset (official: to where the
    // command runs).
    const std::array<fs::path, 3> places = {list.parent_path() / name, data.folder / name, name};
    std::error_code code;
    const auto found = std::ranges::find_if(
        places, [&](const fs::path& place) { return fs::exists(place, code); });
    const fs::path image = (found == places.end() ? places.front() : *found).lexically_normal();
    if (!is_below_folder(image, data.folder) && !is_below_folder(image, list.parent_path()))
      return error("{}: line {}: {} leads out of the dataset's folder {}", list.string(), number,
                   line, data.folder.string());
    images.push_back(image);
  }
  return {};
}

Result<std::vector<fs::path>> images_of(const DataFile& data) {
  std::vector<fs::path> images;
  for (const std::string& source : data.says.sources) {
    QYOLO_TRY(const fs::path place, find_source(data, source));
    std::error_code code;
    QYOLO_CHECK_OK(fs::is_directory(place, code) ? add_folder(place, images)
                                                 : add_list(data, place, images));
  }
  std::ranges::sort(images, {}, [](const fs::path& path) { return path.native(); });
  images.erase(std::unique(images.begin(), images.end()), images.end());
  if (images.empty())
    return error("{}: no images in {}", data.file.string(), data.says.sources.front());
  return images;
}

// The folder that all of them lie below.
fs::path common_folder(const std::vector<fs::path>& images) {
  fs::path common = images.front().parent_path();
  for (const fs::path& image : images) {
    while (!common.empty() && !is_below_folder(image, common)) {
      if (common == common.parent_path()) break;
      common = common.parent_path();
    }
  }
  return common.empty() ? fs::path(".") : common;
}

// ---- Labels ----

constexpr std::string_view kImagesPart = "/images/", kLabelsPart = "/labels/";

fs::path with_labels(const std::string& image, std::size_t at) {
  std::string name = image;
  if (at != std::string::npos) name.replace(at, kImagesPart.size(), kLabelsPart);
  return fs::path(name).replace_extension(".txt");
}

fs::path label_file_of(const fs::path& image) {
  std::error_code code;
  const std::string name = fs::absolute(image, code).lexically_normal().string();
  const fs::path first = with_labels(name, name.find("/images/"));
  if (fs::exists(first, code)) return first;
  return with_labels(name, name.rfind("/images/"));
}

bool parse_number(std::string_view text, double& out) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  return code == std::errc() && end == text.data() + text.size() && std::isfinite(out);
}

Result<YoloLabel> parse_label(std::string_view line, std::size_t classes) {
  constexpr std::size_t kMostFields = 200000;
  std::vector<double> fields;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t begin = line.find_first_not_of(" \t\r", at);
    if (begin == std::string_view::npos) break;
    const std::size_t end = std::min(line.find_first_of(" \t\r", begin), line.size());
    double value = 0;
    if (fields.size() == kMostFields || !parse_number(line.substr(begin, end - begin), value))
      return error("'{}' is no number", line.substr(begin, std::min<std::size_t>(end - begin, 20)));
    fields.push_back(value);
    at = end;
  }
  YoloLabel label;
  if (fields.size() != 5 && (fields.size() < 7 || fields.size() % 2 == 0))
    return error("{} values, expected class x y width height, or a class and 3 or more points",
                 fields.size());
  if (fields[0] != std::trunc(fields[0]) || fields[0] < 0 ||
      fields[0] >= static_cast<double>(classes))
    return error("the class {}, expected 0 to {}", fields[0], classes - 1);
  label.of_class = static_cast<std::int64_t>(fields[0]);
  if (fields.size() == 5) {
    label.x = fields[1], label.y = fields[2], label.width = fields[3], label.height = fields[4];
    if (label.width < 0 || label.height < 0) return error("a negative width or height");
    return label;
  }
  double left = fields[1], right = fields[1], top = fields[2], bottom = fields[2];
  for (std::size_t i = 1; i < fields.size(); i += 2) {
    left = std::min(left, fields[i]);
    right = std::max(right, fields[i]);
    top = std::min(top, fields[i + 1]);
    bottom = std::max(bottom, fields[i + 1]);
  }
  return YoloLabel{label.of_class, (left + right) / 2, (top + bottom) / 2,
                   right - left,   bottom - top,       static_cast<int>(fields.size() / 2)};
}

struct LabelledImage {
  std::optional<fs::path> label_file;
  ImageSize size;
  YoloLabels read;
  std::optional<std::string> unreadable;
};

LabelledImage read_labelled(const fs::path& image, std::size_t classes) {
  LabelledImage one;
  const auto facts = read_image_facts(image);
  if (!facts.ok()) {
    one.unreadable = facts.error().message;
  } else {
    one.size = facts->header.size;
    if (one.size.width == 0)
      one.unreadable = image.string() + ": its size is not in its header, which labels need";
  }
  const fs::path file = label_file_of(image);
  std::error_code code;
  if (!fs::is_regular_file(file, code)) return one;
  one.label_file = file;
  const auto text = MappedFile::open(file);
  if (!text.ok()) {
    one.read.wrong.push_back(text.error().message);
    return one;
  }
  const std::string_view content(reinterpret_cast<const char*>(text->bytes().data()),
                                 text->bytes().size());
  one.read = parse_yolo_labels(content, classes, file.string());
  return one;
}

// Why the official repository (utils/datasets.py, cache_labels) takes an image or its labels in
// another way; empty: it does not.
std::string_view difference(const LabelledImage& image) {
  constexpr int kSmallest = 10, kFewestPoints = 4;
  const std::vector<YoloLabel>& labels = image.read.labels;
  const auto all = [&](const auto& is) { return std::ranges::all_of(labels, is); };
  const auto any = [&](const auto& is) { return std::ranges::any_of(labels, is); };
  const auto polygon = [](const YoloLabel& label) { return label.points > 0; };
  if (any([](const YoloLabel& label) {
        return label.x < 0 || label.y < 0 || label.x > 1 || label.y > 1 || label.width > 1 ||
               label.height > 1;
      }))
    return "have labels that are not within 0 and 1; they are taken as they stand, while the "
           "official repository leaves their images out";
  std::set<std::tuple<std::int64_t, double, double, double, double>> distinct;
  for (const YoloLabel& one : labels)
    distinct.emplace(one.of_class, one.x, one.y, one.width, one.height);
  if (distinct.size() < labels.size())
    return "have a label twice; both count, while the official repository leaves these images out";
  if (any(polygon) && !any([](const YoloLabel& one) { return one.points >= kFewestPoints; }))
    return "have polygons of three points only; their boxes are used, while the official "
           "repository leaves these images out";
  if (any(polygon) && !all(polygon))
    return "have boxes and polygons in one file; both are read as what they are, while the "
           "official "
           "repository reads such boxes as polygons";
  if (image.size.width > 0 && std::min(image.size.width, image.size.height) < kSmallest)
    return "are less than 10 pixels wide or high; they are taken, while the official repository "
           "leaves them out";
  return {};
}

}  // namespace

YoloLabels parse_yolo_labels(std::string_view text, std::size_t classes, const std::string& where) {
  YoloLabels read;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto label = parse_label(line, classes);
    if (label.ok()) {
      read.labels.push_back(*label);
    } else {
      read.wrong.push_back(fmt::format("{}: line {}: {}", where, number, label.error().message));
    }
  }
  return read;
}

Result<YoloDataFile> parse_yolo_data(const Json& document, const std::string& where,
                                     std::string_view split) {
  if (!document.is_object()) return error("{}: expected train, val and names", where);
  YoloDataFile data;
  const Json& root = member(document, "path");
  if (root.is_string()) data.root = root.get<std::string>();
  QYOLO_TRY(data.names, class_names_in(document, where));
  const Json& sources = member(document, split);
  if (sources.is_string()) {
    data.sources.push_back(sources.get<std::string>());
  } else if (sources.is_array()) {
    for (const Json& source : sources) {
      if (!source.is_string()) return error("{}: '{}' must hold paths", where, split);
      data.sources.push_back(source.get<std::string>());
    }
  }
  if (data.sources.empty())
    return error("{}: '{}' is missing, expected a folder, a text file or a list", where, split);
  return data;
}

std::vector<fs::path> yolo_inputs(const fs::path& path) {
  std::vector<fs::path> found;
  if (!is_yaml(path)) return found;
  for (const char* split : {"train", "val", "test"}) {
    const auto data = read_data_file(path, split);
    if (!data.ok()) continue;
    found.push_back(data->folder.empty() ? fs::path(".") : data->folder);
    for (const std::string& source : data->says.sources) {
      const auto place = find_source(*data, source);
      if (!place.ok()) continue;
      found.push_back(*place);
      std::error_code code;
      const std::string images = (fs::absolute(*place, code) / "").lexically_normal().string();
      for (const std::size_t at : {images.find(kImagesPart), images.rfind(kImagesPart)}) {
        if (at == std::string::npos) continue;
        std::string labels = images;
        found.emplace_back(labels.replace(at, kImagesPart.size(), kLabelsPart));
      }
    }
  }
  return found;
}

Result<YoloData> read_yolo(const fs::path& path, std::string_view split, int threads,
                           std::size_t examples) {
  YoloData yolo;
  yolo.stamps.add(path);
  QYOLO_TRY(const DataFile data, read_data_file(path, split));
  QYOLO_TRY(yolo.images, images_of(data));
  for (const fs::path& image : yolo.images) {
    yolo.stamps.add(image);
    yolo.stamps.add(label_file_of(image));
  }
  yolo.folder = common_folder(yolo.images);
  std::vector<LabelledImage> read(yolo.images.size());
  parallel_for(read.size(), threads, [&](std::size_t i) {
    read[i] = read_labelled(yolo.images[i], data.says.names.size());
  });
  GroundTruth& truth = yolo.file.truth;
  TruthFindings findings(examples);
  for (std::size_t k = 0; k < data.says.names.size(); ++k)
    truth.categories.push_back({static_cast<std::int64_t>(k + 1), data.says.names[k]});
  std::size_t unlabelled = 0, polygons = 0;
  std::map<std::string_view, std::pair<std::size_t, std::size_t>> differences;  // how many, first
  for (std::size_t i = 0; i < read.size(); ++i) {
    const LabelledImage& one = read[i];
    const auto id = static_cast<std::int64_t>(i + 1);
    truth.images.push_back({id, yolo.images[i].lexically_relative(yolo.folder).string(),
                            one.size.width, one.size.height});
    if (one.label_file) {
      yolo.labels.push_back(*one.label_file);
    } else {
      ++unlabelled;
    }
    if (const std::string_view what = difference(one); !what.empty())
      ++differences.try_emplace(what, 0, i).first->second.first;
    for (const std::string& wrong : one.read.wrong)
      findings.add(TruthProblem::kBox, [&] { return wrong; });
    if (one.unreadable && !one.read.labels.empty())
      findings.add(TruthProblem::kBox, [&] { return *one.unreadable; });
    for (const YoloLabel& label : one.read.labels) {
      polygons += label.points > 0 ? 1 : 0;
      const double width = label.width * one.size.width, height = label.height * one.size.height;
      truth.annotations.push_back({static_cast<std::int64_t>(truth.annotations.size() + 1),
                                   id,
                                   label.of_class + 1,
                                   {label.x * one.size.width - width / 2,
                                    label.y * one.size.height - height / 2, width, height},
                                   width * height,
                                   false});
    }
  }
  const auto note = [&](std::size_t count, std::string_view what) {
    if (count > 0) truth.warnings.push_back(fmt::format("{}: {} {}", path.string(), count, what));
  };
  note(unlabelled, "images have no label file: nothing is there to be found in them");
  note(polygons, "labels are polygons; their boxes are used");
  for (const auto& [what, places] : differences) {
    note(places.first,
         fmt::format("images {} (the first is {})", what, yolo.images[places.second].string()));
  }
  yolo.file.findings = findings.take();
  return yolo;
}

namespace {

// The shortest text that reads back as the number.
std::string shortest(double value) { return fmt::format("{}", value); }

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

Status write_yolo(const GroundTruth& truth, const std::vector<fs::path>& images,
                  const fs::path& folder, std::vector<std::string>& notes) {
  std::map<std::int64_t, std::size_t> class_of;
  std::vector<Category> categories = truth.categories;
  std::ranges::stable_sort(categories, {}, &Category::id);
  std::string names;
  for (const Category& category : categories) {
    if (category.name.find_first_of("\n\r") != std::string::npos)
      return error("the category '{}' has a line break in its name", category.name);
    names += fmt::format("  {}: {}\n", class_of.size(), quoted(category.name));
    class_of.emplace(category.id, class_of.size());
  }
  std::map<std::int64_t, std::string> labels;
  std::map<std::int64_t, const ImageInfo*> info;
  for (const ImageInfo& image : truth.images) info.emplace(image.id, &image);
  std::size_t crowds = 0;
  for (const Annotation& annotation : truth.annotations) {
    crowds += annotation.iscrowd ? 1 : 0;
    if (annotation.iscrowd) continue;
    const ImageInfo& image = *info.at(annotation.image_id);
    if (image.width <= 0 || image.height <= 0)
      return error("the size of the image {} is not known, which labels need", image.file_name);
    const auto& [x, y, width, height] = annotation.bbox;
    labels[annotation.image_id] += fmt::format(
        "{} {} {} {} {}\n", class_of.at(annotation.category_id),
        shortest((x + width / 2) / image.width), shortest((y + height / 2) / image.height),
        shortest(width / image.width), shortest(height / image.height));
  }
  // All places first, so that nothing is written where one of them is taken.
  struct Place {
    fs::path image, label;
  };
  std::vector<Place> places;
  std::set<fs::path> taken;
  QYOLO_CHECK_OK(check_not_input(folder / "data.yaml"));
  for (std::size_t i = 0; i < images.size(); ++i) {
    QYOLO_TRY(const fs::path image, path_inside(folder / "images", truth.images[i].file_name));
    QYOLO_TRY(fs::path label, path_inside(folder / "labels", truth.images[i].file_name));
    label.replace_extension(".txt");
    if (!taken.insert(label.lexically_normal()).second)
      return error("two images have the label file {}", label.string());
    QYOLO_CHECK_OK(check_not_input(label));
    std::error_code code;
    if (fs::exists(fs::symlink_status(image, code)) && !fs::equivalent(image, images[i], code))
      return error("{} is there already, expected another folder", image.string());
    places.push_back({image, label});
  }
  for (std::size_t i = 0; i < images.size(); ++i) {
    const auto& [image, label] = places[i];
    QYOLO_CHECK_OK(create_folder(image.parent_path()));
    QYOLO_CHECK_OK(create_folder(label.parent_path()));
    std::error_code code;
    if (!fs::exists(fs::symlink_status(image, code))) {
      fs::create_symlink(fs::canonical(images[i], code), image, code);
      if (code) return error("{} cannot be linked: {}", image.string(), code.message());
    }
    QYOLO_CHECK_OK(write_file(label, labels[truth.images[i].id]));
  }
  if (crowds > 0) notes.push_back(fmt::format("{} crowds are left out: labels have none", crowds));
  return write_file(
      folder / "data.yaml",
      fmt::format("train: images\nval: images\nnc: {}\nnames:\n{}", categories.size(), names));
}

}  // namespace qyolo::datasets
