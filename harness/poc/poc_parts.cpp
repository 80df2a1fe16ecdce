#include "harness/poc/poc_parts.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>

#include "common/shell.h"
#include "datasets/doctor.h"
#include "harness/artifact/quantized_network.h"
#include "harness/cell/cell_flags.h"
#include "harness/pictures/crops.h"
#include "metrics/equal_recall.h"
#include "metrics/verdict.h"
#include "plots/scheme_style.h"
#include "results/manifest.h"
#include "results/reading_table.h"

namespace qyolo::harness {
namespace {

using report::Standing;

std::optional<report::Difference> difference(const std::optional<metrics::Difference>& of) {
  if (!of) return std::nullopt;
  return report::Difference{of->value, of->low, of->high};
}

report::Severity severity_of(datasets::Check check) {
  switch (datasets::text_of(check).severity) {
    case datasets::Severity::kError:
      return report::Severity::kError;
    case datasets::Severity::kWarning:
      return report::Severity::kWarning;
    case datasets::Severity::kInfo:
      break;
  }
  return report::Severity::kInfo;
}

std::string example_text(const datasets::FindingExample& example) {
  std::string line = example.image;
  if (example.annotation_id) line += fmt::format(" #{}", *example.annotation_id);
  if (!example.detail.empty()) line += (line.empty() ? "" : ": ") + example.detail;
  return line;
}

std::vector<report::Picture> pictures_of(std::vector<Crop> crops) {
  std::vector<report::Picture> pictures;
  for (Crop& crop : crops) {
    pictures.push_back({crop.missed, std::move(crop.class_name), std::move(crop.image), crop.score,
                        std::move(crop.shown_as), crop.width, crop.height, std::move(crop.jpeg)});
  }
  return pictures;
}

Result<std::vector<report::Guideline>> guideline_of(const Diff& diff, int threads) {
  QYOLO_TRY(const auto before, metrics::match_detections(diff.truth, diff.baseline, threads));
  QYOLO_TRY(const auto after, metrics::match_detections(diff.truth, diff.other, threads));
  const double confidence = diff.changes.options.confidence;
  QYOLO_TRY(const auto equal, metrics::equal_recall(before, after, confidence));
  const auto images = static_cast<double>(std::max<std::size_t>(diff.truth.images.size(), 1));
  std::vector<report::Guideline> lines;
  for (const metrics::EqualRecall& one : equal) {
    const auto recall = [&](const metrics::AlarmCounts& counts) {
      return static_cast<double>(counts.found) / static_cast<double>(one.objects);
    };
    const auto alarms = [&](const metrics::AlarmCounts& counts) {
      return static_cast<double>(counts.false_alarms) / images;
    };
    report::Guideline line;
    line.name = diff.class_name(one.category_id);
    line.objects = one.objects;
    line.confidence_before = confidence;
    line.recall_before = recall(one.baseline);
    line.false_before = alarms(one.baseline);
    line.recall_unchanged = recall(one.unchanged);
    line.false_unchanged = alarms(one.unchanged);
    line.confidence_after = one.confidence;
    line.recall_after = recall(one.adjusted);
    line.false_after = alarms(one.adjusted);
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

report::DataCheck examine_data(const PocOptions& options,
                               const std::vector<std::string>& model_classes) {
  datasets::DoctorOptions doctor;
  doctor.threads = options.evaluation.threads;
  doctor.split = options.evaluation.split;
  doctor.model_classes = model_classes;
  doctor.class_rules = options.evaluation.options.class_rules();
  if (options.evaluation.calibration) doctor.calibration = options.evaluation.calibration->images;
  report::DataCheck data;
  const auto examined =
      datasets::examine_dataset(options.evaluation.images, options.evaluation.annotations, doctor);
  if (!examined.ok()) {
    data.failure = examined.error().message;
    return data;
  }
  data.images = examined->images;
  data.objects = examined->objects;
  data.classes = static_cast<std::int64_t>(examined->classes.size());
  data.calibration_images = examined->calibration_images;
  for (const datasets::Finding& finding : examined->findings) {
    report::DataFinding& one = data.findings.emplace_back();
    one.check = datasets::text_of(finding.check).name;
    one.severity = severity_of(finding.check);
    one.count = finding.count;
    for (const datasets::FindingExample& example : finding.examples)
      one.examples.push_back(example_text(example));
  }
  std::ranges::stable_sort(data.findings, std::greater<>(), &report::DataFinding::severity);
  return data;
}

report::Candidate candidate_of(const results::Row& row, report::Stage stage) {
  report::Candidate one;
  // A label is the cell's name and, behind it, its rules and options.
  const std::size_t rules = row.label.find(" [");
  const std::size_t options = row.label.rfind(' ', row.label.find('='));
  const std::size_t cut =
      row.label.find('=') == std::string::npos ? rules : std::min(rules, options);
  one.name = row.label.substr(0, cut);
  if (cut < row.label.size()) one.details = row.label.substr(cut + 1);
  one.stage = stage;
  if (row.status != "ok") one.failure = row.error.empty() ? row.status : row.error;
  one.activation_bits = row.activation_bits;
  one.bytes = row.true_bytes.value_or(0);
  one.coded_bytes = row.coded_bytes;
  one.bits_per_weight = row.bits_per_weight.value_or(0);
  one.ratio_fp16 = row.ratio_fp16_true.value_or(0);
  one.ratio_fp32 = row.ratio_fp32_true.value_or(0);
  one.ap = row.ap;
  one.ap50 = row.ap50;
  one.scheme = plots::drawn_scheme(row);
  if (!row.baseline && row.delta_ap && row.delta_ap_low && row.delta_ap_high)
    one.delta = report::Difference{*row.delta_ap, *row.delta_ap_low, *row.delta_ap_high};
  return one;
}

std::vector<report::LayerBits> layer_bits(const model::Graph& graph, const Cell& cell) {
  std::vector<report::LayerBits> layers;
  for (const int node : graph.conv_nodes()) {
    const model::ConvNode& conv = graph.conv(node);
    const quant::Recipe* recipe = cell.baseline ? nullptr : cell.recipe_for(traits_of(conv));
    layers.push_back({recipe == nullptr ? 0 : recipe->options.bits, conv.head});
  }
  return layers;
}

Standing standing_of(const std::optional<report::Difference>& delta, double allowed) {
  if (!delta) return Standing::kUnknown;
  switch (metrics::decide({delta->value, delta->low, delta->high, 0}, allowed)) {
    case metrics::Decision::kWithin:
      return Standing::kWithin;
    case metrics::Decision::kBeyond:
      return Standing::kBeyond;
    case metrics::Decision::kUndecided:
      break;
  }
  return Standing::kUndecided;
}

std::vector<report::ClassLoss> class_losses(const results::AccuracyRecord& baseline,
                                            const results::AccuracyRecord& record,
                                            const PocOptions& options, double overall_tolerance) {
  std::vector<report::ClassLoss> losses;
  const double baseline_ap = baseline.ap().value_or(0);
  for (const results::ClassMetrics& one : record.per_class) {
    report::ClassLoss loss;
    loss.name = one.name;
    loss.ap = one.ap;
    const auto before =
        std::ranges::find(baseline.per_class, one.category_id, &results::ClassMetrics::category_id);
    if (before != baseline.per_class.end()) loss.baseline_ap = before->ap;
    if (record.uncertainty) {
      const std::vector<Json>& ids = record.uncertainty->category_ids;
      const auto sure = std::ranges::find(ids, one.category_id);
      if (sure != ids.end()) {
        const metrics::ClassDifference& of =
            record.uncertainty->difference.classes[static_cast<std::size_t>(sure - ids.begin())];
        loss.objects = of.objects;
        loss.images = of.object_images;
        loss.delta = difference(of.ap);
      }
    }
    loss.tolerance = overall_tolerance;
    for (const ClassTolerance& given : options.class_tolerances) {
      if (!given.name.empty() && given.name != loss.name) continue;
      // Percent are of the class's own AP.
      if (given.name.empty() && loss.binding) continue;
      loss.binding = true;
      loss.tolerance = given.amount.fraction(loss.baseline_ap.value_or(baseline_ap));
    }
    loss.standing = standing_of(loss.delta, loss.tolerance);
    losses.push_back(std::move(loss));
  }
  return losses;
}

std::optional<std::int64_t> images_to_decide(const report::Difference& delta, double allowed,
                                             std::int64_t images) {
  constexpr double kTooClose = 0.0005;  // a twentieth of a point
  if (standing_of(delta, allowed) != Standing::kUndecided) return std::nullopt;
  const double distance = std::abs(delta.value + allowed);
  if (distance < kTooClose) return std::nullopt;
  const double width = delta.value >= -allowed ? delta.value - delta.low : delta.high - delta.value;
  const double times = width / distance;
  return static_cast<std::int64_t>(
      std::ceil(static_cast<double>(images) * std::max(times * times - 1, 0.0)));
}

std::optional<report::Certainty> certainty_of(const results::AccuracyRecord& record,
                                              const report::PocReport& report) {
  if (!record.uncertainty) return std::nullopt;
  const metrics::PairedDifference& compared = record.uncertainty->difference;
  report::Certainty sure;
  sure.resamples = compared.options.resamples;
  sure.confidence = compared.options.confidence;
  sure.images = compared.images;
  sure.objects = compared.objects;
  sure.effective_images = compared.effective_images;
  // The record's share is about the tolerance in points that the run was started with.
  if (std::abs(compared.tolerance - report.tolerance) < 1e-9)
    sure.p_loss_above_tolerance = compared.loss_above_tolerance;
  const auto overall = difference(compared.ap);
  if (overall) {
    sure.more_images = images_to_decide(*overall, report.tolerance - report.margin, sure.images);
  }
  for (const report::ClassLoss& loss : report.classes) {
    if (!loss.binding || !loss.delta) continue;
    const auto more = images_to_decide(*loss.delta, loss.tolerance, sure.images);
    if (more) sure.more_images = std::max(sure.more_images.value_or(0), *more);
  }
  return sure;
}

Status describe_objects(const Diff& diff, const PocOptions& options, report::PocReport& report) {
  const metrics::ChangeCounts& total = diff.changes.total;
  report::ObjectChanges& changes = report.changes.emplace();
  changes.confidence = diff.changes.options.confidence;
  changes.iou = diff.changes.options.iou;
  changes.images = static_cast<std::int64_t>(diff.truth.images.size());
  changes.objects = total.objects;
  changes.missed_before = total.missed_baseline;
  changes.missed_after = total.missed_other;
  changes.false_before = total.false_baseline;
  changes.false_after = total.false_other;
  changes.newly_missed = total.newly_missed;
  changes.newly_found = total.newly_found;
  changes.newly_false = total.newly_false;
  changes.no_longer_false = total.no_longer_false;
  changes.other_class = total.flips;
  QYOLO_TRY(std::vector<Crop> crops, draw_crops(diff, options.pictures, diff.images));
  report.pictures = pictures_of(std::move(crops));
  QYOLO_TRY(report.guideline, guideline_of(diff, options.evaluation.threads));
  return {};
}

std::vector<report::MemoryRow> memory_rows(const report::PocReport& report) {
  using What = report::MemoryRow::What;
  const report::Candidate& baseline = report.baseline();
  std::vector<report::MemoryRow> rows = {{What::kFp32, baseline.bytes},
                                         {What::kFp16, baseline.bytes * baseline.ratio_fp16}};
  if (const report::Candidate* chosen = report.chosen()) {
    rows.push_back({What::kChosen, chosen->bytes});
    if (chosen->coded_bytes) rows.push_back({What::kChosenCoded, *chosen->coded_bytes});
  }
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0)
    rows.push_back({What::kProcessPeak, static_cast<double>(usage.ru_maxrss) * 1024});
  return rows;
}

void describe_environment(const results::Run& run, report::PocReport& report) {
  report.environment = results::environment_of(run);
  if (const std::string ran = results::executions_of(run); !ran.empty())
    report.environment.emplace_back("execution", ran);
  const auto manifest = results::read_manifest(run.manifest, "manifest.json");
  if (!manifest.ok()) return;
  report.started = manifest->started;
  report.qyolo_version = results::version_of(*manifest);
}

std::vector<std::pair<std::string, std::string>> reproduce_commands(const PocOptions& options,
                                                                    const Json& block,
                                                                    bool needs_calibration) {
  const EvaluatorConfig& config = options.evaluation;
  std::vector<std::pair<std::string, std::string>> commands;
  if (!options.command.empty()) commands.emplace_back("poc", options.command);
  const std::string model = shell_quoted(config.model.string());
  const std::string program = shell_quoted(options.program);
  std::string data =
      config.images.empty()
          ? fmt::format("--data {} --split {}", shell_quoted(config.annotations.string()),
                        shell_quoted(config.split))
          : fmt::format("--images {} --annotations {}", shell_quoted(config.images.string()),
                        shell_quoted(config.annotations.string()));
  std::string evaluation = data + fmt::format(" --img {}", config.options.image_size);
  if (!config.options.limit.all())
    evaluation += fmt::format(" --limit {}", config.options.limit.text());
  if (!options.class_map.empty())
    evaluation += " --class-map " + shell_quoted(options.class_map.string());
  if (config.options.ignore_class_names) evaluation += " --ignore-class-names";
  std::string calibration;
  if (config.calibration) {
    calibration = " --calibration " + shell_quoted(config.calibration->images.string());
    if (config.calibration->limit > 0)
      calibration += fmt::format(" --calibration-limit {}", config.calibration->limit);
  }
  if (!block.is_null()) {
    const auto cell = read_cell(block, "the chosen network");
    const bool activations = cell.ok() && cell->activations.has_value();
    const std::string flags =
        flags_of(block).command_line() + (needs_calibration ? calibration : "");
    if (!activations) {
      const bool regions = cell.ok() && cell->recipe.scheme->piecewise();
      commands.emplace_back(
          "quantize",
          fmt::format("{} quantize {} {}{}{} -o quantized.safetensors", program, model, flags,
                      needs_calibration ? fmt::format(" --img {}", config.options.image_size) : "",
                      regions ? " --regions entropy" : ""));
    }
    commands.emplace_back("export", fmt::format("{} export {} --img {} {} -o quantized.onnx",
                                                program, model, config.options.image_size, flags));
    commands.emplace_back(
        "eval", fmt::format("{} eval --model {} {} {}", program, model, evaluation, flags));
    std::string diff = fmt::format("{} diff --model {} {} {}", program, model, evaluation, flags);
    if (options.confidence) diff += fmt::format(" --conf {}", *options.confidence);
    commands.emplace_back("diff", diff + " --sheets sheets");
  }
  commands.emplace_back("tables", program + " tables " + shell_quoted(options.out.string()));
  commands.emplace_back(
      "doctor",
      fmt::format("{} doctor {} --model {}{}", program, data, model,
                  config.calibration
                      ? " --calibration " + shell_quoted(config.calibration->images.string())
                      : std::string()));
  return commands;
}

}  // namespace qyolo::harness
