#include "results/verdicts.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <set>
#include <string_view>

#include "results/text.h"

namespace qyolo::results {
namespace {

using Rows = std::vector<const Row*>;

Rows rows_with(const Rows& rows, std::string_view decision) {
  Rows found;
  std::ranges::copy_if(rows, std::back_inserter(found),
                       [&](const Row* row) { return row->decision == decision; });
  return found;
}

std::string names_of(const Rows& rows) {
  std::vector<std::string> names;
  for (const Row* row : rows) names.push_back(label_of(*row));
  return fmt::format("{}", fmt::join(names, ", "));
}

// What all rows share, or `otherwise`.
std::string shared(const Rows& rows, std::optional<double> Row::*number, auto text,
                   std::string otherwise) {
  std::set<std::optional<double>> values;
  for (const Row* row : rows) values.insert(row->*number);
  const bool one = values.size() == 1 && values.begin()->has_value();
  return one ? text(**values.begin()) : std::move(otherwise);
}

std::string number_text(double fraction) { return fmt::format("{:.6g}", fraction * 100); }

std::string points_text(double fraction) {
  const std::string number = number_text(fraction);
  return number + (number == "1" ? " point" : " points");
}

std::string size_text(double bytes) {
  const ByteUnit unit = byte_unit(bytes);
  return fmt::format("{:.{}f} {}", bytes / unit.bytes, std::min(unit.decimals, 2), unit.name);
}

struct Limit {
  std::string kept, missed;  // "within 1 point", "to lose more than 1 point"
};

Limit limit_of(const Rows& rows) {
  const bool none = std::ranges::all_of(rows, [](const Row* row) { return row->tolerance == 0; });
  if (none) return {"without a loss", "to lose"};
  std::string tolerance = shared(rows, &Row::tolerance, points_text, "the tolerance");
  const bool margin = std::ranges::any_of(rows, [](const Row* row) { return row->margin > 0; });
  if (margin) {
    tolerance += " less a margin of " + shared(rows, &Row::margin, number_text, "safety");
  }
  return {"within " + tolerance, "to lose more than " + tolerance};
}

std::string counted(std::size_t part, std::size_t all) {
  return fmt::format("{} of {} cell{}", part, all, all == 1 ? "" : "s");
}

std::vector<std::string> answers_of(const Rows& rows) {
  const Limit limit = limit_of(rows);
  const std::string certain = shared(
      rows, &Row::confidence,
      [](double share) { return fmt::format("certain (by the {} interval)", percent_text(share)); },
      "certain");
  const Rows within = rows_with(rows, "within"), beyond = rows_with(rows, "beyond"),
             undecided = rows_with(rows, "undecided");
  std::vector<std::string> answers;
  if (within.empty()) {
    answers.push_back(fmt::format("No cell is {} to stay {}.", certain, limit.kept));
  } else {
    answers.push_back(fmt::format("C{} to stay {}, {}: {}.", certain.substr(1), limit.kept,
                                  counted(within.size(), rows.size()), names_of(within)));
  }
  const auto smallest = std::ranges::min_element(within, {}, [](const Row* row) {
    return row->true_bytes.value_or(std::numeric_limits<double>::infinity());
  });
  if (smallest != within.end() && (*smallest)->true_bytes) {
    answers.push_back(fmt::format("Smallest {}: {}, {}.", limit.kept, label_of(**smallest),
                                  size_text(*(*smallest)->true_bytes)));
  }
  if (!undecided.empty()) {
    answers.push_back(fmt::format("Undecided, more images would tell, {}: {}.",
                                  counted(undecided.size(), rows.size()), names_of(undecided)));
  }
  if (!beyond.empty()) {
    answers.push_back(
        fmt::format("Certain {}: {}.", limit.missed, counted(beyond.size(), rows.size())));
  }
  return answers;
}

}  // namespace

Verdicts verdicts_of(const Run& run) {
  Rows rows;
  for (const Row& row : run.rows) {
    if (!row.decision.empty() && !row.verdict.empty()) rows.push_back(&row);
  }
  Verdicts verdicts;
  if (rows.empty()) return verdicts;
  verdicts.answers = answers_of(rows);
  verdicts.explanation = fmt::format(
      "The range in brackets is what the limited number of images leaves open: {} times out of 100 "
      "it holds the difference that endlessly many images like these would show. A cell is certain "
      "where all of it lies on one side of what is allowed (two-sided), undecided where it does "
      "not.",
      shared(
          rows, &Row::confidence, [](double share) { return fmt::format("{:.6g}", share * 100); },
          "most"));
  for (const Row* row : rows)
    verdicts.cells.push_back(fmt::format("{}: {}", label_of(*row), row->verdict));
  return verdicts;
}

}  // namespace qyolo::results
