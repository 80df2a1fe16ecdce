#include "datasets/voc.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <pugixml.hpp>
#include <set>
#include <sstream>
#include <system_error>

#include "common/file.h"
#include "datasets/image_files.h"
#include "datasets/image_header.h"

namespace qyolo::datasets {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxXmlBytes = std::size_t{64} << 20;

Result<double> edge(const pugi::xml_node& box, const char* name, const std::string& where) {
  const pugi::xml_node node = box.child(name);
  double value = 0;
  std::istringstream text(node.child_value());
  text.imbue(std::locale::classic());
  if (!(text >> value) || !(text >> std::ws).eof() || !std::isfinite(value))
    return error("{}: bndbox: '{}' must be a number, found '{}'", where, name, node.child_value());
  return value;
}

int size_in(const pugi::xml_node& size, const char* name) {
  const int value = size.child(name).text().as_int();
  return std::max(value, 0);
}

Result<std::vector<fs::path>> xml_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code code;
  fs::recursive_directory_iterator entry(folder, code);
  for (const fs::recursive_directory_iterator end; !code && entry != end; entry.increment(code)) {
    const fs::path& path = entry->path();
    if (path.extension() == ".xml" && !path.filename().string().starts_with('.'))
      files.push_back(path);
  }
  if (code) return error("{}: {}", folder.string(), code.message());
  if (files.empty()) return error("{} holds no .xml files", folder.string());
  std::ranges::sort(files, {}, [](const fs::path& path) { return path.native(); });
  return files;
}

// The image that an annotation names, or that is called like it.
Result<ImageFile> image_of(ImageFinder& finder, const VocAnnotation& voc, const fs::path& file,
                           const fs::path& folder, std::string& name) {
  std::vector<std::string> names;
  if (!voc.image.empty()) names.push_back(voc.image);
  const std::string below = file.lexically_relative(folder).replace_extension().string();
  for (const char* extension : {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
    names.push_back(below + extension);
  for (const std::string& one : names) {
    ImageFile found = finder.find(one);
    if (found.state != ImageFile::State::kFound) continue;
    name = one;
    return found;
  }
  return error("{}: its image {} cannot be found", file.string(), names.front());
}

}  // namespace

Result<VocAnnotation> parse_voc(std::span<const std::byte> xml, const std::string& where) {
  if (xml.size() > kMaxXmlBytes)
    return error("{} has {} bytes, expected an annotation of at most {}", where, xml.size(),
                 kMaxXmlBytes);
  pugi::xml_document document;
  const auto parsed = document.load_buffer(xml.data(), xml.size());
  if (!parsed)
    return error("{} is not valid XML ({}, byte {})", where, parsed.description(), parsed.offset);
  const pugi::xml_node root = document.child("annotation");
  if (!root) return error("{}: expected <annotation>", where);
  VocAnnotation voc;
  voc.image = root.child("filename").text().as_string();
  voc.width = size_in(root.child("size"), "width");
  voc.height = size_in(root.child("size"), "height");
  for (const pugi::xml_node& node : root.children("object")) {
    VocObject object;
    object.name = node.child("name").text().as_string();
    if (object.name.empty()) return error("{}: an object has no name", where);
    const pugi::xml_node box = node.child("bndbox");
    const std::string place = fmt::format("{}: object '{}'", where, object.name);
    if (!box) return error("{}: <bndbox> is missing", place);
    QYOLO_TRY(const double left, edge(box, "xmin", place));
    QYOLO_TRY(const double top, edge(box, "ymin", place));
    QYOLO_TRY(const double right, edge(box, "xmax", place));
    QYOLO_TRY(const double bottom, edge(box, "ymax", place));
    if (right < left || bottom < top) return error("{}: bndbox ends before it begins", place);
    object.box = {left, top, right - left, bottom - top};
    object.difficult = node.child("difficult").text().as_int() != 0;
    voc.objects.push_back(std::move(object));
  }
  return voc;
}

Result<GroundTruth> read_voc(const fs::path& annotations, const fs::path& images) {
  QYOLO_TRY(const std::vector<fs::path> files, xml_files(annotations));
  GroundTruth truth;
  std::map<std::string, std::int64_t> ids;
  std::vector<VocAnnotation> all;
  ImageFinder finder(images);
  std::size_t difficult = 0;
  for (const fs::path& path : files) {
    QYOLO_TRY(const MappedFile file, MappedFile::open(path));
    QYOLO_TRY(VocAnnotation voc, parse_voc(file.bytes(), path.string()));
    std::string name;
    QYOLO_TRY(const ImageFile image, image_of(finder, voc, path, annotations, name));
    if (voc.width == 0 || voc.height == 0) {
      QYOLO_TRY(const ImageFacts facts, read_image_facts(image.path));
      voc.width = facts.header.size.width;
      voc.height = facts.header.size.height;
    }
    truth.images.push_back({static_cast<std::int64_t>(truth.images.size() + 1),
                            image.path.lexically_relative(images.lexically_normal()).string(),
                            voc.width, voc.height});
    for (const VocObject& object : voc.objects) ids.emplace(object.name, 0);
    all.push_back(std::move(voc));
  }
  for (auto& [name, id] : ids) {
    id = static_cast<std::int64_t>(truth.categories.size() + 1);
    truth.categories.push_back({id, name});
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const VocObject& object : all[i].objects) {
      difficult += object.difficult ? 1 : 0;
      truth.annotations.push_back({static_cast<std::int64_t>(truth.annotations.size() + 1),
                                   truth.images[i].id, ids.at(object.name), object.box,
                                   object.box[2] * object.box[3], false});
    }
  }
  if (difficult > 0)
    truth.warnings.push_back(
        fmt::format("{}: {} objects are marked difficult; they count as the others",
                    annotations.string(), difficult));
  return truth;
}

Status write_voc(const GroundTruth& truth, const fs::path& folder) {
  std::map<std::int64_t, std::string> names;
  for (const Category& category : truth.categories) names.emplace(category.id, category.name);
  std::map<std::int64_t, std::vector<const Annotation*>> of_image;
  for (const Annotation& annotation : truth.annotations)
    of_image[annotation.image_id].push_back(&annotation);
  for (const ImageInfo& image : truth.images) {
    pugi::xml_document document;
    pugi::xml_node root = document.append_child("annotation");
    root.append_child("filename").text().set(image.file_name.c_str());
    pugi::xml_node size = root.append_child("size");
    size.append_child("width").text().set(image.width);
    size.append_child("height").text().set(image.height);
    size.append_child("depth").text().set(3);
    for (const Annotation* annotation : of_image[image.id]) {
      pugi::xml_node object = root.append_child("object");
      object.append_child("name").text().set(names.at(annotation->category_id).c_str());
      object.append_child("difficult").text().set(0);
      pugi::xml_node box = object.append_child("bndbox");
      const auto& [x, y, width, height] = annotation->bbox;
      const std::pair<const char*, double> edges[] = {
          {"xmin", x}, {"ymin", y}, {"xmax", x + width}, {"ymax", y + height}};
      for (const auto& [name, value] : edges)
        box.append_child(name).text().set(fmt::format("{}", value).c_str());
    }
    std::ostringstream text;
    document.save(text, "  ");
    QYOLO_TRY(fs::path file, path_inside(folder, image.file_name));
    file.replace_extension(".xml");
    QYOLO_CHECK_OK(create_folder(file.parent_path()));
    QYOLO_CHECK_OK(write_file(file, text.str()));
  }
  return {};
}

}  // namespace qyolo::datasets
