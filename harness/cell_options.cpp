#include "harness/cell_options.h"

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

}  // namespace

const std::vector<CellOption>& cell_options() {
  static const std::vector<CellOption> options = {
      {"breakpoint", "piecewise-linear schemes: how the breakpoint is chosen",
       [](const JsonObject& object, quant::SchemeOptions& out) -> Status {
         return read_choice(object, "breakpoint", &quant::parse_breakpoint, out.breakpoint);
       },
       [](const quant::SchemeOptions& from) {
         return Json(std::string(quant::breakpoint_name(from.breakpoint)));
       }},
      {"range", "uniform schemes: how the range of a group is found",
       [](const JsonObject& object, quant::SchemeOptions& out) -> Status {
         return read_choice(object, "range", &quant::Range::parse, out.range);
       },
       [](const quant::SchemeOptions& from) { return Json(from.range.name()); }},
      {"include_zero", "affine: extend every range to contain 0",
       [](const JsonObject& object, quant::SchemeOptions& out) {
         return read_flag(object, "include_zero", out.include_zero);
       },
       [](const quant::SchemeOptions& from) { return Json(from.include_zero); }},
      {"bias_correction",
       "per filter, match mean and standard deviation of the reconstruction to the original",
       [](const JsonObject& object, quant::SchemeOptions& out) {
         return read_flag(object, "bias_correction", out.bias_correction);
       },
       [](const quant::SchemeOptions& from) { return Json(from.bias_correction); }},
      {"integer_zero_points", "store zero-points as integers instead of FP32",
       [](const JsonObject& object, quant::SchemeOptions& out) {
         return read_flag(object, "integer_zero_points", out.integer_zero_points);
       },
       [](const quant::SchemeOptions& from) { return Json(from.integer_zero_points); }},
      {"scale_bits", "width of a stored scale: 32 or 16",
       [](const JsonObject& object, quant::SchemeOptions& out) -> Status {
         QYOLO_TRY(const std::int64_t bits, object.integer("scale_bits", 16, 32));
         if (bits != 16 && bits != 32)
           return error("{} is {}, expected 16 or 32", object.place_of("scale_bits"), bits);
         out.scale_bits = static_cast<int>(bits);
         return {};
       },
       [](const quant::SchemeOptions& from) { return Json(from.scale_bits); }},
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

}  // namespace qyolo::harness
