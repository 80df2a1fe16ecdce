#include "results/sensitivity_record.h"

#include <algorithm>
#include <functional>

#include "results/fields.h"
#include "results/record.h"
#include "results/render.h"
#include "results/text.h"

namespace qyolo::results {

constexpr std::string_view kSensitivity = "sensitivity";

template <class Fields>
void describe(Fields& fields, Of<Fields, LayerEffectRecord>& effect) {
  fields.if_any("AP", effect.ap);
  fields.if_any("head_error", effect.head_error);
  fields.if_any("kl", effect.kl);
  fields.if_any("box_loss", effect.box_loss);
  fields.if_any("detection_loss", effect.detection_loss);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, LayerSensitivityRecord>& layer) {
  fields("name", layer.name);
  fields("weights", layer.weights);
  fields("sqnr_db", layer.sqnr_db);
  fields("alone", layer.alone);
  fields("but_this", layer.but_this);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, RankAgreementRecord>& agreement) {
  fields("proxy", agreement.proxy);
  fields("spearman", agreement.spearman);
  fields("kendall", agreement.kendall);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, SensitivityCostRecord>& cost) {
  fields("images", cost.images);
  fields("forwards", cost.forwards);
  fields("macs", cost.macs);
  fields("macs_saved_share", cost.macs_saved_share);
  fields("seconds", cost.seconds);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, SensitivityRecord>& record) {
  fields.if_any("model", record.model);
  fields.if_any("dataset", record.dataset);
  fields("cell", record.cell);
  fields("baseline_AP", record.baseline_ap);
  fields("all", record.all);
  fields("layers", record.layers);
  fields("rank_agreement", record.agreement);
  fields.object("cost", [&](auto& inner) {
    inner("AP", record.ap_cost);
    inner("proxies", record.proxy_cost);
  });
}

namespace {

std::string number_or_absent(const std::optional<double>& value, int decimals) {
  return value ? fixed(*value, decimals) : std::string(kAbsent);
}

std::string significant(const std::optional<double>& value) {
  return value ? fmt::format("{:.3g}", *value) : std::string(kAbsent);
}

std::string cost_text(const char* what, const SensitivityCostRecord& cost) {
  return fmt::format(
      "{}: {} images of each network, {} forwards of batches, {} s; shared prefixes saved {} % of "
      "the convolutions' work",
      what, cost.images, cost.forwards, fixed(cost.seconds, 1),
      fixed(100 * cost.macs_saved_share, 1));
}

std::vector<const LayerSensitivityRecord*> most_sensitive_first(const SensitivityRecord& record) {
  std::vector<const LayerSensitivityRecord*> order;
  for (const LayerSensitivityRecord& layer : record.layers) order.push_back(&layer);
  std::ranges::stable_sort(order, std::greater<>(), [&](const LayerSensitivityRecord* layer) {
    if (const auto points = record.lost(*layer)) return *points;
    if (layer->alone.detection_loss) return *layer->alone.detection_loss;
    return layer->sqnr_db ? -*layer->sqnr_db : -HUGE_VAL;
  });
  return order;
}

}  // namespace

std::optional<double> SensitivityRecord::lost(const LayerSensitivityRecord& layer) const {
  if (!baseline_ap || !layer.alone.ap) return std::nullopt;
  return 100 * (*baseline_ap - *layer.alone.ap);
}

std::optional<double> SensitivityRecord::gained(const LayerSensitivityRecord& layer) const {
  if (!all.ap || !layer.but_this.ap) return std::nullopt;
  return 100 * (*layer.but_this.ap - *all.ap);
}

OrderedJson sensitivity_json(const SensitivityRecord& record) {
  return document_json(kSensitivity, kSchema, record);
}

Result<SensitivityRecord> read_sensitivity(const Json& document, const std::string& place) {
  return read_document<SensitivityRecord>(kSensitivity, kSchema, document, place);
}

std::string sensitivity_text(const SensitivityRecord& record) {
  ReadingTable table;
  table.columns = {{"Layer", false, {}}, {"Weights", true, {}}, {"SQNR, dB", true, {}}};
  if (record.baseline_ap) {
    table.columns.push_back({"Alone: points lost", true, {}});
    table.columns.push_back({"All but it: points gained", true, {}});
  }
  if (record.proxy_cost) {
    for (const char* name : {"Head error", "KL, nats", "Detection loss"})
      table.columns.push_back({name, true, {}});
  }
  for (const LayerSensitivityRecord* layer : most_sensitive_first(record)) {
    std::vector<std::string> cells = {layer->name, std::to_string(layer->weights),
                                      number_or_absent(layer->sqnr_db, 2)};
    if (record.baseline_ap) {
      cells.push_back(number_or_absent(record.lost(*layer), 2));
      cells.push_back(number_or_absent(record.gained(*layer), 2));
    }
    if (record.proxy_cost) {
      cells.push_back(significant(layer->alone.head_error));
      cells.push_back(significant(layer->alone.kl));
      cells.push_back(significant(layer->alone.detection_loss));
    }
    add_row(table, std::move(cells));
  }
  std::string text = fmt::format("# Sensitivity, {}\n\n", markdown_text(record.cell));
  if (record.baseline_ap) {
    text += fmt::format("FP32: AP {}. All layers quantized: AP {}.\n\n",
                        fixed(100 * *record.baseline_ap, 2),
                        number_or_absent(100 * record.all.ap.value_or(0), 2));
  }
  text += markdown_table(table) + "\n";
  std::vector<std::string> notes;
  for (const RankAgreementRecord& agreement : record.agreement) {
    notes.push_back(fmt::format("{} and points lost, layers alone: Spearman {}, Kendall {}",
                                agreement.proxy, number_or_absent(agreement.spearman, 3),
                                number_or_absent(agreement.kendall, 3)));
  }
  if (record.proxy_cost) notes.push_back(cost_text("Proxies", *record.proxy_cost));
  if (record.ap_cost) notes.push_back(cost_text("AP", *record.ap_cost));
  return text + markdown_list(notes);
}

std::string sensitivity_csv(const SensitivityRecord& record) {
  std::string text =
      "layer,weights,sqnr_db,alone_AP,alone_head_error,alone_kl,alone_detection_loss,"
      "but_this_AP,but_this_head_error,but_this_kl,but_this_detection_loss\n";
  const auto field = [](const std::optional<double>& value) {
    return value ? fmt::format("{}", *value) : std::string();
  };
  for (const LayerSensitivityRecord& layer : record.layers) {
    text += fmt::format("{},{},{}", csv_field(layer.name), layer.weights, field(layer.sqnr_db));
    for (const LayerEffectRecord* effect : {&layer.alone, &layer.but_this}) {
      text += fmt::format(",{},{},{},{}", field(effect->ap), field(effect->head_error),
                          field(effect->kl), field(effect->detection_loss));
    }
    text += '\n';
  }
  return text;
}

Renderers renderers_of(const SensitivityRecord& record) {
  return {[&record] { return sensitivity_text(record); },
          [&record] { return sensitivity_csv(record); },
          [&record] { return document_text(sensitivity_json(record)); }};
}

}  // namespace qyolo::results
