#include <algorithm>

#include "harness/cell/cell_flags.h"
#include "harness/search/recommend.h"
#include "metrics/verdict.h"
#include "results/render.h"
#include "results/text.h"

namespace qyolo::harness {
namespace {

using results::fixed;
using results::TextColumn;

OrderedJson interval_json(const std::optional<metrics::Difference>& difference) {
  if (!difference) return nullptr;
  return {{"value", difference->value}, {"low", difference->low}, {"high", difference->high}};
}

OrderedJson tried_json(const Tried& tried) {
  OrderedJson json;
  json["bytes"] = tried.bytes;
  json["bits_per_weight"] = tried.bits_per_weight;
  json["AP"] = tried.trial.result ? OrderedJson(tried.ap()) : OrderedJson();
  json["images"] = tried.trial.images;
  json["stopped"] = !tried.trial.result.has_value();
  json["delta_AP"] = interval_json(tried.trial.difference.ap);
  json["holds"] = tried.holds;
  if (tried.proxy) {
    json["proxy"] = proxy_name(*tried.proxy);
    json["cost"] = tried.cost;
    json["cost_lower_bound"] = tried.lower_bound;
  }
  if (!tried.lossy_classes.empty()) json["lossy_classes"] = tried.lossy_classes;
  if (tried.trial.result) json["verdict"] = metrics::verdict(tried.trial.difference);
  if (tried.confirmation) {
    const Confirmation& confirmed = *tried.confirmation;
    json["confirmed"] = {{"images", confirmed.images},
                         {"baseline_AP", confirmed.baseline_ap},
                         {"AP", confirmed.ap},
                         {"delta_AP", interval_json(confirmed.difference.ap)},
                         {"verdict", metrics::verdict(confirmed.difference)}};
  }
  json["cell"] = matrix_block(tried.cell);
  return json;
}

OrderedJson tried_json(const std::vector<Tried>& all) {
  OrderedJson json = OrderedJson::array();
  for (const Tried& tried : all) json.push_back(tried_json(tried));
  return json;
}

std::string share_text(double share) { return fixed(100 * share, 1) + " %"; }

std::string megabytes(std::int64_t bytes) {
  return fixed(static_cast<double>(bytes) / 1e6, 3) + " MB";
}

// "AP 73.70, 0.83 points lost (0.55 to 1.00 with 95 % confidence)".
std::string ap_text(const Tried& tried) {
  const auto& ap = tried.trial.difference.ap;
  std::string text = tried.trial.result
                         ? fmt::format("AP {}", fixed(100 * tried.ap(), 2))
                         : fmt::format("stopped after {} images", tried.trial.images);
  if (ap) {
    text += fmt::format(", {} points lost ({} to {})", fixed(-100 * ap->value, 2),
                        fixed(-100 * ap->high, 2), fixed(-100 * ap->low, 2));
  }
  return text;
}

void add_row(results::ReadingTable& table, std::vector<std::string> cells, bool bold = false) {
  for (std::size_t i = 0; i < cells.size(); ++i)
    table.columns[i].cells.push_back({std::move(cells[i]), bold});
}

std::string choice_name(const Tried& tried) {
  return tried.proxy ? fmt::format("hybrid by {}", proxy_name(*tried.proxy))
                     : tried.cell.recipe.text();
}

std::string kept_text(const Recommendation& r, const Tried& tried) {
  if (r.budget) return tried.holds ? "fits" : "does not fit";
  if (tried.holds) return "holds";
  if (tried.lossy_classes.empty()) return "does not hold";
  return fmt::format("does not hold: {} lose{} too much",
                     tried.lossy_classes.size() == 1
                         ? tried.lossy_classes.front()
                         : fmt::format("{} classes", tried.lossy_classes.size()),
                     tried.lossy_classes.size() == 1 ? "s" : "");
}

results::ReadingTable tried_table(const Recommendation& r) {
  results::ReadingTable table;
  table.columns = {{"Choice", false, {}}, {"Size, MB", true, {}}, {"Bits/weight", true, {}},
                   {"Images", true, {}},  {"AP", true, {}},       {"Points lost", true, {}},
                   {"Promise", false, {}}};
  const auto add = [&](const std::vector<Tried>& all, std::optional<std::size_t> best) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Tried& tried = all[i];
      const auto& ap = tried.trial.difference.ap;
      add_row(table,
              {choice_name(tried), fixed(static_cast<double>(tried.bytes) / 1e6, 3),
               fixed(tried.bits_per_weight, 3), std::to_string(tried.trial.images),
               tried.trial.result ? fixed(100 * tried.ap(), 2) : std::string(results::kAbsent),
               ap ? fmt::format("{} ({} to {})", fixed(-100 * ap->value, 2),
                                fixed(-100 * ap->high, 2), fixed(-100 * ap->low, 2))
                  : std::string(results::kAbsent),
               kept_text(r, tried)},
              best == i);
    }
  };
  add(r.hybrids, r.hybrid);
  add(r.uniforms, r.uniform);
  return table;
}

