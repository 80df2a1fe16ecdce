// What metrics found, as records and results of single commands have it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/coco_types.h"
#include "common/ids.h"
#include "common/json.h"
#include "metrics/coco_map.h"
#include "metrics/memory.h"
#include "results/fields.h"

namespace qyolo::results {

// Names in the order of metrics::CocoEvaluation::stats().
inline constexpr std::array<std::string_view, 12> kMetricNames = {
    "AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"};

// The 12 numbers of metrics::CocoEvaluation::stats(); none: no ground truth that counts.
struct MetricsRecord {
  std::array<std::optional<double>, 12> values{};

  [[nodiscard]] double ap() const { return values[0].value_or(-1); }
  [[nodiscard]] double ap50() const { return values[1].value_or(-1); }
};
[[nodiscard]] MetricsRecord metrics_record(const metrics::CocoEvaluation& evaluation);
// The category name of each of evaluation.category_ids.
[[nodiscard]] std::vector<std::string> class_names(const metrics::CocoEvaluation& evaluation,
                                                   const std::vector<Category>& categories);
// `coded_bytes`: all of it with the regions entropy-coded, where there are any.
[[nodiscard]] OrderedJson memory_json(const metrics::MemoryReport& memory,
                                      std::optional<std::int64_t> coded_bytes = std::nullopt);

template <class Fields>
void describe(Fields& fields, Of<Fields, MetricsRecord>& metrics) {
  for (std::size_t i = 0; i < metrics.values.size(); ++i)
    fields(kMetricNames[i], metrics.values[i]);
}

}  // namespace qyolo::results
