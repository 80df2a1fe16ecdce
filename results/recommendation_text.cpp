// A recommendation for people.
#include <algorithm>

#include "common/words.h"
#include "metrics/verdict.h"
#include "results/recommendation_record.h"
#include "results/render.h"
#include "results/text.h"

namespace qyolo::results {
namespace {

std::string share_text(double share) { return fixed(100 * share, 1) + " %"; }

std::string megabytes(std::int64_t bytes) {
  return fixed(static_cast<double>(bytes) / 1e6, 3) + " MB";
}

// "-0.83 (-1.00 to -0.55)", in points.
std::string difference_text(const IntervalRecord& ap) {
  return fmt::format("{} ({} to {})", points(ap.value), points(ap.low), points(ap.high));
}

// "AP 73.70, ΔAP -0.83 (-1.00 to -0.55)".
std::string ap_text(const TriedRecord& tried) {
  std::string text = tried.ap ? fmt::format("AP {}", fixed(100 * *tried.ap, 2))
                              : fmt::format("stopped after {}", counted(tried.images, "image"));
  if (const auto& ap = tried.delta_ap) {
    text += ", ΔAP " + difference_text(*ap);
  }
  if (tried.latency_ms) text += fmt::format(", {} ms an image", fixed(*tried.latency_ms, 2));
  return text;
}

// Whether it certainly loses more than is allowed (metrics/verdict.h), by what is recorded of it.
bool is_beyond(const RecommendationRecord& record, const TriedRecord& tried) {
  const auto& ap = tried.delta_ap;
  return ap && metrics::decide(metrics::Difference{ap->value, ap->low, ap->high, 0},
                               record.tolerance.value_or(0)) == metrics::Decision::kBeyond;
}

std::string kept_text(const RecommendationRecord& record, const TriedRecord& tried) {
  if (tried.too_slow.value_or(false)) return "too slow";
  if (record.budget_bytes) return tried.holds ? "fits" : "does not fit";
  if (tried.holds) return "holds";
  if (tried.lossy_classes.empty()) return is_beyond(record, tried) ? "does not hold" : "undecided";
  return fmt::format("does not hold: {} lose{} too much",
                     tried.lossy_classes.size() == 1
                         ? tried.lossy_classes.front()
                         : fmt::format("{} classes", tried.lossy_classes.size()),
                     tried.lossy_classes.size() == 1 ? "s" : "");
}

ReadingTable tried_table(const RecommendationRecord& record) {
  ReadingTable table;
  table.columns = {{"Choice", false, {}}, {"Size, MB", true, {}}, {"Bits/weight", true, {}},
                   {"Images", true, {}},  {"AP", true, {}},       {"ΔAP", true, {}},
                   {"Promise", false, {}}};
  if (record.latency) table.columns.insert(table.columns.end() - 1, {"Latency, ms", true, {}});
  const auto add = [&](const std::vector<TriedRecord>& all,
                       const std::optional<TriedRecord>& best) {
    for (const TriedRecord& tried : all) {
      const auto& ap = tried.delta_ap;
      std::vector<std::string> row = {tried.name,
                                      fixed(static_cast<double>(tried.bytes) / 1e6, 3),
                                      fixed(tried.bits_per_weight, 3),
                                      std::to_string(tried.images),
                                      tried.ap ? fixed(100 * *tried.ap, 2) : std::string(kAbsent),
                                      ap ? difference_text(*ap) : std::string(kAbsent),
                                      kept_text(record, tried)};
      if (record.latency) {
        row.insert(row.end() - 1,
                   tried.latency_ms ? fixed(*tried.latency_ms, 2) : std::string(kAbsent));
      }
      add_row(table, std::move(row), best && best->name == tried.name && best->cell == tried.cell);
    }
  };
  add(record.hybrids_tried, record.hybrid);
  add(record.uniforms_tried, record.uniform);
  return table;
}

// REQUIRES: a hybrid, and that all layers have what it chose.
ReadingTable layer_table(const RecommendationRecord& record) {
  const std::string proxy = record.hybrid->proxy.value_or("detection loss");
  ReadingTable table;
  table.columns = {{"Layer", false, {}},
                   {"Weights", true, {}},
                   {"Recipe", false, {}},
                   {"Bytes", true, {}},
                   {"Bits/weight", true, {}},
                   {fmt::format("Cost, {}", proxy), true, {}},
                   {"One step smaller: bytes saved", true, {}},
                   {"cost added", true, {}}};
  for (const LayerCandidatesRecord& layer : record.layers) {
    const LayerCandidateRecord& chosen = layer.candidates[*layer.chosen];
    const double cost = chosen.cost(proxy);
    // The next smaller candidate that costs least.
    const LayerCandidateRecord* step = nullptr;
    for (const LayerCandidateRecord& other : layer.candidates) {
      if (other.bytes >= chosen.bytes) continue;
      if (step == nullptr || other.cost(proxy) < step->cost(proxy)) step = &other;
    }
    add_row(table,
            {layer.name, std::to_string(layer.weights), chosen.recipe, std::to_string(chosen.bytes),
             fixed(8 * static_cast<double>(chosen.bytes) /
                       static_cast<double>(std::max<std::int64_t>(1, layer.weights)),
                   2),
             fmt::format("{}{:.3g}", chosen.estimated.value_or(false) ? "~" : "", cost),
             step ? std::to_string(chosen.bytes - step->bytes) : std::string(kAbsent),
             step ? fmt::format("{:.3g}", step->cost(proxy) - cost) : std::string(kAbsent)});
  }
  return table;
}

std::int64_t confirmed_on(const RecommendationRecord& record) {
  for (const auto* best : {&record.hybrid, &record.uniform})
    if (*best && (*best)->confirmed) return (*best)->confirmed->images;
  return 0;
}

// "  - on 80 images that took no part in the choice: AP 73.10 of 73.80, ΔAP -0.70 (...)".
std::string confirmation_text(const RecommendationRecord& record, const TriedRecord& best) {
  if (!best.confirmed) return "";
  const ConfirmationRecord& confirmed = *best.confirmed;
  std::string text =
      fmt::format("  - on {} images that took no part in the choice: AP {} of {}", confirmed.images,
                  fixed(100 * confirmed.ap, 2), fixed(100 * confirmed.baseline_ap, 2));
  if (const auto& ap = confirmed.delta_ap) {
    text += ", ΔAP " + difference_text(*ap);
  }
  if (!record.budget_bytes) text += "; " + confirmed.verdict;
  return text + "\n";
}

std::string promise(const RecommendationRecord& record) {
  if (record.budget_bytes) return fmt::format("at most {}", megabytes(*record.budget_bytes));
  std::string text =
      fmt::format("at most {:.6g} point{} of AP lost", 100 * record.tolerance.value_or(0),
                  record.tolerance == 0.01 ? "" : "s");
  if (record.class_tolerance)
    text += fmt::format(", and at most {} by any one class, as measured", *record.class_tolerance);
  return text;
}

// "At most 9 ms an image ... takes int8: fp32 14.1, bf16 ... ms".
std::string latency_text(const LatencyBoundRecord& latency) {
  std::string all;
  for (const auto& one : latency.measured)
    all += fmt::format("{}{} {}", all.empty() ? "" : ", ", one.precision, fixed(one.latency_ms, 2));
  return fmt::format(
      "Measured here, one image of {} x {} on {}: {} ms. At most {:.6g} ms are asked for: computed "
      "in {}{}.\n\n",
      latency.width, latency.height, counted(latency.threads, "thread"), all, latency.at_most_ms,
      latency.arithmetic, latency.arithmetic == "int8" ? ", where layers say A8, and fp32" : "");
}

bool has_choices(const RecommendationRecord& record) {
  return record.hybrid &&
         std::ranges::all_of(record.layers, [](const LayerCandidatesRecord& layer) {
           return layer.chosen.has_value();
         });
}

std::string work_text(const RecommendationWork& work) {
  return markdown_list(
      {fmt::format("{} tensors quantized in {} s", work.tensors_quantized,
                   fixed(work.candidate_seconds, 1)),
       fmt::format("{} uniform choices compared by the costs of their layers",
                   work.uniforms_compared),
       fmt::format("{} forwards on batches of {} calibration images in {} s, {} of their "
                   "convolution work saved by shared prefixes",
                   work.proxy_forwards, work.calibration_images, fixed(work.proxy_seconds, 1),
                   share_text(work.proxy_macs_saved_share)),
       fmt::format("{} images of {} evaluated ({} saved by stopping early), FP32 aside",
                   work.images_run, work.images_full,
                   share_text(work.images_full > 0 ? 1 - static_cast<double>(work.images_run) /
                                                             static_cast<double>(work.images_full)
                                                   : 0)),
       fmt::format("{} s in all", fixed(work.seconds, 1))});
}

}  // namespace

std::string recommendation_text(const RecommendationRecord& record) {
  std::string text = "# Recommendation\n\n";
  text += fmt::format("Asked for: {}. FP32: AP {}, {}.\n\n", promise(record),
                      fixed(100 * record.baseline_ap, 2), megabytes(record.baseline_bytes));
  if (record.latency) text += latency_text(*record.latency);
  const auto say_best = [&](const char* kind, const std::optional<TriedRecord>& best) {
    if (!best) {
      text += fmt::format("- {}: none was found that {}\n", kind,
                          !record.budget_bytes ? "certainly keeps the promise"
                          : record.latency     ? "fits and is fast enough"
                                               : "fits");
      return;
    }
    text += fmt::format(
        "- {}{}: {} ({} bits per weight, {}), {}; {}\n", kind,
        best->proxy ? "" : " (" + best->name + ")", megabytes(best->bytes),
        fixed(best->bits_per_weight, 3),
        size_ratio_text(static_cast<double>(record.baseline_bytes) /
                            static_cast<double>(std::max<std::int64_t>(1, best->bytes)),
                        "FP32"),
        ap_text(*best), record.budget_bytes ? "within the budget" : best->verdict.value_or(""));
    text += confirmation_text(record, *best);
  };
  say_best("Hybrid", record.hybrid);
  if (!record.uniforms_tried.empty()) say_best("Uniform", record.uniform);
  if (!record.judged.empty())
    text += fmt::format("\n## In other runtimes\n\n{}", judged_text(record.judged));
  text += fmt::format("\n## Tried\n\n{}\n", markdown_table(tried_table(record)));
  text += markdown_list(
      {"ΔAP: points of difference to FP32 on the same images, in brackets the two-sided 95 % "
       "interval "
       "(99.9 % where a network was stopped early). The promise holds where the whole interval is "
       "within it, does not where the whole interval is beyond it, and is undecided else.",
       fmt::format("The choice was made among these on {} images. {}", record.images,
                   confirmed_on(record) > 0
                       ? fmt::format("{} others, held out from it, say what it is worth (above).",
                                     confirmed_on(record))
                       : "None was held out to confirm it, which favours it a little.")});
  if (has_choices(record))
    text += fmt::format("\n## Layers\n\n{}", markdown_table(layer_table(record)));
  return text + fmt::format("\n## Cost\n\n{}", work_text(record.work));
}

std::string recommendation_csv(const RecommendationRecord& record) {
  std::string text =
      "layer,weights,recipe,bytes,weight_noise,head_error,kl,detection_loss,estimated\n";
  if (!has_choices(record)) return text;
  const auto field = [](const std::optional<double>& value) {
    return fmt::format("{}", value.value_or(HUGE_VAL));
  };
  for (const LayerCandidatesRecord& layer : record.layers) {
    const LayerCandidateRecord& chosen = layer.candidates[*layer.chosen];
    text += fmt::format("{},{},{},{},{},{},{},{},{}\n", csv_field(layer.name), layer.weights,
                        csv_field(chosen.recipe), chosen.bytes, chosen.weight_noise,
                        field(chosen.head_error), field(chosen.kl), field(chosen.detection_loss),
                        chosen.estimated.value_or(false));
  }
  return text;
}

}  // namespace qyolo::results
