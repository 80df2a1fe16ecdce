#include "results/metrics_json.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace qyolo::results {
namespace {

constexpr std::array<const char*, 12> kStatNames = {"AP",  "AP50", "AP75",  "APs", "APm", "APl",
                                                    "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"};

}  // namespace

OrderedJson defined(double value) { return value < 0 ? OrderedJson(nullptr) : OrderedJson(value); }

OrderedJson sqnr_json(double sqnr_db) {
  return std::isfinite(sqnr_db) ? OrderedJson(sqnr_db) : OrderedJson(nullptr);
}

OrderedJson metrics_json(const metrics::CocoEvaluation& evaluation) {
  OrderedJson json;
  const auto stats = evaluation.stats();
  for (std::size_t i = 0; i < stats.size(); ++i) json[kStatNames[i]] = defined(stats[i]);
  return json;
}

OrderedJson per_class_json(const metrics::CocoEvaluation& evaluation, const IdNames& ids,
                           const std::vector<std::string>& names) {
  OrderedJson classes = OrderedJson::array();
  const int most = evaluation.params.max_detections.back();
  for (std::size_t k = 0; k < evaluation.category_ids.size(); ++k) {
    const int index = static_cast<int>(k);
    classes.push_back({{"category_id", id_json(ids, evaluation.category_ids[k])},
                       {"name", names[k]},
                       {"AP", defined(evaluation.average_precision(-1, 0, most, index))},
                       {"AP50", defined(evaluation.average_precision(0.5, 0, most, index))}});
  }
  return classes;
}

std::vector<std::string> class_names(const metrics::CocoEvaluation& evaluation,
                                     const std::vector<Category>& categories) {
  std::vector<std::string> names;
  for (const std::int64_t id : evaluation.category_ids) {
    const auto found = std::find_if(categories.begin(), categories.end(),
                                    [&](const Category& c) { return c.id == id; });
    names.push_back(found == categories.end() ? std::string("all classes") : found->name);
  }
  return names;
}

OrderedJson memory_json(const metrics::MemoryReport& memory) {
  const auto bytes = [](std::int64_t bits) { return (bits + 7) / 8; };
  return {{"payload_bytes", bytes(memory.payload)},
          {"scale_bytes", bytes(memory.scales)},
          {"zero_point_bytes", bytes(memory.zero_points)},
          {"breakpoint_bytes", bytes(memory.breakpoints)},
          {"region_bytes", bytes(memory.regions)},
          {"correction_bytes", bytes(memory.corrections)},
          {"unquantized_bytes", bytes(memory.unquantized)},
          {"true_bytes", memory.true_bytes()},
          {"paper_bytes", bytes(memory.paper_bits())},
          {"bits_per_weight", memory.bits_per_weight()},
          {"ratio_fp16_paper", memory.ratio_fp16_paper()},
          {"ratio_fp16_true", memory.ratio_fp16_true()},
          {"ratio_fp32_true", memory.ratio_fp32_true()}};
}

}  // namespace qyolo::results
