#include "harness/run/shared_pieces.h"

#include <fmt/format.h>

#include <iterator>
#include <optional>
#include <utility>

#include "common/file.h"
#include "common/sha256.h"
#include "harness/host/host.h"
#include "harness/run/session.h"
#include "harness/run/tasks.h"
#include "results/task_file.h"

namespace qyolo::harness {
namespace {

// Fewer would be files of little, more would leave processes without work where few images are run.
constexpr std::size_t kPieceImages = 32;

// Detections stand image by image, in the order of the chunk.
std::vector<results::TaskImage> images_of(const Evaluator& evaluator, std::size_t chunk,
                                          std::span<const Detection> detections) {
  std::vector<results::TaskImage> images;
  std::size_t at = 0;
  for (const std::size_t image : evaluator.chunk(chunk).images) {
    const std::int64_t id = evaluator.truth().images[image].id;
    const std::size_t first = at;
    while (at < detections.size() && detections[at].image_id == id) ++at;
    images.push_back({image, at - first});
  }
  return images;
}

}  // namespace

std::vector<std::vector<std::size_t>> cut_into_pieces(const Evaluator& evaluator,
                                                      std::span<const std::size_t> chunks) {
  std::vector<std::vector<std::size_t>> pieces;
  std::size_t images = kPieceImages;
  for (const std::size_t chunk : chunks) {
    if (images >= kPieceImages) {
      pieces.emplace_back();
      images = 0;
    }
    pieces.back().push_back(chunk);
    images += evaluator.chunk(chunk).images.size();
  }
  return pieces;
}

SharedPieces::SharedPieces(ShareOptions options, const Evaluator& evaluator)
    : options_(std::move(options)),
      evaluator_(evaluator),
      truth_(truth_sha256(evaluator.truth())) {}

std::string SharedPieces::key_of(const Cell& cell, std::string_view what, std::size_t networks,
                                 std::span<const std::size_t> chunks) const {
  std::string text =
      fmt::format("piece 1 cell {} what {} networks {} truth {}\n",
                  cell_key(evaluator_, evaluator_.options(), cell), what, networks, truth_);
  for (const std::size_t index : chunks) {
    const ImageChunk& chunk = evaluator_.chunk(index);
    fmt::format_to(std::back_inserter(text), "{} {}:", chunk.height, chunk.width);
    for (const std::size_t image : chunk.images)
      fmt::format_to(std::back_inserter(text), " {}", image);
    text += '\n';
  }
  return sha256_hex(text).substr(0, 32);
}

Result<SharedPieces::Detections> SharedPieces::read(const std::string& key, std::size_t networks,
                                                    std::span<const std::size_t> chunks) const {
  const std::filesystem::path path = task_path(options_.folder, key);
  QYOLO_TRY(const std::string bytes, read_file(path));
  QYOLO_TRY(const results::TaskFile task,
            results::decode_task(bytes, key, evaluator_.truth(), path.string()));
  const Error other = error("{} does not hold the images that it should", path.string());
  Detections detections(networks);
  auto image = task.images.begin();
  auto first = task.detections.begin();
  for (auto& of_network : detections) {
    for (const std::size_t chunk : chunks) {
      std::vector<Detection>& found = of_network.emplace_back();
      for (const std::size_t expected : evaluator_.chunk(chunk).images) {
        if (image == task.images.end() || image->image != expected) return other;
        const auto end = first + static_cast<std::ptrdiff_t>(image->detections);
        found.insert(found.end(), first, end);
        first = end;
        ++image;
      }
    }
  }
  if (image != task.images.end()) return other;
  return detections;
}

Status SharedPieces::write(const std::string& key, const Cell& cell,
                           std::span<const std::size_t> chunks,
                           const Detections& detections) const {
  results::TaskFile task;
  task.key = key;
  const results::VersionsRecord versions = describe_versions();
  task.host = {host_name(),    describe_host().cpu, describe_instructions(),
               versions.qyolo, versions.git,        evaluator_.executor_description()};
  task.record.identity = {
      cell_key(evaluator_, evaluator_.options(), cell),
      cell.as_json(),
      {evaluator_.simulates(cell), evaluator_.precision_of(cell), evaluator_.engine()}};
  for (const auto& of_network : detections) {
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      const auto images = images_of(evaluator_, chunks[i], of_network[i]);
      task.images.insert(task.images.end(), images.begin(), images.end());
      task.detections.insert(task.detections.end(), of_network[i].begin(), of_network[i].end());
    }
  }
  QYOLO_TRY(const std::string bytes, results::encode_task(task, evaluator_.truth()));
  QYOLO_CHECK_OK(create_folder(task_folder(options_.folder)));
  return write_file(task_path(options_.folder, key), bytes);
}

Result<SharedPieces::Detections> SharedPieces::gather(const Cell& cell, std::string_view what,
                                                      std::size_t networks,
                                                      std::span<const std::size_t> chunks,
                                                      const Make& make) {
  const auto pieces = cut_into_pieces(evaluator_, chunks);
  std::vector<Detections> gathered(pieces.size());
  const std::size_t start = options_.shard.index * pieces.size() / options_.shard.count;
  for (std::size_t k = 0; k < pieces.size(); ++k) {
    const std::size_t i = (start + k) % pieces.size();
    const std::string key = key_of(cell, what, networks, pieces[i]);
    if (auto there = read(key, networks, pieces[i]); there.ok()) {
      gathered[i] = std::move(there).value();
      ++found_;
      continue;
    }
    QYOLO_TRY(gathered[i], make(pieces[i]));
    QYOLO_CHECK_OK(write(key, cell, pieces[i], gathered[i]));
    ++made_;
  }
  Detections all(networks);
  for (Detections& piece : gathered) {
    for (std::size_t network = 0; network < networks; ++network) {
      for (auto& of_chunk : piece[network]) all[network].push_back(std::move(of_chunk));
    }
  }
  return all;
}

}  // namespace qyolo::harness
