#include "results/inspection_record.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "common/words.h"
#include "results/fields.h"
#include "results/record.h"
#include "results/text.h"

namespace qyolo::results {

constexpr std::string_view kInspection = "inspection", kHistogram = "histogram";

template <class Fields>
void describe(Fields& fields, Of<Fields, InspectedLayer>& layer) {
  fields("name", layer.name);
  fields("type", layer.type);
  fields("index", layer.index);
  fields("shape", layer.shape);
  fields("head", layer.head);
  fields("weights", layer.weights);
  fields("groups", layer.groups);
  fields("recipe", layer.recipe);
  fields("bits", layer.bits);
  fields("true_bytes", layer.true_bytes);
  fields("min", layer.min);
  fields("max", layer.max);
  fields("std", layer.std);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, InspectedArtifact>& artifact) {
  fields("header_bytes", artifact.header_bytes);
  fields("data_bytes", artifact.data_bytes);
  fields("regions", artifact.regions);
  fields("checkpoint_sha256", artifact.checkpoint_sha256);
  fields("qyolo", artifact.qyolo);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, Inspection>& inspection) {
  fields("head", inspection.head);
  fields("source", inspection.source);
  fields("classes", inspection.classes);
  fields("strides", inspection.strides);
  fields("anchors", inspection.anchors);
  fields.if_any("artifact", inspection.artifact);
  fields("convolutions", inspection.convolutions);
  fields("weights", inspection.weights);
  fields("biases", inspection.biases);
  fields("stored_values", inspection.stored_values);
  fields("stored_conv_weights", inspection.stored_conv_weights);
  fields("cell", inspection.cell);
  fields("memory", inspection.memory);
  fields("layers", inspection.layers);
  if constexpr (Fields::kReads) inspection.cell_label = json_text(Json(inspection.cell), "label");
}

template <class Fields>
void describe(Fields& fields, Of<Fields, WeightHistogram::Level>& level) {
  fields("value", level.value);
  fields("weights", level.weights);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, WeightHistogram>& histogram) {
  fields("layer", histogram.layer);
  fields("shape", histogram.shape);
  fields("cell", histogram.cell);
  fields("group", histogram.group);
  fields("weights", histogram.weights);
  fields("low", histogram.low);
  fields("high", histogram.high);
  fields("counts", histogram.counts);
  fields("levels", histogram.levels);
  fields("breakpoints", histogram.breakpoints);
  fields("clipped", histogram.clipped);
  fields("sqnr_db", histogram.sqnr_db);
  fields.if_any("note", histogram.note);
}

OrderedJson inspection_json(const Inspection& inspection) {
  return document_json(kInspection, kSchema, inspection);
}
Result<Inspection> read_inspection(const Json& document, const std::string& place) {
  return read_document<Inspection>(kInspection, kSchema, document, place);
}
OrderedJson histogram_json(const WeightHistogram& histogram) {
  return document_json(kHistogram, kSchema, histogram);
}
Result<WeightHistogram> read_histogram(const Json& document, const std::string& place) {
  return read_document<WeightHistogram>(kHistogram, kSchema, document, place);
}

namespace {

// "64x32x3x3": filters, channels, kernel.
std::string shape_text(const std::array<std::int64_t, 4>& shape) {
  return fmt::format("{}", fmt::join(shape, "x"));
}

std::string layers_text(const Inspection& inspection) {
  std::size_t name = 5, type = 4, recipe = 6;
  for (const InspectedLayer& layer : inspection.layers) {
    name = std::max(name, length_of(layer.name));
    type = std::max(type, length_of(layer.type));
    recipe = std::max(recipe, length_of(layer.recipe));
  }
  std::string text =
      fmt::format("{:<{}} {:<{}} {:>16} {:>9} {:<{}} {:>4} {:>7} {:>9}\n", "layer", name, "type",
                  type, "shape", "weights", "recipe", recipe, "bits", "groups", "bytes");
  for (const InspectedLayer& layer : inspection.layers) {
    text += fmt::format("{:<{}} {:<{}} {:>16} {:>9} {:<{}} {:>4} {:>7} {:>9}\n", layer.name, name,
                        layer.type, type, shape_text(layer.shape), layer.weights, layer.recipe,
                        recipe, layer.bits, layer.groups, layer.true_bytes);
  }
  return text;
}

}  // namespace

std::string inspection_text(const Inspection& inspection) {
  std::string text = layers_text(inspection);
  text +=
      fmt::format("\n{} head, {} classes, strides {}; read from '{}'\n", inspection.head,
                  inspection.classes.size(), Json(inspection.strides).dump(), inspection.source);
  text += fmt::format(
      "{} convolutions, {} weights, {} biases after fusing; {} values stored, {} of them conv "
      "weights\n",
      inspection.convolutions, inspection.weights, inspection.biases, inspection.stored_values,
      inspection.stored_conv_weights);
  const auto number = [memory = Json(inspection.memory)](const char* key) {
    const Json& value = member(memory, key);
    return value.is_number() ? value.get<double>() : 0;
  };
  text +=
      fmt::format("{}: {:.0f} bytes, {:.3f} bits per weight, {} (paper accounting {:.2f}x)\n",
                  inspection.cell_label, number("true_bytes"), number("bits_per_weight"),
                  size_ratio_text(number("ratio_fp16_true"), "FP16"), number("ratio_fp16_paper"));
  if (const auto& artifact = inspection.artifact) {
    text += fmt::format(
        "artifact of qyolo {}: {} bytes of data and a header of {}, {} regions, made from the "
        "checkpoint {}\n",
        artifact->qyolo, artifact->data_bytes, artifact->header_bytes, artifact->regions,
        artifact->checkpoint_sha256);
  }
  return text;
}

std::string histogram_text(const WeightHistogram& histogram) {
  return fmt::format("{}, {}{}: {} weights from {:g} to {:g}, {} levels, {} clipped{}\n",
                     plain_text(histogram.layer), plain_text(histogram.cell),
                     histogram.group.empty() ? "" : ", " + plain_text(histogram.group),
                     histogram.weights, histogram.low, histogram.high, histogram.levels.size(),
                     histogram.clipped,
                     histogram.sqnr_db ? fmt::format(", SQNR {:.2f} dB", *histogram.sqnr_db) : "");
}

std::string histogram_csv(const WeightHistogram& histogram) {
  std::string text = "low,high,weights\n";
  const double width =
      (histogram.high - histogram.low) / static_cast<double>(histogram.counts.size());
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    const double low = histogram.low + width * static_cast<double>(i);
    text += fmt::format("{},{},{}\n", low, low + width, histogram.counts[i]);
  }
  return text;
}

std::string inspection_csv(const Inspection& inspection) {
  std::string text =
      "layer,type,index,n,c,kh,kw,head,weights,groups,recipe,bits,true_bytes,min,max,std\n";
  for (const InspectedLayer& layer : inspection.layers) {
    const auto& [n, c, kh, kw] = layer.shape;
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(layer.name),
                        csv_field(layer.type), layer.index, n, c, kh, kw, layer.head, layer.weights,
                        layer.groups, csv_field(layer.recipe), layer.bits, layer.true_bytes,
                        layer.min, layer.max, layer.std);
  }
  return text;
}

Renderers renderers_of(const Inspection& inspection) {
  return {[&inspection] { return inspection_text(inspection); },
          [&inspection] { return inspection_csv(inspection); },
          [&inspection] { return document_text(inspection_json(inspection)); }};
}

Renderers renderers_of(const WeightHistogram& histogram) {
  return {[&histogram] { return histogram_text(histogram); },
          [&histogram] { return histogram_csv(histogram); },
          [&histogram] { return document_text(histogram_json(histogram)); }};
}

}  // namespace qyolo::results
