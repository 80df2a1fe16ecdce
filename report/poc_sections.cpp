// Sections about classes, objects, latency, certainty, data, environment, and thresholds.
#include <algorithm>
#include <array>
#include <cmath>

#include "report/html_kit.h"
#include "results/text.h"

namespace qyolo::report {
namespace {

std::string standing_html(const Texts& texts, const ClassLoss& loss) {
  constexpr std::array<std::string_view, 4> kClasses = {"within", "beyond", "undecided-text", ""};
  const auto index = static_cast<std::size_t>(loss.standing);
  // For orientation only: said, but not coloured as a verdict is.
  return fmt::format("<span class=\"{}\">{}</span>", loss.binding ? kClasses[index] : "muted",
                     escaped(texts.standing[index]));
}

// A loss with its interval beside its tolerance, all classes on one scale.
std::string interval_bar(const Texts& texts, const ClassLoss& loss, double low, double high) {
  constexpr double kWidth = 176, kHeight = 20, kInset = 4, kRadius = 3.5;
  if (!loss.delta) return std::string(texts.absent);
  const auto x = [&](double value) {
    const double share = (value - low) / (high - low);
    return kInset + std::clamp(share, 0.0, 1.0) * (kWidth - 2 * kInset);
  };
  const std::string label = say(texts.interval_label, loss.name, signed_points(loss.delta->value),
                                signed_points(loss.delta->low), signed_points(loss.delta->high),
                                plain_points(loss.tolerance));
  return fmt::format(
      "<svg class=\"bar\" viewBox=\"0 0 {0} {1}\" role=\"img\" aria-label=\"{2}\">"
      "<title>{2}</title>"
      "<line class=\"zero\" x1=\"{3:.1f}\" x2=\"{3:.1f}\" y1=\"2\" y2=\"18\"/>"
      "<line class=\"limit\" x1=\"{4:.1f}\" x2=\"{4:.1f}\" y1=\"2\" y2=\"18\"/>"
      "<line class=\"range\" x1=\"{5:.1f}\" x2=\"{6:.1f}\" y1=\"10\" y2=\"10\"/>"
      "<circle class=\"dot\" cx=\"{7:.1f}\" cy=\"10\" r=\"{8}\"/></svg>",
      kWidth, kHeight, escaped(label), x(0), x(-loss.tolerance), x(loss.delta->low),
      x(loss.delta->high), x(loss.delta->value), kRadius);
}

std::string changes_table(const ObjectChanges& changes, const Texts& texts) {
  Table both("compact", std::string(texts.objects));
  both.column("");
  both.column(texts.fp32, true);
  both.column(texts.quantized, true);
  const auto row = [&](std::string_view name, std::int64_t before, std::int64_t after) {
    both.row({text_cell(escaped(name)), number_cell(count_text(before)),
              number_cell(count_text(after))});
  };
  row(texts.row_missed, changes.missed_before, changes.missed_after);
  row(texts.row_false, changes.false_before, changes.false_after);
  Table moved("compact", std::string(texts.objects));
  moved.column("");
  moved.column(texts.column_count, true);
  const auto change = [&](std::string_view name, std::int64_t count, const std::string& note) {
    moved.row(
        {text_cell(escaped(name) +
                   (note.empty() ? "" : "<span class=\"details\">" + escaped(note) + "</span>")),
         number_cell(count_text(count))});
  };
  change(texts.row_newly_missed, changes.newly_missed,
         changes.other_class > 0 ? say(texts.other_class, count_text(changes.other_class))
                                 : std::string());
  change(texts.row_newly_found, changes.newly_found, {});
  change(texts.row_newly_false, changes.newly_false, {});
  change(texts.row_no_longer_false, changes.no_longer_false, {});
  return "<div class=\"pair\">" + both.html() + moved.html() + "</div>\n";
}

std::string picture_html(const Picture& picture, const Texts& texts) {
  std::string caption;
  if (!picture.missed) {
    caption = say(texts.picture_false, picture.class_name, score_text(picture.score));
  } else if (picture.shown_as) {
    caption = say(texts.picture_flipped, picture.class_name, score_text(picture.score),
                  *picture.shown_as);
  } else {
    caption = say(texts.picture_missed, picture.class_name, score_text(picture.score));
  }
  const std::string_view alt = picture.missed ? texts.picture_alt_missed : texts.picture_alt_false;
  return fmt::format(
      "<figure><img src=\"data:image/jpeg;base64,{}\" width=\"{}\" height=\"{}\" alt=\"{}\">"
      "<figcaption>{}<span class=\"file\">{}</span></figcaption></figure>\n",
      base64(picture.jpeg), picture.width, picture.height,
      escaped(say(alt, picture.class_name, picture.image)), escaped(caption),
      name_html(picture.image));
}

std::string pictures_html(const PocReport& report, const Texts& texts, bool missed) {
  std::string html;
  for (const Picture& picture : report.pictures) {
    if (picture.missed == missed) html += picture_html(picture, texts);
  }
  if (html.empty()) return {};
  return fmt::format("<h3>{}</h3>\n<div class=\"pictures\">\n{}</div>\n",
                     escaped(missed ? texts.pictures_missed : texts.pictures_false), html);
}

std::string milliseconds(double value) { return results::fixed(value, value < 10 ? 2 : 1); }

std::string latency_table(const PocReport& report, const Texts& texts) {
  if (report.latency.empty()) return paragraph(escaped(texts.latency_none));
  Table table("cards", std::string(texts.latency));
  table.column(texts.column_network);
  table.column(texts.column_precision);
  table.column(texts.column_kind);
  table.column(texts.column_ap, true);
  table.column(texts.column_median, true);
  table.column(texts.column_spread, true);
  table.column(texts.column_samples, true);
  for (const LatencyRow& row : report.latency) {
    table.row(
        {text_cell(name_html(row.label), "lead"), text_cell(escaped(row.precision)),
         text_cell(escaped(row.measured ? texts.measured : texts.simulated_note)),
         number_cell(row.ap ? ap_percent(row.ap) : escaped(texts.latency_ap_absent), row.ap),
         number_cell(milliseconds(row.median), row.median),
         number_cell(escaped(say(texts.interval, milliseconds(row.low), milliseconds(row.high)))),
         number_cell(std::to_string(row.samples))});
  }
  return table.html();
}

std::string memory_table(const PocReport& report, const Texts& texts) {
  Table table("compact", std::string(texts.memory));
  table.column(texts.column_weights);
  table.column(texts.column_kind);
  table.column(texts.column_size, true);
  for (const MemoryRow& row : report.memory) {
    const bool computed = row.what != MemoryRow::What::kProcessPeak;
    table.row({text_cell(escaped(texts.memory_row[static_cast<std::size_t>(row.what)])),
               text_cell(escaped(computed ? texts.computed : texts.measured)),
               number_cell(megabytes(row.bytes), row.bytes)});
  }
  return table.html();
}

std::string recall_text(double recall) { return results::fixed(recall * 100, 1) + " %"; }

}  // namespace

std::string classes_section(const PocReport& report, const Texts& texts) {
  if (report.classes.empty()) return {};
  const bool binding = std::ranges::any_of(report.classes, &ClassLoss::binding);
  double low = 0, high = 0;
  for (const ClassLoss& loss : report.classes) {
    low = std::min(low, -loss.tolerance);
    if (!loss.delta) continue;
    low = std::min(low, loss.delta->low);
    high = std::max(high, loss.delta->high);
  }
  const double room = std::max((high - low) * 0.04, 1e-4);
  Table table("sortable cards", std::string(texts.classes));
  table.column(texts.column_class);
  table.column(texts.column_objects, true);
  table.column(texts.column_before, true);
  table.column(texts.column_after, true);
  table.column(texts.column_delta, true);
  table.column(texts.column_interval);
  table.column(texts.column_tolerance, true);
  table.column(texts.column_standing);
  for (const ClassLoss& loss : report.classes) {
    std::string delta(texts.absent);
    if (loss.delta) {
      delta = fmt::format("{}<span class=\"details\">{}</span>",
                          escaped(signed_points(loss.delta->value)),
                          escaped(interval_text(texts, *loss.delta)));
    }
    table.row({text_cell(name_html(loss.name), "lead"),
               number_cell(count_text(loss.objects), static_cast<double>(loss.objects)),
               number_cell(ap_percent(loss.baseline_ap), loss.baseline_ap),
               number_cell(ap_percent(loss.ap), loss.ap),
               number_cell(delta, loss.delta ? std::optional(loss.delta->value) : std::nullopt),
               Cell{interval_bar(texts, loss, low - room, high + room),
                    loss.delta ? std::optional(loss.delta->value) : std::nullopt,
                    false,
                    {}},
               number_cell(plain_points(loss.tolerance), loss.tolerance),
               Cell{standing_html(texts, loss), static_cast<double>(loss.standing), false, {}}});
  }
  return paragraph(escaped(binding ? std::string(texts.classes_binding)
                                   : say(texts.classes_orientation,
                                         points_text(texts, report.tolerance))),
                   "note") +
         table.html();
}

std::string objects_section(const PocReport& report, const Texts& texts) {
  if (report.outcome == Outcome::kBaselineUnusable) return {};
  if (!report.changes) return paragraph(escaped(texts.objects_none));
  const ObjectChanges& changes = *report.changes;
  return paragraph(escaped(say(texts.objects_note, fmt::format("{:.3f}", changes.confidence),
                               fmt::format("{:g}", changes.iou), count_text(changes.images),
                               count_text(changes.objects))),
                   "note") +
         changes_table(changes, texts) + pictures_html(report, texts, true) +
         pictures_html(report, texts, false);
}

std::string latency_section(const PocReport& report, const Texts& texts) {
  std::string html;
  if (!report.latency.empty()) {
    const LatencySetting& setting = report.latency_setting;
    html += paragraph(
        escaped(say(texts.latency_note, setting.width, setting.height, setting.batch,
                    setting.threads)) +
            fmt::format("{}{}", texts.html_lang == "en" ? " " : "", escaped(texts.latency_ap)),
        "note");
  }
  html += latency_table(report, texts);
  const bool integer = std::ranges::any_of(report.latency, [](const LatencyRow& row) {
    return row.measured && row.precision != "FP32";
  });
  if (!integer) html += paragraph(escaped(texts.latency_missing), "note");
  if (report.latency_doubtful) html += paragraph(escaped(texts.latency_doubtful), "warning");
  html += fmt::format("<h3>{}</h3>\n", escaped(texts.memory)) +
          paragraph(escaped(texts.memory_note), "note") + memory_table(report, texts);
  html += fmt::format("<h3>{}</h3>\n", escaped(texts.energy));
  const Energy& energy = report.energy;
  if (energy.millijoules) {
    return html + paragraph(escaped(say(texts.energy_value, results::fixed(*energy.millijoules, 0),
                                        energy.source, energy.covers)));
  }
  return html + paragraph(escaped(say(texts.energy_absent, energy.reason)));
}

std::string sure_section(const PocReport& report, const Texts& texts) {
  if (!report.certainty) return paragraph(escaped(texts.sure_none));
  const Certainty& sure = *report.certainty;
  std::string html =
      paragraph(escaped(say(texts.sure_method, count_text(sure.resamples), count_text(sure.images),
                            count_text(sure.objects), results::percent_text(sure.confidence))));
  if (sure.effective_images > 0 && sure.effective_images < 0.8 * static_cast<double>(sure.images)) {
    html += paragraph(escaped(say(texts.sure_effective, count_text(static_cast<std::int64_t>(
                                                            std::lround(sure.effective_images))))));
  }
  const Candidate* one = report.chosen();
  if (one != nullptr && one->delta) {
    html += paragraph(escaped(say(texts.sure_interval, one->name,
                                  say(texts.points, signed_points(one->delta->low)),
                                  say(texts.points, signed_points(one->delta->high)))));
  }
  if (sure.p_loss_above_tolerance) {
    html += paragraph(escaped(say(
        texts.sure_share, say(texts.percent, results::fixed(*sure.p_loss_above_tolerance * 100, 1)),
        points_text(texts, report.tolerance))));
  }
  if (sure.more_images) {
    html += paragraph(escaped(say(texts.sure_more, rounded_count(*sure.more_images))));
  } else {
    html += paragraph(
        escaped(report.outcome == Outcome::kUndecided ? texts.sure_close : texts.sure_decided));
  }
  return html;
}

std::string data_section(const PocReport& report, const Texts& texts) {
  const DataCheck& data = report.data;
  if (!data.failure.empty()) return paragraph(escaped(say(texts.data_failed, data.failure)));
  std::string summary =
      say(texts.data_summary, count_text(data.images), count_text(data.objects), data.classes);
  if (data.calibration_images > 0) {
    summary += texts.html_lang == "en" ? " " : "";
    summary += say(texts.data_calibration, count_text(data.calibration_images));
  }
  std::string html = paragraph(escaped(summary));
  if (data.findings.empty()) return html + paragraph(escaped(texts.data_clean));
  Table table("cards", std::string(texts.data));
  table.column(texts.column_finding);
  table.column(texts.column_severity);
  table.column(texts.column_count, true);
  table.column(texts.column_examples);
  for (const DataFinding& finding : data.findings) {
    constexpr std::array<std::string_view, 3> kClasses = {"muted", "caution", "error"};
    const auto severity = static_cast<std::size_t>(finding.severity);
    std::string examples = "<ul class=\"plain\">";
    for (const std::string& example : finding.examples)
      examples += "<li>" + name_html(example) + "</li>";
    const auto listed = static_cast<std::int64_t>(finding.examples.size());
    if (finding.count > listed) {
      examples += fmt::format("<li class=\"muted\">{}</li>",
                              escaped(say(texts.list_more, count_text(finding.count - listed))));
    }
    examples += "</ul>";
    table.row({text_cell(escaped(text_named(texts.checks, finding.check)), "lead"),
               text_cell(fmt::format("<span class=\"{}\">{}</span>", kClasses[severity],
                                     escaped(texts.severity[severity]))),
               number_cell(count_text(finding.count)), text_cell(examples)});
  }
  return html + table.html();
}

std::string environment_section(const PocReport& report, const Texts& texts) {
  std::string html = "<dl class=\"pairs\">\n";
  for (const auto& [key, value] : report.environment) {
    html += fmt::format("<dt>{}</dt><dd>{}</dd>\n",
                        escaped(text_named(texts.environment_keys, key)), name_html(value));
  }
  html += "</dl>\n";
  if (report.commands.empty()) return html;
  html += fmt::format("<h3>{}</h3>\n", escaped(texts.commands));
  for (const auto& [key, command] : report.commands) {
    html += fmt::format("<p class=\"command\">{}</p>\n<pre><code>{}</code></pre>\n",
                        escaped(text_named(texts.command_keys, key)), escaped(command));
  }
  return html;
}

std::string guideline_section(const PocReport& report, const Texts& texts) {
  if (report.guideline.empty()) return paragraph(escaped(texts.guideline_none));
  Table table("sortable cards", std::string(texts.guideline));
  table.column(texts.column_class);
  table.column(texts.column_recall_before, true);
  table.column(texts.column_recall_same, true);
  table.column(texts.column_threshold, true);
  table.column(texts.column_alarms, true);
  table.column(texts.column_alarms_after, true);
  for (const Guideline& line : report.guideline) {
    Cell threshold = number_cell(
        line.confidence_after ? fmt::format("{:.3f}", *line.confidence_after)
                              : escaped(say(texts.unreachable, recall_text(line.recall_after))),
        line.confidence_after.value_or(-1));
    if (!line.confidence_after) threshold.css = "wrap";
    table.row({text_cell(name_html(line.name), "lead"),
               number_cell(recall_text(line.recall_before), line.recall_before),
               number_cell(recall_text(line.recall_unchanged), line.recall_unchanged), threshold,
               number_cell(results::fixed(line.false_before, 3), line.false_before),
               number_cell(results::fixed(line.false_after, 3), line.false_after)});
  }
  return paragraph(escaped(say(texts.guideline_note,
                               fmt::format("{:.3f}", report.guideline.front().confidence_before))),
                   "note") +
         table.html() + paragraph(escaped(texts.guideline_reach), "note");
}

}  // namespace qyolo::report
