#include "datasets/dataset.h"

#include <algorithm>
#include <system_error>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "common/file.h"
#include "common/parallel.h"
#include "common/sha256.h"
#include "common/yaml.h"
#include "datasets/coco_json.h"
#include "datasets/image_files.h"
#include "datasets/sample.h"
#include "datasets/yolo.h"

namespace qyolo::datasets {
namespace fs = std::filesystem;

namespace {

struct Entry {
  ImageInfo info;
  fs::path path;
  std::size_t place = 0;  // in the file
};

Status check_folder(const fs::path& folder) {
  std::error_code code;
  const fs::path canonical = fs::canonical(folder, code);
  if (code) return error("the images folder {}: {}", folder.string(), code.message());
  if (!fs::is_directory(canonical, code)) {
    return error("{} is not a folder, expected the folder of the images", folder.string());
  }
  return {};
}

void sort_by_path(std::vector<Entry>& entries) {
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.path.native() < b.path.native();
  });
}

Status check_named(const std::vector<ImageInfo>& images, const fs::path& annotations) {
  const auto unnamed = static_cast<std::size_t>(std::ranges::count_if(
      images, [](const ImageInfo& image) { return image.file_name.empty(); }));
  if (unnamed == 0) return {};
  const auto first =
      std::ranges::find_if(images, [](const ImageInfo& image) { return image.file_name.empty(); });
  return error("{}: images[{}]: 'file_name' is missing{}", annotations.string(),
               first - images.begin(),
               unnamed == 1 ? "" : fmt::format(" ({} of {} images)", unnamed, images.size()));
}

// One entry per image of the annotation file, by path as far as it is known without looking. A name
// that leads out of the folder is refused, however it is read.
Result<std::vector<Entry>> sorted_entries(GroundTruth& truth, const fs::path& folder,
                                          const fs::path& annotations) {
  QYOLO_CHECK_OK(check_named(truth.images, annotations));
  ImageFinder finder(folder);
  std::vector<Entry> entries;
  entries.reserve(truth.images.size());
  for (std::size_t i = 0; i < truth.images.size(); ++i) {
    ImageInfo& image = truth.images[i];
    const auto path = path_inside(folder, image.file_name);
    fs::path expected = path.ok() ? path->lexically_normal() : fs::path();
    if (!path.ok()) {
      ImageFile file = finder.find(image.file_name);
      if (file.state != ImageFile::State::kFound) {
        return error("{}: images[{}] (id {}): {}", annotations.string(), i,
                     truth.image_ids.text(image.id), path.error().message);
      }
      expected = std::move(file.path);
    }
    entries.push_back({std::move(image), std::move(expected), i});
  }
  sort_by_path(entries);
  return entries;
}

Status check_twins(const std::vector<Entry>& entries, const IdNames& ids,
                   const fs::path& annotations) {
  const auto twin =
      std::adjacent_find(entries.begin(), entries.end(),
                         [](const Entry& a, const Entry& b) { return a.path == b.path; });
  if (twin == entries.end()) return {};
  return error("{}: the images with ids {} and {} have the same file name '{}'",
               annotations.string(), ids.text(twin->info.id), ids.text(std::next(twin)->info.id),
               twin->info.file_name);
}

// Two files with one id would be judged by the objects of both.
Status check_ids(const std::vector<Entry>& entries, const IdNames& ids,
                 const fs::path& annotations) {
  std::unordered_map<std::int64_t, const Entry*> by_id;
  for (const Entry& entry : entries) {
    const auto [found, fresh] = by_id.try_emplace(entry.info.id, &entry);
    if (fresh) continue;
    const std::size_t earlier = std::min(found->second->place, entry.place);
    return error("{}: images[{}]: id {} is that of images[{}] already, another file",
                 annotations.string(), std::max(found->second->place, entry.place),
                 ids.text(entry.info.id), earlier);
  }
  return {};
}

// Gives each entry its file.
Status find_files(std::vector<Entry>& entries, const fs::path& folder, const fs::path& annotations,
                  GroundTruth& truth) {
  std::vector<ImageInfo> images;
  images.reserve(entries.size());
  for (const Entry& entry : entries) images.push_back(entry.info);
  ImageFiles found = find_image_files(folder, images);
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    ImageFile& file = found.files[i];
    if (file.state == ImageFile::State::kNoFile)
      return error("{} is not a regular file, expected an image", file.path.string());
    if (file.state == ImageFile::State::kOutside) {
      return error("{}: images[{}] (id {}): the file name '{}' leads out of the folder {}",
                   annotations.string(), entries[i].place, truth.image_ids.text(entries[i].info.id),
                   entries[i].info.file_name, folder.string());
    }
    if (file.state != ImageFile::State::kFound) missing.push_back(i);
    if (!file.path.empty()) entries[i].path = std::move(file.path);
  }
  if (!missing.empty()) {
    return error("{} of {} image files cannot be found, the first is {}", missing.size(),
                 entries.size(), entries[missing.front()].path.string());
  }
  for (const std::string& note : found.notes)
    truth.warnings.push_back(fmt::format("{}: {}", annotations.string(), note));
  return {};
}

