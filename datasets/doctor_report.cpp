#include "datasets/doctor_report.h"

#include <array>

#include "common/grouped.h"
#include "common/plain_text.h"

namespace qyolo::datasets {
namespace {

constexpr std::array kSeverities = {Severity::kError, Severity::kWarning, Severity::kInfo};

std::string example_text(const FindingExample& example) {
  std::string text = plain_text(example.image);
  if (example.annotation_id) text += fmt::format(", annotation {}", *example.annotation_id);
  if (!example.detail.empty()) {
    text += text.empty() ? "" : ": ";
    text += plain_text(example.detail);
  }
  return text;
}

}  // namespace

OrderedJson doctor_json(const DoctorReport& report) {
  OrderedJson json = {{"images", report.images},
                      {"objects", report.objects},
                      {"crowds", report.crowds},
                      {"calibration_images", report.calibration_images}};
  json["classes"] = OrderedJson::array();
  for (const ClassCount& one : report.classes) {
    json["classes"].push_back({{"category_id", id_json(report.category_ids, one.category.id)},
                               {"name", one.category.name},
                               {"objects", one.objects},
                               {"images", one.images}});
  }
  for (const Severity severity : kSeverities)
    json["kinds"][std::string(severity_name(severity))] = report.count(severity);
  json["findings"] = OrderedJson::array();
  for (const Finding& finding : report.findings) {
    const CheckText& text = text_of(finding.check);
    OrderedJson examples = OrderedJson::array();
    for (const FindingExample& example : finding.examples) {
      OrderedJson entry;
      if (!example.image.empty()) entry["image"] = example.image;
      if (example.annotation_id) entry["annotation_id"] = *example.annotation_id;
      if (!example.detail.empty()) entry["detail"] = example.detail;
      examples.push_back(std::move(entry));
    }
    json["findings"].push_back({{"check", text.name},
                                {"severity", severity_name(text.severity)},
                                {"count", finding.count},
                                {"examples", std::move(examples)}});
  }
  return json;
}

std::string doctor_text(const DoctorReport& report) {
  const auto number = [](std::int64_t value) { return grouped(static_cast<std::uint64_t>(value)); };
  const auto several = [&](std::int64_t count, std::string_view one, std::string_view more) {
    return fmt::format("{} {}", number(count), count == 1 ? one : more);
  };
  const auto classes = static_cast<std::int64_t>(report.classes.size());
  std::string text = fmt::format("{}, {} of {}", several(report.images, "image", "images"),
                                 several(report.objects, "object", "objects"),
                                 several(classes, "class", "classes"));
  if (report.crowds > 0) text += ", " + several(report.crowds, "crowd", "crowds");
  if (report.calibration_images > 0) {
    text += "; " + several(report.calibration_images, "calibration image", "calibration images");
  }
  text += ".\n";
  if (report.findings.empty()) return text + "Nothing was found.\n";
  const auto kinds = [&](Severity severity, std::string_view one, std::string_view more) {
    const std::size_t count = report.count(severity);
    return count == 0 ? fmt::format("no {}", more)
                      : fmt::format("{} {}", count, count == 1 ? one : more);
  };
  text +=
      fmt::format("Kinds of findings: {}, {}, {}.\n", kinds(Severity::kError, "error", "errors"),
                  kinds(Severity::kWarning, "warning", "warnings"),
                  kinds(Severity::kInfo, "remark", "remarks"));
  for (const Severity severity : kSeverities) {
    const bool remark = severity == Severity::kInfo;
    if (remark && report.count(severity) > 0) text += '\n';
    for (const Finding& finding : report.findings) {
      const CheckText& what = text_of(finding.check);
      if (what.severity != severity) continue;
      text += fmt::format("{}{:<8} {}: {}\n", remark ? "" : "\n",
                          remark ? "remark" : severity_name(severity), what.text,
                          number(finding.count));
      if (remark) continue;  // nothing is wrong with these; the JSON has examples
      for (const FindingExample& example : finding.examples)
        text += fmt::format("           {}\n", example_text(example));
    }
  }
  return text;
}

}  // namespace qyolo::datasets
