#include "harness/run/tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "common/sha256.h"
#include "results/task_file.h"

namespace qyolo::harness {
namespace fs = std::filesystem;
namespace {

// Of what determines a task's numbers; changes with the meaning of its file.
constexpr int kTaskVersion = 1;

// Texts of any content, one after the other: each with its length.
void add_text(std::string_view text, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{}:{}", text.size(), text);
}

}  // namespace

std::string truth_sha256(const GroundTruth& truth) {
  Sha256 hash;
  std::string text;
  const auto add = [&] {
    hash.update(text);
    text.clear();
  };
  for (const ImageInfo& image : truth.images) {
    add_text(truth.image_ids.json(image.id), text);
    add_text(image.file_name, text);
    fmt::format_to(std::back_inserter(text), "{} {}\n", image.width, image.height);
    add();
  }
  for (const Category& category : truth.categories) {
    add_text(truth.category_ids.json(category.id), text);
    add_text(category.name, text);
    add();
  }
  for (const Annotation& one : truth.annotations) {
    add_text(truth.image_ids.json(one.image_id), text);
    add_text(truth.category_ids.json(one.category_id), text);
    fmt::format_to(std::back_inserter(text), "{:a} {:a} {:a} {:a} {:a} {}\n", one.bbox[0],
                   one.bbox[1], one.bbox[2], one.bbox[3], one.area, one.iscrowd);
    add();
  }
  return hash.hex();
}

ImageRanges cut_into_ranges(const Evaluator& evaluator, int images) {
  ImageRanges ranges;
  std::string text;
  const auto batch = static_cast<std::size_t>(evaluator.options().batch);
  std::size_t in_all = 0, in_range = 0;
  bool open = false;
  for (std::size_t i = 0; i < evaluator.chunk_count(); ++i) {
    if (!open) {
      ranges.chunks.emplace_back();
      text += "range\n";
      in_range = 0;
    }
    const ImageChunk& chunk = evaluator.chunk(i);
    ranges.chunks.back().push_back(i);
    fmt::format_to(std::back_inserter(text), "{} {}:", chunk.height, chunk.width);
    for (const std::size_t image : chunk.images)
      fmt::format_to(std::back_inserter(text), " {}", image);
    text += '\n';
    in_all += chunk.images.size();
    in_range += chunk.images.size();
    open = in_range < static_cast<std::size_t>(images) || in_all % batch != 0;
  }
  ranges.cut = sha256_hex(text);
  return ranges;
}

std::string task_key(std::string_view cell_key, const results::ManifestTasks& tasks,
                     std::size_t range) {
  return sha256_hex(fmt::format("task {} cell {} truth {} cut {} range {} of {} heads {}",
                                kTaskVersion, cell_key, tasks.truth, tasks.cut, range, tasks.ranges,
                                tasks.heads))
      .substr(0, 32);
}

std::vector<std::size_t> task_order(const std::vector<Cell>& cells) {
  std::vector<std::size_t> order(cells.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto effort = [&](std::size_t i) {
    if (!cells[i].quantized()) return 0;
    if (cells[i].rounds_by_inputs()) return 3;
    return cells[i].calibrated() ? 2 : 1;
  };
  std::ranges::stable_sort(order, {}, effort);
  return order;
}

fs::path task_folder(const fs::path& run) { return run / "tasks"; }
fs::path task_path(const fs::path& run, std::string_view key) {
  return task_folder(run) / results::task_file_name(key);
}

}  // namespace qyolo::harness
