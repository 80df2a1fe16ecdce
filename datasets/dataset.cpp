#include "datasets/dataset.h"

#include <algorithm>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "common/file.h"
#include "common/parallel.h"
#include "common/sha256.h"
#include "datasets/coco_json.h"

namespace qyolo::datasets {
namespace fs = std::filesystem;

namespace {

struct Entry {
  ImageInfo info;
  fs::path path;
};

Result<fs::path> canonical_folder(const fs::path& folder) {
  std::error_code code;
  fs::path canonical = fs::canonical(folder, code);
  if (code) return error("the images folder {}: {}", folder.string(), code.message());
  if (!fs::is_directory(canonical, code)) {
    return error("{} is not a folder, expected the folder of the images", folder.string());
  }
  return canonical;
}

// One entry per image of the annotation file, each below `folder`, in path order.
Result<std::vector<Entry>> sorted_entries(std::vector<ImageInfo> images, const fs::path& folder,
                                          const fs::path& annotations) {
  std::vector<Entry> entries;
  entries.reserve(images.size());
  for (std::size_t i = 0; i < images.size(); ++i) {
    const auto path = path_inside(folder, images[i].file_name);
    if (!path) {
      return error("{}: images[{}] (id {}): {}", annotations.string(), i, images[i].id,
                   path.error().message);
    }
    entries.push_back({std::move(images[i]), path->lexically_normal()});
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.path.native() < b.path.native();
  });
  const auto twin =
      std::adjacent_find(entries.begin(), entries.end(),
                         [](const Entry& a, const Entry& b) { return a.path == b.path; });
  if (twin != entries.end()) {
    return error("{}: the images with ids {} and {} have the same file name '{}'",
                 annotations.string(), twin->info.id, std::next(twin)->info.id,
                 twin->info.file_name);
  }
  return entries;
}

bool is_below(const fs::path& path, const fs::path& folder) {
  const auto [in_folder, in_path] =
      std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return in_folder == folder.end() && in_path != path.end();
}

// Every image exists, as a regular file below `folder` (canonical) once links are followed.
Status check_files(const std::vector<Entry>& entries, const fs::path& folder) {
  const fs::path* first_missing = nullptr;
  std::size_t missing = 0;
  for (const Entry& entry : entries) {
    std::error_code code;
    const fs::path canonical = fs::canonical(entry.path, code);
    if (code) {
      if (missing++ == 0) first_missing = &entry.path;
    } else if (!fs::is_regular_file(canonical, code)) {
      return error("{} is not a regular file, expected an image", entry.path.string());
    } else if (!is_below(canonical, folder)) {
      return error("{} is a link that leads out of the folder {}", entry.path.string(),
                   folder.string());
    }
  }
  if (missing == 0) return {};
  return error("{} of {} image files cannot be found, the first is {}", missing, entries.size(),
               first_missing->string());
}

void keep_annotations_of(const std::vector<Entry>& entries, std::vector<Annotation>& annotations) {
  std::unordered_set<std::int64_t> kept;
  for (const Entry& entry : entries) kept.insert(entry.info.id);
  std::erase_if(annotations, [&](const Annotation& a) { return !kept.contains(a.image_id); });
}

}  // namespace

Result<Dataset> open_dataset(const fs::path& images, const fs::path& annotations, int limit) {
  QYOLO_TRY(const fs::path folder, canonical_folder(images));
  Dataset dataset;
  dataset.images_folder = images;
  dataset.annotations_file = annotations;
  QYOLO_TRY(dataset.truth, read_coco_annotations(annotations));
  if (dataset.truth.images.empty()) {
    return error("{} lists no images, expected at least one", annotations.string());
  }
  QYOLO_TRY(std::vector<Entry> entries,
            sorted_entries(std::move(dataset.truth.images), images, annotations));
  if (limit > 0 && static_cast<std::size_t>(limit) < entries.size()) {
    entries.erase(entries.begin() + limit, entries.end());
    keep_annotations_of(entries, dataset.truth.annotations);
  }
  QYOLO_CHECK_OK(check_files(entries, folder));
  dataset.truth.images.clear();
  for (Entry& entry : entries) {
    dataset.truth.images.push_back(std::move(entry.info));
    dataset.image_paths.push_back(std::move(entry.path));
  }
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
  QYOLO_TRY(const std::string annotations, sha256_of_file(dataset.annotations_file));
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
