#include "results/published.h"

#include <fmt/format.h>

#include "results/text.h"

namespace qyolo::results {
namespace {

using Figure = PublishedFigure;

constexpr std::string_view kVal2017 = "COCO val2017";
constexpr std::string_view kStudy = "arXiv 2407.04943, abstract";
constexpr std::string_view kNvidia = "NVIDIA-AI-IOT/yolo_deepstream, yolov7_qat/README.md";
constexpr std::string_view kHailo =
    "hailo-ai/hailo_model_zoo, HAILO8_object_detection.rst (Dataflow Compiler 5.0.0)";
constexpr int kSize = 640;
constexpr double kImages = 5000;
constexpr std::size_t kClasses = 80;

// The study's first, so that a run on other data can show these alone.
constexpr std::size_t kStudyResults = 2;
constexpr PublishedResult kResults[] = {
    {"4-bit weights, uniform (affine), granularities combined",
     "YOLOv7",
     "COCO",
     {},
     {},
     {},
     {},
     Figure{2.5, 1},
     Figure{3.92, 2},
     kStudy},
    {"4-bit weights, non-uniform (PWLQ), granularities combined",
     "YOLOv7",
     "COCO",
     {},
     {},
     {},
     {},
     Figure{1, 0},
     Figure{3.86, 2},
     kStudy},
    {"floating point",
     "YOLOv7",
     kVal2017,
     kSize,
     Figure{51.21, 2},
     Figure{69.7, 1},
     {},
     {},
     {},
     "WongKinYiu/yolov7, README.md"},
    {"INT8 PTQ, MSE calibration",
     "YOLOv7",
     kVal2017,
     kSize,
     Figure{51.00, 2},
     Figure{69.57, 2},
     Figure{51.20, 2},
     {},
     {},
     kNvidia},
    {"INT8 PTQ, TensorRT's entropy calibration",
     "YOLOv7",
     kVal2017,
     kSize,
     Figure{45.73, 2},
     Figure{63.17, 2},
     Figure{51.24, 2},
     {},
     {},
     kNvidia},
    {"INT8 QAT, TensorRT",
     "YOLOv7",
     kVal2017,
     kSize,
     Figure{51.13, 2},
     Figure{69.62, 2},
     Figure{51.24, 2},
     {},
     {},
     kNvidia},
    {"Hailo-8", "YOLOv7", kVal2017, kSize, Figure{47.95, 2}, {}, Figure{50.6, 1}, {}, {}, kHailo},
    {"Hailo-8",
     "YOLOv7-tiny",
     kVal2017,
     kSize,
     Figure{36.14, 2},
     {},
     Figure{37.07, 2},
     {},
     {},
     kHailo},
};

std::string text_of(const std::optional<Figure>& figure, std::string_view unit = "") {
  return figure ? fmt::format("{:.{}f}{}", figure->value, figure->decimals, unit)
                : std::string(kAbsent);
}

std::string data_of(const PublishedResult& result) {
  return result.size ? fmt::format("{}, {} pixels", result.dataset, *result.size)
                     : std::string(result.dataset);
}

// "evaluation": {"img": 640} of the experiment, or 0.
int image_size_of(const Run& run) {
  const Json* value = &run.manifest;
  for (const char* key : {"experiment", "evaluation", "img"}) {
    if (!value->is_object() || !value->contains(key)) return 0;
    value = &(*value)[key];
  }
  return value->is_number_integer() && *value > 0 && *value < 1000000 ? value->get<int>() : 0;
}

std::size_t class_count(const Run& run) {
  for (const Json& record : run.records) {
    if (record.contains("per_class") && record["per_class"].is_array())
      return record["per_class"].size();
  }
  return 0;
}

std::span<const PublishedResult> shown(const Run& run) {
  const auto all = published_results();
  if (run.rows.empty()) return {};
  return is_coco_val2017(run) ? all : all.first(kStudyResults);
}

std::vector<std::string> coco_notes(const Run& run) {
  std::vector<std::string> notes = {
      "None of these numbers is this run's. Float AP: of the same source's network before "
      "quantization. Loss and vs FP16: as the study's abstract says them, for the pre-trained "
      "YOLOv7; it names no dataset, COCO is our reading."};
  std::string difference;
  if (run.images && *run.images != kImages)
    difference = fmt::format("has {} of the {} images", *run.images, kImages);
  if (const int size = image_size_of(run); size != 0 && size != kSize) {
    difference += fmt::format("{}is at {} pixels", difference.empty() ? "" : " and ", size);
  }
  if (!difference.empty())
    notes.push_back(fmt::format("This run {}: its AP does not compare with these.", difference));
  return notes;
}

}  // namespace

std::span<const PublishedResult> published_results() { return kResults; }

bool is_coco_val2017(const Run& run) {
  const auto says = [](const std::string& text) { return text.find("val2017") != text.npos; };
  return says(run.dataset) || says(run.name) ||
         (run.images == kImages && class_count(run) == kClasses);
}

ReadingTable published_table(const Run& run) {
  ReadingTable table;
  const auto results = shown(run);
  if (results.empty()) return table;
  if (!is_coco_val2017(run)) {
    table.notes.push_back(fmt::format(
        "published ({}): {}× smaller at {} % loss with uniform (affine) and {}× at {} % "
        "with non-uniform (PWLQ) 4-bit weights. That is the full YOLOv7, trained on COCO: not "
        "this run's network or data.",
        kStudy, text_of(results[0].ratio), text_of(results[0].loss_percent),
        text_of(results[1].ratio), text_of(results[1].loss_percent)));
    return table;
  }
  table.columns = {{"Origin", false, {}},  {"Method", false, {}}, {"Network", false, {}},
                   {"Data", false, {}},    {"AP", true, {}},      {"AP50", true, {}},
                   {"Float AP", true, {}}, {"Loss", true, {}},    {"vs FP16", true, {}},
                   {"Source", false, {}}};
  for (const PublishedResult& result : results) {
    const std::string cells[] = {"published",
                                 std::string(result.method),
                                 std::string(result.network),
                                 data_of(result),
                                 text_of(result.ap),
                                 text_of(result.ap50),
                                 text_of(result.float_ap),
                                 text_of(result.loss_percent, " %"),
                                 text_of(result.ratio, "×"),
                                 std::string(result.source)};
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      table.columns[i].cells.push_back({cells[i]});
  }
  table.notes = coco_notes(run);
  return table;
}

OrderedJson published_json(const Run& run) {
  // The fraction with the figure's digits: 0.5121, not 0.512099...
  const auto fraction = [](const std::optional<Figure>& figure) -> OrderedJson {
    if (!figure) return nullptr;
    return std::stod(fmt::format("{:.{}f}", figure->value / 100, figure->decimals + 2));
  };
  OrderedJson array = OrderedJson::array();
  for (const PublishedResult& result : shown(run)) {
    array.push_back({{"origin", "published"},
                     {"method", result.method},
                     {"network", result.network},
                     {"dataset", result.dataset},
                     {"size", result.size ? OrderedJson(*result.size) : OrderedJson(nullptr)},
                     {"AP", fraction(result.ap)},
                     {"AP50", fraction(result.ap50)},
                     {"float_AP", fraction(result.float_ap)},
                     {"loss", fraction(result.loss_percent)},
                     {"ratio_fp16", result.ratio ? OrderedJson(result.ratio->value) : nullptr},
                     {"source", result.source}});
  }
  return array;
}

}  // namespace qyolo::results