void keep_annotations_of(const std::vector<Entry>& entries, std::vector<Annotation>& annotations) {
  std::unordered_set<std::int64_t> kept;
  for (const Entry& entry : entries) kept.insert(entry.info.id);
  std::erase_if(annotations, [&](const Annotation& a) { return !kept.contains(a.image_id); });
}

void keep_limited(const ImageLimit& limit, std::vector<Entry>& entries,
                  std::vector<Annotation>& annotations) {
  std::vector<std::int64_t> ids;
  for (const Entry& entry : entries) ids.push_back(entry.info.id);
  const std::vector<bool> marks = limited_images(ids, annotations, limit);
  std::vector<Entry> kept;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (marks[i]) kept.push_back(std::move(entries[i]));
  }
  const bool cut = kept.size() < entries.size();
  entries = std::move(kept);
  if (cut) keep_annotations_of(entries, annotations);
}

}  // namespace

Result<Dataset> dataset_of(GroundTruth truth, const fs::path& images, const fs::path& annotations,
                           const ImageLimit& limit) {
  QYOLO_CHECK_OK(check_folder(images));
  Dataset dataset;
  dataset.images_folder = images;
  dataset.annotations_file = annotations;
  dataset.truth = std::move(truth);
  if (dataset.truth.images.empty()) {
    return error("{} lists no images, expected at least one", annotations.string());
  }
  QYOLO_TRY(std::vector<Entry> entries, sorted_entries(dataset.truth, images, annotations));
  keep_limited(limit, entries, dataset.truth.annotations);
  QYOLO_CHECK_OK(find_files(entries, images, annotations, dataset.truth));
  sort_by_path(entries);
  QYOLO_CHECK_OK(check_twins(entries, dataset.truth.image_ids, annotations));
  QYOLO_CHECK_OK(check_ids(entries, dataset.truth.image_ids, annotations));
  dataset.truth.images.clear();
  for (Entry& entry : entries) {
    dataset.truth.images.push_back(std::move(entry.info));
    dataset.image_paths.push_back(std::move(entry.path));
  }
  return dataset;
}

Result<Dataset> open_dataset(const fs::path& images, const fs::path& annotations,
                             const ImageLimit& limit, const std::string& split) {
  if (is_yaml(annotations)) {
    QYOLO_TRY(YoloData yolo, read_yolo(annotations, split, 0, 1));
    QYOLO_TRY(GroundTruth labelled, usable_truth(std::move(yolo.file), annotations.string()));
    QYOLO_TRY(Dataset dataset, dataset_of(std::move(labelled), yolo.folder, annotations, limit));
    dataset.label_files = std::move(yolo.labels);
    dataset.stamps = std::move(yolo.stamps);
    return dataset;
  }
  QYOLO_CHECK_OK(check_folder(images));
  FileStamps stamps;
  stamps.add(annotations);
  QYOLO_TRY(GroundTruth truth, read_coco_annotations(annotations));
  QYOLO_TRY(Dataset dataset, dataset_of(std::move(truth), images, annotations, limit));
  dataset.stamps = std::move(stamps);
  return dataset;
}

Result<DatasetFiles> find_dataset_files(const std::filesystem::path& folder) {
  const DatasetFiles layouts[] = {
      {folder / "images", folder / "annotations.json"},
      {folder / "val2017", folder / "annotations" / "instances_val2017.json"}};
  for (const DatasetFiles& files : layouts) {
    std::error_code ignored;
    if (std::filesystem::is_directory(files.images, ignored) &&
        std::filesystem::exists(files.annotations, ignored)) {
      return files;
    }
  }
  return error(
      "{} is no dataset folder, expected images/ and annotations.json in it, or val2017/ and "
      "annotations/instances_val2017.json",
      folder.string());
}

Result<std::string> dataset_sha256(const Dataset& dataset, int threads) {
  QYOLO_TRY(std::string annotations, sha256_of_file(dataset.annotations_file));
  for (const fs::path& file : dataset.label_files) {
    QYOLO_TRY(const std::string label, sha256_of_file(file));
    annotations += label;
  }
  const std::size_t count = dataset.image_paths.size();
  std::vector<Result<std::string>> hashes(count, std::string());
  parallel_for(count, threads,
               [&](std::size_t i) { hashes[i] = sha256_of_file(dataset.image_paths[i]); });
  Sha256 total;
  total.update(annotations);
  for (std::size_t i = 0; i < count; ++i) {
    QYOLO_TRY(const std::string image, std::move(hashes[i]));
    // A file name holds no zero byte, so name and hash cannot be confused.
    total.update(fmt::format("{}{}{}", dataset.truth.images[i].file_name, '\0', image));
  }
  return total.hex();
}

}  // namespace qyolo::datasets
