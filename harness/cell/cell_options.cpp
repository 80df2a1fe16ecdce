#include "harness/cell/cell_options.h"

namespace qyolo::harness {
namespace {

Status read_flag(const JsonObject& object, const char* name, bool& out) {
  QYOLO_TRY(out, object.boolean(name));
  return {};
}

// The choice of that name, or parse()'s complaint with the place in front.
template <class Choice>
Status read_choice(const JsonObject& object, const char* name,
                   Result<Choice> (*parse)(std::string_view), Choice& out) {
  QYOLO_TRY(const std::string text, object.string(name));
  auto choice = parse(text);
  if (!choice.ok()) return error("{}: {}", object.place_of(name), choice.error().message);
  out = std::move(choice).value();
  return {};
}

Status read_float_width(const JsonObject& object, const char* name, int& out) {
  QYOLO_TRY(const std::int64_t bits, object.integer(name, 16, 32));
  if (bits != 16 && bits != 32)
    return error("{} is {}, expected 16 or 32", object.place_of(name), bits);
  out = static_cast<int>(bits);
  return {};
}

Result<bool> parse_on_off(std::string_view text) {
  if (text == "on") return true;
  if (text == "off") return false;
  return error("'{}', expected on or off", text);
}

std::vector<std::string> names_of(const std::vector<quant::Choice>& choices) {
  std::vector<std::string> names;
  for (const quant::Choice& choice : choices) names.emplace_back(choice.name);
  return names;
}

using Scope = CellOption::Scope;

}  // namespace

const std::vector<CellOption>& cell_options() {
  static const std::vector<CellOption> options = {
      {"breakpoint", "piecewise-linear schemes: how the breakpoint is chosen", Scope::kScheme,
       names_of(quant::all_breakpoints()),
       [](const JsonObject& object, CellSettings& out) -> Status {
         return read_choice(object, "breakpoint", &quant::parse_breakpoint, out.scheme.breakpoint);
       },
       [](const CellSettings& from) {
         return Json(std::string(quant::breakpoint_name(from.scheme.breakpoint)));
       }},
      {"range", "uniform schemes: how the range of a group is found", Scope::kScheme,
       names_of(quant::Range::all()),
       [](const JsonObject& object, CellSettings& out) -> Status {
         return read_choice(object, "range", &quant::Range::parse, out.scheme.range);
       },
       [](const CellSettings& from) { return Json(from.scheme.range.name()); }},
      {"rounding",
       "how weights become codes; all but nearest look at the layer's inputs on calibration images",
       Scope::kScheme, names_of(quant::all_roundings()),
       [](const JsonObject& object, CellSettings& out) -> Status {
         return read_choice(object, "rounding", &quant::parse_rounding, out.scheme.rounding);
       },
       [](const CellSettings& from) {
         // Absent from cells without it, as it was before there was a choice.
         return from.scheme.rounding == quant::Rounding::kNearest
                    ? Json()
                    : Json(std::string(quant::rounding_name(from.scheme.rounding)));
       }},
      {"include_zero",
       "affine: extend every range to contain 0",
       Scope::kScheme,
       {"true", "false"},
       [](const JsonObject& object, CellSettings& out) {
         return read_flag(object, "include_zero", out.scheme.include_zero);
       },
       [](const CellSettings& from) { return Json(from.scheme.include_zero); }},
      {"bias_correction",
       "per filter, match mean and standard deviation of the reconstruction to the original",
       Scope::kScheme,
       {"true", "false"},
       [](const JsonObject& object, CellSettings& out) {
         return read_flag(object, "bias_correction", out.scheme.bias_correction);
       },
       [](const CellSettings& from) { return Json(from.scheme.bias_correction); }},
      {"integer_zero_points",
       "store zero-points as integers instead of FP32",
       Scope::kScheme,
       {"true", "false"},
       [](const JsonObject& object, CellSettings& out) {
         return read_flag(object, "integer_zero_points", out.scheme.integer_zero_points);
       },
       [](const CellSettings& from) { return Json(from.scheme.integer_zero_points); }},
      {"scale_bits",
       "width of a stored scale: 32 or 16",
       Scope::kScheme,
       {"32", "16"},
       [](const JsonObject& object, CellSettings& out) {
         return read_float_width(object, "scale_bits", out.scheme.scale_bits);
       },
       [](const CellSettings& from) { return Json(from.scheme.scale_bits); }},
      {"fold",
       "quantize the network with batch norms folded in (on), or the checkpoint's own weights "
       "(off)",
       Scope::kNetwork,
       {"on", "off"},
       [](const JsonObject& object, CellSettings& out) -> Status {
         return read_choice(object, "fold", &parse_on_off, out.network.fold);
       },
       [](const CellSettings& from) { return Json(from.network.fold ? "on" : "off"); }},
      {"kept_bits",
       "width of what stays in floating point beside quantized weights: 16 or 32",
       Scope::kNetwork,
       {"16", "32"},
       [](const JsonObject& object, CellSettings& out) {
         return read_float_width(object, "kept_bits", out.network.kept_bits);
       },
       [](const CellSettings& from) { return Json(from.network.kept_bits); }},
      {"activation_bits",
       "bits per activation, 4 to 8; 0: activations stay in floating point",
       Scope::kActivations,
       {},
       [](const JsonObject& object, CellSettings& out) -> Status {
         QYOLO_TRY(const std::int64_t bits,
                   object.integer("activation_bits", 0, quant::kMaxActivationBits));
         if (bits != 0 && bits < quant::kMinActivationBits)
           return error("{} is {}, expected 0 or 4 to 8", object.place_of("activation_bits"), bits);
         out.activation_bits = static_cast<int>(bits);
         return {};
       },
       [](const CellSettings& from) {
         return from.activation_bits == 0 ? Json() : Json(from.activation_bits);
       }},
      {"activation_range",
       "how the range of an activation tensor is found: minmax, percentile:P, mse, entropy",
       Scope::kActivations, names_of(quant::CalibrationMethod::all()),
       [](const JsonObject& object, CellSettings& out) -> Status {
         return read_choice(object, "activation_range", &quant::CalibrationMethod::parse,
                            out.activations.method);
       },
       [](const CellSettings& from) {
         return from.activation_bits == 0 ? Json() : Json(from.activations.method.name());
       }},
      {"activation_shared",
       "the inputs of a concatenation share one activation range",
       Scope::kActivations,
       {"true", "false"},
       [](const JsonObject& object, CellSettings& out) {
         return read_flag(object, "activation_shared", out.activations.shared);
       },
       [](const CellSettings& from) {
         return from.activation_bits == 0 ? Json() : Json(from.activations.shared);
       }},
  };
  return options;
}

const CellOption* find_cell_option(std::string_view name) {
  for (const CellOption& option : cell_options()) {
    if (name == option.name) return &option;
  }
  return nullptr;
}

std::vector<std::string> cell_option_names() {
  std::vector<std::string> names;
  for (const CellOption& option : cell_options()) names.emplace_back(option.name);
  return names;
}

std::vector<std::string> layer_option_names() {
  std::vector<std::string> names;
  for (const CellOption& option : cell_options())
    if (option.scope == Scope::kScheme) names.emplace_back(option.name);
  return names;
}

}  // namespace qyolo::harness
