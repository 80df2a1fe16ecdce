#include <algorithm>
#include <cmath>

#include "harness/search/sensitivity.h"
#include "plots/charts.h"
#include "results/render.h"
#include "results/text.h"

namespace qyolo::harness {
namespace {

using results::fixed;

std::optional<double> lost(const Sensitivity& s, const LayerEffect& effect) {
  if (!s.baseline_ap || !effect.ap) return std::nullopt;
  return 100 * (*s.baseline_ap - *effect.ap);
}

// Points that all but this layer gain on all.
std::optional<double> gained(const Sensitivity& s, const LayerSensitivity& layer) {
  if (!s.all.ap || !layer.but_this.ap) return std::nullopt;
  return 100 * (*layer.but_this.ap - *s.all.ap);
}

std::string number(const std::optional<double>& value, int decimals) {
  return value ? fixed(*value, decimals) : std::string(results::kAbsent);
}

std::string significant(const std::optional<HeadDivergence>& divergence,
                        double (HeadDivergence::*measure)() const) {
  return divergence ? fmt::format("{:.3g}", ((*divergence).*measure)())
                    : std::string(results::kAbsent);
}

OrderedJson effect_json(const LayerEffect& effect) {
  OrderedJson json = OrderedJson::object();
  if (effect.ap) json["AP"] = *effect.ap;
  if (effect.divergence) {
    json["head_error"] = effect.divergence->head_error();
    json["kl"] = effect.divergence->kl();
    json["box_loss"] = effect.divergence->box_loss();
    json["detection_loss"] = effect.divergence->detection_loss();
  }
  return json;
}

OrderedJson cost_json(const std::optional<SensitivityCost>& cost) {
  if (!cost) return nullptr;
  return {{"images", cost->images},
          {"forwards", cost->work.forwards},
          {"macs", cost->work.macs_run},
          {"macs_saved_share", cost->work.saved_share()},
          {"seconds", cost->seconds}};
}

std::string cost_text(const char* what, const SensitivityCost& cost) {
  return fmt::format(
      "{}: {} images of each network, {} forwards of batches, {} s; shared prefixes saved {} % of "
      "the convolutions' work",
      what, cost.images, cost.work.forwards, fixed(cost.seconds, 1),
      fixed(100 * cost.work.saved_share(), 1));
}

}  // namespace

std::string sensitivity_text(const Sensitivity& s) {
  std::vector<const LayerSensitivity*> order;
  for (const LayerSensitivity& layer : s.layers) order.push_back(&layer);
  const auto weight_of = [&](const LayerSensitivity* layer) {
    if (const auto points = lost(s, layer->alone)) return *points;
    return layer->alone.divergence ? layer->alone.divergence->detection_loss() : -layer->sqnr_db;
  };
  std::ranges::stable_sort(order, std::greater<>(), weight_of);
  results::ReadingTable table;
  table.columns = {{"Layer", false, {}}, {"Weights", true, {}}, {"SQNR, dB", true, {}}};
  if (s.baseline_ap) {
    table.columns.push_back({"Alone: points lost", true, {}});
    table.columns.push_back({"All but it: points gained", true, {}});
  }
  if (s.proxy_cost) {
    for (const char* name : {"Head error", "KL, nats", "Detection loss"})
      table.columns.push_back({name, true, {}});
  }
  for (const LayerSensitivity* layer : order) {
    auto add = [&, column = std::size_t{0}](std::string text) mutable {
      table.columns[column++].cells.push_back({std::move(text)});
    };
    add(layer->name);
    add(std::to_string(layer->weights));
    add(std::isfinite(layer->sqnr_db) ? fixed(layer->sqnr_db, 2) : std::string(results::kAbsent));
    if (s.baseline_ap) {
      add(number(lost(s, layer->alone), 2));
      add(number(gained(s, *layer), 2));
    }
    if (s.proxy_cost) {
      add(significant(layer->alone.divergence, &HeadDivergence::head_error));
      add(significant(layer->alone.divergence, &HeadDivergence::kl));
      add(significant(layer->alone.divergence, &HeadDivergence::detection_loss));
    }
  }
  std::string text = fmt::format("# Sensitivity, {}\n\n", results::markdown_text(s.cell));
  if (s.baseline_ap) {
    text += fmt::format("FP32: AP {}. All layers quantized: AP {}.\n\n",
                        fixed(100 * *s.baseline_ap, 2), number(100 * s.all.ap.value_or(0), 2));
  }
  text += results::markdown_table(table) + "\n";
  std::vector<std::string> notes;
  for (const RankAgreement& agreement : s.agreement) {
    notes.push_back(fmt::format("{} and points lost, layers alone: Spearman {}, Kendall {}",
                                agreement.proxy, number(agreement.spearman, 3),
                                number(agreement.kendall, 3)));
  }
  if (s.proxy_cost) notes.push_back(cost_text("Proxies", *s.proxy_cost));
  if (s.ap_cost) notes.push_back(cost_text("AP", *s.ap_cost));
  return text + results::markdown_list(notes);
}

std::string sensitivity_csv(const Sensitivity& s) {
  std::string text =
      "layer,weights,sqnr_db,alone_AP,alone_head_error,alone_kl,alone_detection_loss,"
      "but_this_AP,but_this_head_error,but_this_kl,but_this_detection_loss\n";
  for (const LayerSensitivity& layer : s.layers) {
    text += fmt::format("{},{},{}", results::csv_field(layer.name), layer.weights,
                        std::isfinite(layer.sqnr_db) ? fmt::format("{}", layer.sqnr_db) : "");
    for (const LayerEffect* effect : {&layer.alone, &layer.but_this}) {
      text += effect->ap ? fmt::format(",{}", *effect->ap) : ",";
      text += effect->divergence
                  ? fmt::format(",{},{},{}", effect->divergence->head_error(),
                                effect->divergence->kl(), effect->divergence->detection_loss())
                  : ",,,";
    }
    text += '\n';
  }
  return text;
}

OrderedJson sensitivity_json(const Sensitivity& s) {
  OrderedJson json;
  json["cell"] = s.cell;
  json["baseline_AP"] = s.baseline_ap ? OrderedJson(*s.baseline_ap) : OrderedJson();
  json["all"] = effect_json(s.all);
  json["layers"] = OrderedJson::array();
  for (const LayerSensitivity& layer : s.layers) {
    json["layers"].push_back(
        {{"name", layer.name},
         {"weights", layer.weights},
         {"sqnr_db", std::isfinite(layer.sqnr_db) ? OrderedJson(layer.sqnr_db) : OrderedJson()},
         {"alone", effect_json(layer.alone)},
         {"but_this", effect_json(layer.but_this)}});
  }
  json["rank_agreement"] = OrderedJson::array();
  for (const RankAgreement& agreement : s.agreement) {
    OrderedJson entry = {{"proxy", agreement.proxy}};
    entry["spearman"] = agreement.spearman ? OrderedJson(*agreement.spearman) : OrderedJson();
    entry["kendall"] = agreement.kendall ? OrderedJson(*agreement.kendall) : OrderedJson();
    json["rank_agreement"].push_back(std::move(entry));
  }
  json["cost"] = {{"AP", cost_json(s.ap_cost)}, {"proxies", cost_json(s.proxy_cost)}};
  return json;
}

std::vector<std::pair<std::string, std::string>> sensitivity_charts(const Sensitivity& s) {
  std::vector<std::pair<std::string, std::string>> charts;
  const auto add = [&](const char* file, const char* measure, const auto& alone,
                       const auto& but_this) {
    plots::SensitivityBars bars{s.cell, measure, {}};
    for (const LayerSensitivity& layer : s.layers)
      bars.bars.push_back({layer.name, alone(layer), but_this(layer)});
    charts.emplace_back(file, plots::sensitivity_chart(bars));
  };
  using Layer = const LayerSensitivity&;
  const auto none = [](Layer) { return std::optional<double>(); };
  if (s.baseline_ap) {
    add(
        "sensitivity-ap.svg", "AP lost, points", [&](Layer layer) { return *lost(s, layer.alone); },
        [&](Layer layer) { return gained(s, layer); });
  }
  if (s.proxy_cost) {
    add(
        "sensitivity-head-error.svg", "relative squared error of the head, %",
        [](Layer layer) { return 100 * layer.alone.divergence->head_error(); }, none);
    add(
        "sensitivity-kl.svg", "KL divergence of the scores, nats per image",
        [](Layer layer) { return layer.alone.divergence->kl(); }, none);
  }
  return charts;
}

}  // namespace qyolo::harness
