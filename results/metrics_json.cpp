#include "results/metrics_json.h"

#include <algorithm>

namespace qyolo::results {

MetricsRecord metrics_record(const metrics::CocoEvaluation& evaluation) {
  MetricsRecord record;
  const auto stats = evaluation.stats();
  for (std::size_t i = 0; i < stats.size(); ++i)
    if (stats[i] >= 0) record.values[i] = stats[i];
  return record;
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

OrderedJson memory_json(const metrics::MemoryReport& memory,
                        std::optional<std::int64_t> coded_bytes) {
  const auto bytes = [](std::int64_t bits) { return (bits + 7) / 8; };
  OrderedJson json = {{"payload_bytes", bytes(memory.payload)},
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
  if (coded_bytes) json["coded_bytes"] = *coded_bytes;
  return json;
}

}  // namespace qyolo::results
