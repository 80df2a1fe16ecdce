#include "report/html_kit.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "common/grouped.h"
#include "plots/svg.h"
#include "results/text.h"

namespace qyolo::report {

std::string escaped(std::string_view text) { return plots::xml_text(text); }

std::string name_html(std::string_view name) { return fmt::format("<bdi>{}</bdi>", escaped(name)); }

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t block = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      block <<= 8U;
      if (i + j < bytes.size()) block |= static_cast<unsigned char>(bytes[i + j]);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += i + j <= bytes.size() ? kDigits[block >> (18 - 6 * j) & 63U] : '=';
    }
  }
  return out;
}

std::string megabytes(double bytes) {
  const double megabytes = bytes / 1e6;
  return results::fixed(megabytes, megabytes < 10 ? 2 : 1) + " MB";
}

std::string ap_percent(std::optional<double> ap) {
  return ap ? results::fixed(*ap * 100, 2) : std::string(results::kAbsent);
}

std::string count_text(std::int64_t count) {
  return fmt::format("{}{}", count < 0 ? "-" : "",
                     grouped(static_cast<std::uint64_t>(std::abs(count))));
}

std::string rounded_count(std::int64_t count) {
  std::int64_t unit = 1;
  while (count / unit >= 100) unit *= 10;
  return count_text((count + unit - 1) / unit * unit);
}

std::string signed_points(double difference) {
  std::string text = results::points(difference, 2);
  if (text.starts_with('-')) text.replace(0, 1, "−");
  return text;
}

std::string plain_points(double amount) { return fmt::format("{:.4g}", amount * 100); }

std::string ratio(double times) { return results::fixed(times, 2); }

std::string score_text(double score) { return results::fixed(score, 2); }

std::string interval_text(const Texts& texts, const Difference& delta) {
  return say(texts.interval, signed_points(delta.low), signed_points(delta.high));
}

std::string points_text(const Texts& texts, double amount) {
  const std::string number = plain_points(amount);
  if (number == "1" && texts.html_lang == "en") return "1 point";
  return say(texts.points, number);
}

std::string loss_phrase(const Texts& texts, const Difference& delta) {
  const std::string amount = results::fixed(std::abs(delta.value) * 100, 2);
  if (amount == "0.00") return std::string(texts.loses_nothing);
  return say(delta.value < 0 ? texts.loses : texts.gains, say(texts.points, amount));
}

Cell text_cell(std::string html, std::string css) {
  return {std::move(html), std::nullopt, false, std::move(css)};
}

Cell number_cell(std::string html, std::optional<double> order) {
  return {std::move(html), order, true, {}};
}

void Table::row(std::vector<Cell> cells, std::string css, std::string id) {
  body_ += "<tr";
  if (!css.empty()) body_ += fmt::format(" class=\"{}\"", escaped(css));
  if (!id.empty()) body_ += fmt::format(" id=\"{}\"", escaped(id));
  body_ += ">";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Cell& cell = cells[i];
    std::string attributes;
    if (i < columns_.size())
      attributes += fmt::format(" data-label=\"{}\"", escaped(columns_[i].first));
    if (cell.order && std::isfinite(*cell.order))
      attributes += fmt::format(" data-order=\"{}\"", *cell.order);
    std::string css_class = cell.number ? "number" : "";
    if (!cell.css.empty()) css_class += (css_class.empty() ? "" : " ") + cell.css;
    if (!css_class.empty()) attributes += fmt::format(" class=\"{}\"", escaped(css_class));
    body_ += fmt::format("<td{}><span>{}</span></td>", attributes, cell.html);
  }
  body_ += "</tr>\n";
}

std::string Table::html() const {
  std::string head;
  for (const auto& [heading, number] : columns_) {
    head += fmt::format("<th scope=\"col\"{}>{}</th>", number ? " class=\"number\"" : "",
                        escaped(heading));
  }
  return fmt::format(
      "<table class=\"{}\"><caption>{}</caption><thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody>"
      "</table>\n",
      escaped(css_), escaped(caption_), head, body_);
}

std::string paragraph(std::string_view text, std::string_view css) {
  if (text.empty()) return {};
  return css.empty() ? fmt::format("<p>{}</p>\n", text)
                     : fmt::format("<p class=\"{}\">{}</p>\n", escaped(css), text);
}

std::string section(std::string_view id, std::string_view heading, std::string_view body) {
  if (body.empty()) return {};
  return fmt::format(
      "<section id=\"{0}\" aria-labelledby=\"{0}-heading\">\n"
      "<h2 id=\"{0}-heading\">{1}</h2>\n{2}</section>\n",
      id, escaped(heading), body);
}

}  // namespace qyolo::report
