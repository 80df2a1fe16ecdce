#include "harness/quant/options.h"

#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <utility>

namespace qyolo::quant {
namespace {

constexpr std::string_view kPercentilePrefix = "percentile:";

constexpr std::array kBreakpoints = {
    std::pair{Breakpoint::kGaussian,
              Choice{"gaussian", "solves for the optimum under a normal distribution"}},
    std::pair{Breakpoint::kLaplace,
              Choice{"laplace", "solves for the optimum under a Laplace distribution"}},
    std::pair{Breakpoint::kGaussianApprox,
              Choice{"gaussian-approx", "ln(0.86143114 m + 0.607901097), in standard deviations"}},
    std::pair{Breakpoint::kLaplaceApprox,
              Choice{"laplace-approx", "0.80304483 sqrt(m) - 0.31667855, in standard deviations"}},
    std::pair{Breakpoint::kSearch,
              Choice{"search", "the p/m of least squared error, on a grid of .1, .01, then .001"}},
};

constexpr std::array kRoundings = {
    std::pair{Rounding::kNearest, Choice{"nearest", "each weight to its nearest code"}},
    std::pair{Rounding::kGptq,
              Choice{"gptq", "one weight after the other, the next ones making up for its error"}},
    std::pair{Rounding::kCoordinate,
              Choice{"coordinate", "gptq, then each weight in turn to the best code, in passes"}},
};

std::vector<std::string_view> names_of(const std::vector<Choice>& choices) {
  std::vector<std::string_view> names;
  for (const Choice& choice : choices) names.push_back(choice.name);
  return names;
}

}  // namespace

Result<std::optional<double>> parse_percentile(std::string_view what, std::string_view name) {
  if (!name.starts_with(kPercentilePrefix)) return std::optional<double>();
  const std::string_view number = name.substr(kPercentilePrefix.size());
  const char* end = number.data() + number.size();
  double percentile = 0;
  const auto [stop, failure] = std::from_chars(number.data(), end, percentile);
  if (failure == std::errc{} && stop == end && percentile > 50 && percentile <= 100)
    return std::optional(percentile);
  return error("{} '{}': expected percentile:P with 50 < P <= 100", what, name);
}

std::string percentile_name(double percentile) {
  return fmt::format("{}{}", kPercentilePrefix, percentile);
}

const std::vector<Choice>& Range::all() {
  static const std::vector<Choice> choices = {
      {"minmax", "from the smallest to the largest weight"},
      {"percentile:P", "from the quantile 1 - P/100 to the quantile P/100, 50 < P <= 100"},
      {"mse", "minmax shrunk by the ratio of least squared error"},
      {"hmse", "likewise, weights counted by the mean square of their inputs"},
      {"output", "likewise, by the error of the filter's outputs"},
  };
  return choices;
}

Result<Range> Range::parse(std::string_view name) {
  if (name == "minmax") return Range{};
  if (name == "mse") return Range{.kind = Kind::kMse};
  if (name == "hmse") return Range{.kind = Kind::kHmse};
  if (name == "output") return Range{.kind = Kind::kOutput};
  QYOLO_TRY(const std::optional<double> percentile, parse_percentile("range", name));
  if (percentile) return Range{.kind = Kind::kPercentile, .percentile = *percentile};
  return error("range '{}': expected one of {}", name, fmt::join(names_of(all()), ", "));
}

std::string Range::name() const {
  switch (kind) {
    case Kind::kPercentile:
      return percentile_name(percentile);
    case Kind::kMse:
      return "mse";
    case Kind::kHmse:
      return "hmse";
    case Kind::kOutput:
      return "output";
    case Kind::kMinMax:
      break;
  }
  return "minmax";
}

Result<Rounding> parse_rounding(std::string_view name) {
  for (const auto& [rounding, choice] : kRoundings) {
    if (choice.name == name) return rounding;
  }
  return error("rounding '{}': expected one of {}", name,
               fmt::join(names_of(all_roundings()), ", "));
}

std::string_view rounding_name(Rounding rounding) {
  return kRoundings[static_cast<std::size_t>(rounding)].second.name;
}

const std::vector<Choice>& all_roundings() {
  static const std::vector<Choice> choices = [] {
    std::vector<Choice> result;
    for (const auto& [rounding, choice] : kRoundings) result.push_back(choice);
    return result;
  }();
  return choices;
}

Result<Breakpoint> parse_breakpoint(std::string_view name) {
  for (const auto& [method, choice] : kBreakpoints) {
    if (choice.name == name) return method;
  }
  return error("breakpoint '{}': expected one of {}", name,
               fmt::join(names_of(all_breakpoints()), ", "));
}

std::string_view breakpoint_name(Breakpoint method) {
  return kBreakpoints[static_cast<std::size_t>(method)].second.name;
}

const std::vector<Choice>& all_breakpoints() {
  static const std::vector<Choice> choices = [] {
    std::vector<Choice> result;
    for (const auto& [method, choice] : kBreakpoints) result.push_back(choice);
    return result;
  }();
  return choices;
}

}  // namespace qyolo::quant
