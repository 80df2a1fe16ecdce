#include "results/judged_record.h"

#include <cmath>

#include "metrics/statistics.h"
#include "results/text.h"

namespace qyolo::results {
namespace {

constexpr std::string_view kJudge = "the judge's report";

Result<std::vector<double>> numbers(const Json& list) {
  std::vector<double> values;
  for (const Json& one : list) {
    if (!one.is_number()) return error("{}: expected numbers of milliseconds", kJudge);
    values.push_back(one.get<double>());
  }
  return values;
}

}  // namespace

std::optional<double> JudgedRecord::median() const {
  for (const auto& [name, value] : milliseconds)
    if (name == runtime) return value;
  return std::nullopt;
}

std::string JudgedRecord::own_medians() const {
  std::string text;
  for (const auto& [name, value] : milliseconds) {
    if (name == runtime) continue;
    text += fmt::format("{}{} {:.1f} ms", text.empty() ? "" : ", ", name, value);
  }
  return text;
}

Result<JudgedRecord> parse_judged(const std::string& text) {
  QYOLO_TRY(const Json report, parse_json(text, std::string(kJudge)));
  const auto number = [&](const char* key) -> Result<double> {
    const Json value = member(report, key);
    if (!value.is_number() || !std::isfinite(value.get<double>()))
      return error("{}: {}: expected a number", kJudge, key);
    return value.get<double>();
  };
  JudgedRecord judged;
  const Json runtime = member(report, "runtime");
  const Json convolutions = member(report, "convolutions");
  const Json milliseconds = member(report, "milliseconds");
  if (!runtime.is_string() || !convolutions.is_object() || !milliseconds.is_object())
    return error("{}: expected a runtime, its convolutions, and milliseconds", kJudge);
  judged.runtime = runtime.get<std::string>();
  QYOLO_TRY(judged.ap, number("ap"));
  QYOLO_TRY(judged.qyolo_ap, number("qyolo_ap"));
  QYOLO_TRY(const double images, number("images"));
  QYOLO_TRY(const double integers, number("integer_convolutions"));
  judged.images = static_cast<std::int64_t>(images);
  judged.integer_convolutions = static_cast<std::int64_t>(integers);
  for (const Json& count : convolutions) {
    if (!count.is_number_integer()) return error("{}: expected numbers of convolutions", kJudge);
    judged.convolutions += count.get<std::int64_t>();
  }
  for (const auto& [name, samples] : milliseconds.items()) {
    QYOLO_TRY(const std::vector<double> values, numbers(samples));
    if (!values.empty()) judged.milliseconds.emplace_back(name, metrics::quantile(values, 0.5));
  }
  return judged;
}

std::string judged_text(const std::vector<JudgedRecord>& judged) {
  std::string text;
  for (const JudgedRecord& one : judged) {
    text += fmt::format(
        "- {}: AP {:.2f}, here {:.2f}, on {} square inputs; {} of {} convolutions on integers",
        one.runtime, 100 * one.ap, 100 * one.qyolo_ap, one.images, one.integer_convolutions,
        one.convolutions);
    if (const auto median = one.median())
      text += fmt::format("; {:.1f} ms, {}", *median, one.own_medians());
    text += '\n';
  }
  return text;
}

}  // namespace qyolo::results
