// What the sections of the report share: text made safe, numbers for people, tables.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/poc_report.h"
#include "report/texts.h"

namespace qyolo::report {

// Text for HTML, in attributes, too: one line, markup escaped.
[[nodiscard]] std::string escaped(std::string_view text);
// The same for names from users' files, kept apart from the direction of what is around them.
[[nodiscard]] std::string name_html(std::string_view name);
[[nodiscard]] std::string base64(std::string_view bytes);

template <class... Args>
[[nodiscard]] std::string say(std::string_view pattern, const Args&... args) {
  return fmt::format(fmt::runtime(pattern), args...);
}

// Numbers.
[[nodiscard]] std::string megabytes(double bytes);               // "1.55 MB"
[[nodiscard]] std::string ap_percent(std::optional<double> ap);  // "73.90"
[[nodiscard]] std::string count_text(std::int64_t count);        // "1,676"
[[nodiscard]] std::string rounded_count(std::int64_t count);     // two digits: "4,200"
[[nodiscard]] std::string signed_points(double difference);      // "−0.63"
[[nodiscard]] std::string plain_points(double amount);           // "1", "0.9"
[[nodiscard]] std::string ratio(double times);                   // "2.96"
[[nodiscard]] std::string score_text(double score);              // "0.87"
[[nodiscard]] std::string interval_text(const Texts& texts, const Difference& delta);

// Sentences that several sections need. Plain text.
[[nodiscard]] std::string loss_phrase(const Texts& texts, const Difference& delta);
[[nodiscard]] std::string points_text(const Texts& texts, double amount);

// A cell of a table: HTML, and what it is sorted by.
struct Cell {
  std::string html;
  std::optional<double> order;
  bool number = false;
  std::string css;
};
[[nodiscard]] Cell text_cell(std::string html, std::string css = {});
[[nodiscard]] Cell number_cell(std::string html, std::optional<double> order = {});

class Table {
 public:
  // `css`: "sortable", "compact", ...
  Table(std::string css, std::string caption)
      : css_(std::move(css)), caption_(std::move(caption)) {}
  void column(std::string_view heading, bool number = false) {
    columns_.emplace_back(heading, number);
  }
  void row(std::vector<Cell> cells, std::string css = {}, std::string id = {});
  [[nodiscard]] std::string html() const;

 private:
  std::string css_, caption_, body_;
  std::vector<std::pair<std::string, bool>> columns_;
};

[[nodiscard]] std::string paragraph(std::string_view text, std::string_view css = {});

extern const std::string_view kStyle, kScript;

// AP against size, `width` x `height` units; numbers are those of the table's rows.
[[nodiscard]] std::string pareto_chart(const PocReport& report, const Texts& texts,
                                       std::string_view id, double width, double height);
// Whether it leaves out some of the range of AP.
[[nodiscard]] bool is_clipped(const PocReport& report, const Texts& texts);

// Sections in the report's order; empty where there is nothing to say.
[[nodiscard]] std::string verdict_section(const PocReport& report, const Texts& texts);
[[nodiscard]] std::string networks_section(const PocReport& report, const Texts& texts);
[[nodiscard]] std::string chart_section(const PocReport& report, const Texts& texts);
[[nodiscard]] std::string classes_section(const PocReport& report, const Texts& texts);
[[nodiscard]] std::string objects_section(const PocReport& report, const Texts& texts);
[[nodiscard]] std::string latency_section(const PocReport& report, const Texts& texts);
[[nodiscard]] std::string devices_section(const PocReport& report, const Texts& texts);
[[nodiscard]] std::string judged_section(const PocReport& report, const Texts& texts);
[[nodiscard]] std::string sure_section(const PocReport& report, const Texts& texts);
[[nodiscard]] std::string data_section(const PocReport& report, const Texts& texts);
[[nodiscard]] std::string environment_section(const PocReport& report, const Texts& texts);
[[nodiscard]] std::string guideline_section(const PocReport& report, const Texts& texts);

[[nodiscard]] std::string section(std::string_view id, std::string_view heading,
                                  std::string_view body);

}  // namespace qyolo::report