results::ReadingTable layer_table(const Recommendation& r, const Tried& hybrid) {
  const Proxy proxy = hybrid.proxy.value_or(Proxy::kDetectionLoss);
  results::ReadingTable table;
  table.columns = {{"Layer", false, {}},
                   {"Weights", true, {}},
                   {"Recipe", false, {}},
                   {"Bytes", true, {}},
                   {"Bits/weight", true, {}},
                   {fmt::format("Cost, {}", proxy_name(proxy)), true, {}},
                   {"One step smaller: bytes saved", true, {}},
                   {"cost added", true, {}}};
  for (std::size_t i = 0; i < r.layers.size(); ++i) {
    const LayerCandidates& layer = r.layers[i];
    const LayerCandidate& chosen = layer.candidates[hybrid.choices[i]];
    const double cost = value_of(proxy, chosen.divergence);
    // The next smaller candidate that costs least.
    const LayerCandidate* step = nullptr;
    for (const LayerCandidate& other : layer.candidates) {
      if (other.bytes >= chosen.bytes) continue;
      if (step == nullptr ||
          value_of(proxy, other.divergence) < value_of(proxy, step->divergence)) {
        step = &other;
      }
    }
    add_row(table,
            {layer.name, std::to_string(layer.weights), chosen.text(), std::to_string(chosen.bytes),
             fixed(8 * static_cast<double>(chosen.bytes) / static_cast<double>(layer.weights), 2),
             fmt::format("{:.3g}", cost),
             step ? std::to_string(chosen.bytes - step->bytes) : std::string(results::kAbsent),
             step ? fmt::format("{:.3g}", value_of(proxy, step->divergence) - cost)
                  : std::string(results::kAbsent)});
  }
  return table;
}

std::size_t confirmed_on(const Recommendation& r) {
  for (const Tried* best :
       {r.hybrid ? &r.hybrids[*r.hybrid] : nullptr, r.uniform ? &r.uniforms[*r.uniform] : nullptr})
    if (best != nullptr && best->confirmation) return best->confirmation->images;
  return 0;
}

// "  - on 80 images that took no part: AP 73.10, 0.70 points lost (0.10 to 1.30); within 1 point".
std::string confirmation_text(const Recommendation& r, const Tried& best) {
  if (!best.confirmation) return "";
  const Confirmation& confirmed = *best.confirmation;
  std::string text =
      fmt::format("  - on {} images that took no part in the choice: AP {} of {}", confirmed.images,
                  fixed(100 * confirmed.ap, 2), fixed(100 * confirmed.baseline_ap, 2));
  if (const auto& ap = confirmed.difference.ap) {
    text += fmt::format(", {} points lost ({} to {})", fixed(-100 * ap->value, 2),
                        fixed(-100 * ap->high, 2), fixed(-100 * ap->low, 2));
  }
  if (!r.budget) text += "; " + metrics::verdict(confirmed.difference);
  return text + "\n";
}

std::string promise(const Recommendation& r) {
  if (r.budget) return fmt::format("at most {}", megabytes(*r.budget));
  std::string text = fmt::format("at most {} points of AP lost", fixed(100 * r.tolerance, 2));
  if (r.class_tolerance)
    text +=
        fmt::format(", and at most {} by any one class, as measured", r.class_tolerance->text());
  return text;
}

}  // namespace

OrderedJson recommendation_json(const Recommendation& r) {
  OrderedJson json;
  json["images"] = r.images;
  json["baseline"] = {{"AP", r.baseline_ap}, {"bytes", r.baseline_bytes}};
  if (r.budget) {
    json["budget_bytes"] = *r.budget;
  } else {
    json["tolerance"] = r.tolerance;
    if (r.class_tolerance) json["class_tolerance"] = r.class_tolerance->text();
  }
  json["hybrid"] = r.hybrid ? tried_json(r.hybrids[*r.hybrid]) : OrderedJson();
  json["uniform"] = r.uniform ? tried_json(r.uniforms[*r.uniform]) : OrderedJson();
  json["hybrids_tried"] = tried_json(r.hybrids);
  json["uniforms_tried"] = tried_json(r.uniforms);
  json["layers"] = OrderedJson::array();
  for (std::size_t i = 0; i < r.layers.size(); ++i) {
    const LayerCandidates& layer = r.layers[i];
    OrderedJson entry = {{"name", layer.name}, {"weights", layer.weights}};
    if (r.hybrid) entry["chosen"] = r.hybrids[*r.hybrid].choices[i];
    entry["candidates"] = OrderedJson::array();
    for (const LayerCandidate& candidate : layer.candidates) {
      entry["candidates"].push_back({{"recipe", candidate.text()},
                                     {"bytes", candidate.bytes},
                                     {"weight_noise", candidate.noise},
                                     {"head_error", candidate.divergence.head_error()},
                                     {"kl", candidate.divergence.kl()},
                                     {"detection_loss", candidate.divergence.detection_loss()}});
    }
    json["layers"].push_back(std::move(entry));
  }
  json["work"] = {{"tensors_quantized", r.tensors_tried},
                  {"uniforms_compared", r.uniforms_compared},
                  {"candidate_seconds", r.candidate_seconds},
                  {"calibration_images", r.calibration_images},
                  {"proxy_forwards", r.proxy_work.forwards},
                  {"proxy_macs", r.proxy_work.macs_run},
                  {"proxy_macs_saved_share", r.proxy_work.saved_share()},
                  {"proxy_seconds", r.proxy_seconds},
                  {"images_run", r.images_run},
                  {"images_full", r.images_full},
                  {"seconds", r.seconds}};
  return json;
}

