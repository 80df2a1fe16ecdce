// The document, its verdict and the networks that were tried.
#include <algorithm>
#include <array>

#include "plots/scheme_style.h"
#include "plots/svg.h"
#include "report/html_kit.h"
#include "report/plain_words.h"
#include "results/text.h"

namespace qyolo::report {
namespace {

std::string allowed_text(const PocReport& report, const Texts& texts) {
  return points_text(texts, report.tolerance - report.margin);
}

std::string tolerance_text(const PocReport& report, const Texts& texts) {
  const std::string points = points_text(texts, report.tolerance);
  if (!report.tolerance_percent) return points;
  return say(texts.percent, fmt::format("{:.4g}", *report.tolerance_percent)) + " = " + points;
}

std::string full_name(const Candidate& one) {
  return one.details.empty() ? one.name : one.name + " " + one.details;
}

// Worst end of the interval as a loss.
std::string worst_loss(const Texts& texts, const Difference& delta) {
  return say(texts.points, results::fixed(std::max(-delta.low, 0.0) * 100, 2));
}

// Percent of a size that is so many times as large.
std::string share_of(double times) { return results::fixed(times > 0 ? 100 / times : 0, 0); }

std::vector<std::string> recommended_text(const PocReport& report, const Texts& texts) {
  const Candidate& one = *report.chosen();
  std::vector<std::string> lines;
  if (std::string plain = in_plain_words(one, texts); !plain.empty())
    lines.push_back(std::move(plain));
  lines.push_back(say(texts.recommended, full_name(one), ratio(one.ratio_fp16),
                      megabytes(one.bytes), loss_phrase(texts, *one.delta),
                      share_of(one.ratio_fp16)));
  const double confidence = report.certainty ? report.certainty->confidence : 0.95;
  const std::string sure = results::percent_text(confidence);
  if (one.delta->low >= 0) {
    lines.push_back(say(texts.certain_gain, sure));
  } else {
    lines.push_back(say(texts.recommended_2, sure, worst_loss(texts, *one.delta),
                        allowed_text(report, texts), tolerance_text(report, texts),
                        points_text(texts, report.margin)));
  }
  if (one.stage == Stage::kSearched) {
    const auto& confirmed = one.confirmation;
    lines.push_back(confirmed && confirmed->delta_ap
                        ? say(texts.confirmed, count_text(confirmed->images),
                              count_text(one.chosen_on), loss_phrase(texts, *confirmed->delta_ap),
                              interval_text(texts, *confirmed->delta_ap))
                        : say(texts.not_confirmed, count_text(report.images)));
  }
  if (const Candidate* simplest = report.simplest()) {
    lines.push_back(say(texts.simplest, full_name(*simplest), megabytes(simplest->bytes),
                        ratio(simplest->ratio_fp16), loss_phrase(texts, *simplest->delta),
                        share_of(simplest->ratio_fp16)));
  }
  return lines;
}

std::vector<std::string> undecided_text(const PocReport& report, const Texts& texts) {
  const Candidate& one = *report.chosen();
  std::vector<std::string> lines = {
      say(texts.undecided, count_text(report.images), full_name(one),
          loss_phrase(texts, *one.delta), interval_text(texts, *one.delta)),
      say(texts.undecided_2, allowed_text(report, texts), tolerance_text(report, texts),
          points_text(texts, report.margin))};
  std::string classes;
  for (const ClassLoss& loss : report.classes) {
    if (loss.binding && loss.standing == Standing::kUndecided)
      classes += fmt::format("{}{}", classes.empty() ? "" : texts.list_separator, loss.name);
  }
  if (!classes.empty()) lines.push_back(say(texts.undecided_classes, classes));
  if (report.certainty && report.certainty->more_images)
    lines.push_back(say(texts.undecided_more, rounded_count(*report.certainty->more_images)));
  return lines;
}

std::vector<std::string> none_text(const PocReport& report, const Texts& texts) {
  std::vector<std::string> lines = {say(texts.none, report.candidates.size() - 1,
                                        allowed_text(report, texts), tolerance_text(report, texts),
                                        points_text(texts, report.margin))};
  if (const Candidate* one = report.chosen(); one != nullptr && one->delta) {
    lines.push_back(say(texts.none_2, full_name(*one), loss_phrase(texts, *one->delta),
                        interval_text(texts, *one->delta)));
  }
  return lines;
}

// The lines below the headline.
std::vector<std::string> verdict_lines(const PocReport& report, const Texts& texts) {
  switch (report.outcome) {
    case Outcome::kRecommended:
      return recommended_text(report, texts);
    case Outcome::kUndecided:
      return undecided_text(report, texts);
    case Outcome::kNone:
      return none_text(report, texts);
    case Outcome::kBaselineUnusable:
      break;
  }
  return {say(texts.unusable, say(texts.percent, ap_percent(report.baseline().ap)),
              say(texts.percent, "5")),
          std::string(texts.unusable_2)};
}

std::string_view headline(const PocReport& report, const Texts& texts) {
  return texts.headline[static_cast<std::size_t>(report.outcome)];
}

std::string tile(std::string_view label, std::string_view value, std::string_view note) {
  return fmt::format(
      "<div><dt>{}</dt><dd class=\"value\">{}</dd><dd class=\"what\">{}</dd></div>\n",
      escaped(label), escaped(value), escaped(note));
}

std::string tiles(const PocReport& report, const Texts& texts) {
  const Candidate* one = report.chosen();
  if (one == nullptr) return {};
  std::string html = tile(texts.tile_size, megabytes(one->bytes),
                          say(texts.tile_size_note, ratio(one->ratio_fp16), ratio(one->ratio_fp32),
                              share_of(one->ratio_fp16), share_of(one->ratio_fp32)));
  if (one->ap && one->delta) {
    html += tile(texts.tile_ap, say(texts.percent, ap_percent(one->ap)),
                 say(texts.tile_ap_note, ap_percent(report.baseline().ap),
                     signed_points(one->delta->value)));
  }
  if (report.changes && report.changes->images > 0) {
    const ObjectChanges& changes = *report.changes;
    const auto rate = [&](std::int64_t count) {
      return results::fixed(
          100.0 * static_cast<double>(count) / static_cast<double>(changes.images), 1);
    };
    html +=
        tile(texts.tile_missed, say(texts.per_100, rate(changes.newly_missed)),
             say(texts.tile_missed_note, rate(changes.missed_before), rate(changes.missed_after)));
    html += tile(texts.tile_false, say(texts.per_100, rate(changes.newly_false)),
                 say(texts.tile_false_note, rate(changes.false_before), rate(changes.false_after)));
  }
  return "<dl class=\"tiles\">\n" + html + "</dl>\n";
}

std::string standing_html(const Texts& texts, Standing standing) {
  constexpr std::array<std::string_view, 4> kClasses = {"within", "beyond", "undecided-text", ""};
  const auto index = static_cast<std::size_t>(standing);
  return fmt::format("<span class=\"{}\">{}</span>", kClasses[index],
                     escaped(texts.standing[index]));
}

// The mark that it has in the chart.
std::string mark_html(const Candidate& one) {
  if (one.scheme.empty()) return {};
  const plots::SchemeStyle& style = plots::style_of(one.scheme);
  return plots::inline_mark(style.shape, style.colour) + " ";
}

std::string network_html(const PocReport& report, const Texts& texts, std::size_t i) {
  const Candidate& one = report.candidates[i];
  std::string html = mark_html(one) + name_html(one.name);
  const auto tag = [&](std::string_view text) {
    html += fmt::format(" <span class=\"tag\">{}</span>", escaped(text));
  };
  if (i == 0) tag(texts.is_baseline);
  if (report.subject == i)
    tag(report.outcome == Outcome::kRecommended ? texts.is_chosen : texts.is_closest);
  std::string details = one.details;
  if (!details.empty()) html += "<span class=\"details\">" + name_html(details) + "</span>";
  if (one.activation_bits > 0) {
    html += fmt::format("<span class=\"details\">{}</span>",
                        escaped(say(texts.simulated_activations, one.activation_bits)));
  }
  if (one.confirmation && one.confirmation->delta_ap) {
    html += fmt::format("<span class=\"details\">{}</span>",
                        escaped(say(texts.confirmed_short, count_text(one.confirmation->images),
                                    signed_points(one.confirmation->delta_ap->value),
                                    interval_text(texts, *one.confirmation->delta_ap))));
  }
  if (!one.failure.empty()) {
    html += fmt::format("<span class=\"details error\">{}</span>",
                        escaped(say(texts.failed, one.failure)));
  }
  return html;
}

void add_network(const PocReport& report, const Texts& texts, std::size_t i, Table& table) {
  const Candidate& one = report.candidates[i];
  const bool ok = one.failure.empty();
  const std::string absent(texts.absent);
  std::string size = ok ? escaped(megabytes(one.bytes)) : absent;
  if (ok && one.coded_bytes) {
    size += fmt::format("<span class=\"details\">{}</span>",
                        escaped(say(texts.coded, megabytes(*one.coded_bytes))));
  }
  std::string delta = absent;
  if (one.delta) {
    delta =
        fmt::format("{}<span class=\"details\">{}</span>", escaped(signed_points(one.delta->value)),
                    escaped(interval_text(texts, *one.delta)));
  }
  Cell index = number_cell(i == 0 ? "" : std::to_string(i), static_cast<double>(i));
  index.css = "index";
  const std::string network =
      (i == 0 ? std::string() : fmt::format("<span class=\"phone\">{}. </span>", i)) +
      network_html(report, texts, i);
  table.row(
      {index, text_cell(network, "lead"),
       Cell{escaped(texts.stage[static_cast<std::size_t>(one.stage)]),
            static_cast<double>(one.stage),
            false,
            {}},
       number_cell(size, ok ? std::optional(one.bytes) : std::nullopt),
       number_cell(ok ? results::fixed(one.bits_per_weight, 2) : absent, one.bits_per_weight),
       number_cell(ok ? escaped(say("{}×", ratio(one.ratio_fp16))) : absent, one.ratio_fp16),
       number_cell(ap_percent(one.ap), one.ap),
       number_cell(delta, one.delta ? std::optional(one.delta->value) : std::nullopt),
       Cell{standing_html(texts, one.standing), static_cast<double>(one.standing), false, {}}},
      report.subject == i ? "chosen" : "", fmt::format("network-{}", i));
}

std::string roadmap_html(const PocReport& report, const Texts& texts) {
  std::string html = fmt::format("<h3>{}</h3>\n<ol class=\"steps\">\n", escaped(texts.roadmap));
  for (const auto& [stage, state] : report.stages) {
    html += fmt::format("<li>{} <span class=\"muted\">– {}</span></li>\n",
                        escaped(texts.stage[static_cast<std::size_t>(stage)]),
                        escaped(texts.stage_state[static_cast<std::size_t>(state)]));
  }
  return html + "</ol>\n";
}

// What the verdict is to be taken with care for.
std::vector<std::string> cautions(const PocReport& report, const Texts& texts) {
  constexpr std::int64_t kFewImages = 50, kFewObjects = 10;
  std::vector<std::string> lines;
  if (report.images > 0 && report.images < kFewImages)
    lines.push_back(say(texts.few_images, report.images));
  std::string classes;
  for (const ClassLoss& one : report.classes) {
    if (one.objects == 0 || one.objects >= kFewObjects) continue;
    classes += fmt::format("{}{}", classes.empty() ? "" : texts.list_separator, one.name);
  }
  if (!classes.empty()) lines.push_back(say(texts.few_objects, classes));
  return lines;
}

// In the order of the document; the last one is the guideline.
struct Entry {
  std::string_view id;
  std::string_view heading;
  std::string (*make)(const PocReport&, const Texts&);
};

std::vector<Entry> entries(const Texts& texts) {
  return {{"networks", texts.networks, &networks_section},
          {"chart", texts.chart, &chart_section},
          {"classes", texts.classes, &classes_section},
          {"objects", texts.objects, &objects_section},
          {"latency", texts.latency, &latency_section},
          {"devices", texts.devices, &devices_section},
          {"judged", texts.judged, &judged_section},
          {"sure", texts.sure, &sure_section},
          {"data", texts.data, &data_section},
          {"environment", texts.environment, &environment_section},
          {"guideline", texts.guideline, &guideline_section}};
}

}  // namespace

const Candidate* PocReport::simplest() const {
  if (chosen() == nullptr || chosen()->uniform) return nullptr;
  const Candidate* best = nullptr;
  for (const Candidate& one : candidates) {
    if (!one.uniform || one.standing != Standing::kWithin || !one.delta) continue;
    if (best == nullptr || one.bytes < best->bytes) best = &one;
  }
  return best;
}

std::string verdict_section(const PocReport& report, const Texts& texts) {
  constexpr std::array<std::string_view, 4> kClasses = {"recommended", "undecided", "none",
                                                        "unusable"};
  std::string html = fmt::format(
      "<section id=\"verdict\" class=\"{}\" aria-labelledby=\"verdict-heading\">\n"
      "<h2 id=\"verdict-heading\">{}</h2>\n<p class=\"headline\">{}</p>\n",
      kClasses[static_cast<std::size_t>(report.outcome)], escaped(texts.verdict),
      escaped(headline(report, texts)));
  for (const std::string& line : verdict_lines(report, texts)) html += paragraph(escaped(line));
  const bool errors = std::ranges::any_of(report.data.findings, [](const DataFinding& one) {
    return one.severity == Severity::kError;
  });
  for (const std::string& care : cautions(report, texts))
    html += paragraph(escaped(care), "warning");
  if (errors) html += paragraph(escaped(say(texts.data_errors, texts.data)), "warning");
  return html + tiles(report, texts) + "</section>\n";
}

std::string networks_section(const PocReport& report, const Texts& texts) {
  Table table("sortable cards", std::string(texts.networks));
  table.column("#", true);
  table.column(texts.column_network);
  table.column(texts.column_stage);
  table.column(texts.column_size, true);
  table.column(texts.column_bits, true);
  table.column(texts.column_ratio, true);
  table.column(texts.column_ap, true);
  table.column(texts.column_delta, true);
  table.column(texts.column_standing);
  for (std::size_t i = 0; i < report.candidates.size(); ++i) add_network(report, texts, i, table);
  return paragraph(
             escaped(say(texts.networks_note, allowed_text(report, texts))) +
                 fmt::format(" <span class=\"sort-hint\">{}</span>", escaped(texts.sort_hint)),
             "note") +
         table.html() + roadmap_html(report, texts);
}

std::string chart_section(const PocReport& report, const Texts& texts) {
  const std::string wide = pareto_chart(report, texts, "pareto", 960, 440);
  if (wide.empty()) return {};
  std::string note = escaped(texts.chart_note);
  if (is_clipped(report, texts)) note += " " + escaped(texts.chart_below);
  return fmt::format(
      "<p class=\"note\">{}</p>\n<figure class=\"chart wide\">{}</figure>\n"
      "<figure class=\"chart narrow\">{}</figure>\n",
      note, wide, pareto_chart(report, texts, "pareto-narrow", 380, 360));
}

std::string verdict_text(const PocReport& report, Language language) {
  const Texts& texts = texts_of(language);
  std::string text = std::string(headline(report, texts)) + "\n";
  for (const std::string& line : verdict_lines(report, texts)) text += line + "\n";
  for (const std::string& care : cautions(report, texts)) text += care + "\n";
  return text;
}

std::string emit_html(const PocReport& report, Language language) {
  const Texts& texts = texts_of(language);
  const std::string title = say(texts.title, report.network);
  std::string sections, contents;
  for (const Entry& entry : entries(texts)) {
    const std::string body = entry.make(report, texts);
    if (body.empty()) continue;
    sections += section(entry.id, entry.heading, body);
    contents += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", entry.id, escaped(entry.heading));
  }
  const std::string date = report.started.substr(0, report.started.find('T'));
  return fmt::format(
             "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src "
             "data:; "
             "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<meta name=\"color-scheme\" content=\"light dark\">\n"
             "<link rel=\"icon\" "
             "href=\"data:,\">\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n",
             texts.html_lang, escaped(title), kStyle) +
         fmt::format(
             "<header>\n<h1>{}</h1>\n<p class=\"muted\">{}</p>\n</header>\n<main>\n",
             escaped(title),
             escaped(say(texts.subtitle, report.dataset, count_text(report.images), date))) +
         verdict_section(report, texts) +
         fmt::format("<nav aria-label=\"{}\"><ol>\n{}</ol></nav>\n", escaped(texts.contents),
                     contents) +
         sections +
         fmt::format("</main>\n<footer>{}</footer>\n<script>{}</script>\n</body>\n</html>\n",
                     escaped(say(texts.footer, report.qyolo_version)), kScript);
}

}  // namespace qyolo::report