std::string recommendation_text(const Recommendation& r) {
  std::string text = "# Recommendation\n\n";
  text += fmt::format("Asked for: {}. FP32: AP {}, {}.\n\n", promise(r),
                      fixed(100 * r.baseline_ap, 2), megabytes(r.baseline_bytes));
  const auto say = [&](const char* kind, const Tried* best) {
    if (best == nullptr) {
      text += fmt::format("- {}: none was found that keeps the promise\n", kind);
      return;
    }
    text += fmt::format("- {}{}: {} ({} bits per weight, {}x smaller than FP32), {}; {}\n", kind,
                        best->proxy ? "" : " (" + best->cell.recipe.text() + ")",
                        megabytes(best->bytes), fixed(best->bits_per_weight, 3),
                        fixed(static_cast<double>(r.baseline_bytes) /
                                  static_cast<double>(std::max<std::int64_t>(1, best->bytes)),
                              2),
                        ap_text(*best),
                        r.budget ? "within the budget" : metrics::verdict(best->trial.difference));
    text += confirmation_text(r, *best);
  };
  say("Hybrid", r.hybrid ? &r.hybrids[*r.hybrid] : nullptr);
  if (!r.uniforms.empty()) say("Uniform", r.uniform ? &r.uniforms[*r.uniform] : nullptr);
  text += fmt::format("\n## Tried\n\n{}\n", results::markdown_table(tried_table(r)));
  text += results::markdown_list(
      {"Points lost: of AP against FP32 on the same images, in brackets the 95 % interval "
       "(99.9 % where a network was stopped early).",
       fmt::format("The choice was made among these on {} images. {}", r.images,
                   confirmed_on(r) > 0
                       ? fmt::format("{} others, held out from it, say what it is worth (above).",
                                     confirmed_on(r))
                       : "None was held out to confirm it, which favours it a little.")});
  if (r.hybrid) {
    text += fmt::format("\n## Layers\n\n{}",
                        results::markdown_table(layer_table(r, r.hybrids[*r.hybrid])));
  }
  text += fmt::format(
      "\n## Cost\n\n{}",
      results::markdown_list(
          {fmt::format("{} tensors quantized in {} s", r.tensors_tried,
                       fixed(r.candidate_seconds, 1)),
           fmt::format("{} uniform choices compared on the calibration images",
                       r.uniforms_compared),
           fmt::format("{} forwards on batches of {} calibration images in {} s, {} of their "
                       "convolution work saved by shared prefixes",
                       r.proxy_work.forwards, r.calibration_images, fixed(r.proxy_seconds, 1),
                       share_text(r.proxy_work.saved_share())),
           fmt::format("{} images of {} evaluated ({} saved by stopping early), FP32 aside",
                       r.images_run, r.images_full,
                       share_text(r.images_full > 0 ? 1 - static_cast<double>(r.images_run) /
                                                              static_cast<double>(r.images_full)
                                                    : 0)),
           fmt::format("{} s in all", fixed(r.seconds, 1))}));
  return text;
}

std::string recommendation_csv(const Recommendation& r) {
  std::string text = "layer,weights,recipe,bytes,weight_noise,head_error,kl,detection_loss\n";
  if (!r.hybrid) return text;
  for (std::size_t i = 0; i < r.layers.size(); ++i) {
    const LayerCandidate& chosen = r.layers[i].candidates[r.hybrids[*r.hybrid].choices[i]];
    text += fmt::format("{},{},{},{},{},{},{},{}\n", results::csv_field(r.layers[i].name),
                        r.layers[i].weights, results::csv_field(chosen.text()), chosen.bytes,
                        chosen.noise, chosen.divergence.head_error(), chosen.divergence.kl(),
                        chosen.divergence.detection_loss());
  }
  return text;
}

}  // namespace qyolo::harness
