#include "harness/poc/poc.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "harness/detections/diff.h"
#include "harness/poc/poc_parts.h"
#include "harness/poc/poc_search.h"
#include "harness/poc/roadmap.h"
#include "harness/run/session.h"
#include "metrics/verdict.h"
#include "report/texts.h"
#include "results/record.h"

namespace qyolo::harness {
namespace {

using report::Outcome;
using report::PocReport;
using report::Stage;
using report::StageState;
using report::Standing;

constexpr double kDefaultMargin = 0.1;  // of the tolerance

// Everything evaluated so far; index 0 is the baseline, as in the report's candidates.
// Hybrids beside the one that a search chose, for where that one does not hold on all images.
constexpr std::size_t kMostLarger = 3;

struct Evaluated {
  RoadmapCell step;
  std::string key;
};

Experiment experiment_of(const PocOptions& options, const Evaluator& evaluator) {
  Experiment all;
  all.name = "poc";
  all.model = options.evaluation.model;
  all.images = options.evaluation.images;
  all.annotations = options.evaluation.annotations;
  all.split = options.evaluation.split;
  all.evaluation = evaluator.options();
  all.calibration = options.evaluation.calibration;
  all.latency = options.latency;
  all.uncertainty = options.uncertainty;
  // Records say it in points; what percent are is not known before the baseline is.
  if (!options.tolerance.percent) {
    all.uncertainty.tolerance = options.tolerance.value;
    all.uncertainty.margin = kDefaultMargin * options.tolerance.value;
    if (options.margin)
      all.uncertainty.margin = options.margin->percent ? 0 : options.margin->value;
    all.uncertainty.margin = std::min(all.uncertainty.margin, all.uncertainty.tolerance);
  }
  return all;
}

class Poc {
 public:
  Poc(const PocOptions& options, const ExecutorFactory& factory, Evaluator& evaluator,
      results::RecordStore& store, std::vector<results::Device> devices, RunListener& listener)
      : options_(options),
        factory_(factory),
        evaluator_(evaluator),
        store_(store),
        devices_(std::move(devices)),
        listener_(listener),
        experiment_(experiment_of(options, evaluator)),
        // A dozen cells at most, and the report draws what the chosen one finds.
        session_(experiment_, {options.out, true}, evaluator, store, listener) {}

  Result<PocReport> run() {
    QYOLO_CHECK_OK(check_class_names());
    report_.data = examine_data(options_, evaluator_.graph().class_names);
    QYOLO_CHECK_OK(evaluate_baseline());
    QYOLO_CHECK_OK(walk_roadmap());
    choose();
    QYOLO_CHECK_OK(describe_subject());
    QYOLO_CHECK_OK(measure());
    describe_setting();
    return std::move(report_);
  }

 private:
  Status check_class_names() const {
    std::set<std::string> names;
    for (const Category& category : evaluator_.truth().categories) names.insert(category.name);
    for (const ClassTolerance& one : options_.class_tolerances) {
      if (!one.name.empty() && !names.contains(one.name))
        return error("--class-tolerance: the annotations have no category '{}'", one.name);
    }
    return {};
  }

  // Appends to evaluated_, and to the records where an earlier session has not.
  Status evaluate(RoadmapCell step) {
    step.cell = evaluator_.resolve(step.cell);
    const Evaluated& one = evaluated_.emplace_back(Evaluated{std::move(step), ""});
    evaluated_.back().key = session_.key_of(one.step.cell);
    QYOLO_TRY([[maybe_unused]] const bool ok,
              session_.measure_cell(place_in_stage_, one.step.cell));
    return {};
  }

  Status evaluate_baseline() {
    listener_.on_pass("baseline", 1, 0);
    RoadmapCell step{Stage::kBaseline, {}, {}};
    step.cell.baseline = true;
    if (evaluator_.source().artifact() != nullptr) {
      return error(
          "{} holds one network ({}), which is not quantized again; a proof of concept needs the "
          "checkpoint it was made from",
          options_.evaluation.model.string(), evaluator_.resolve(step.cell).label());
    }
    QYOLO_CHECK_OK(session_.set_baseline(0, evaluator_.resolve(step.cell)));
    QYOLO_CHECK_OK(evaluate(std::move(step)));
    QYOLO_CHECK_OK(read_candidates());
    if (!report_.baseline().failure.empty())
      return error("the FP32 baseline: {}", report_.baseline().failure);
    QYOLO_TRY(baseline_, session_.detections_of(0, evaluated_[0].step.cell));
    const double ap = report_.baseline().ap.value_or(0);
    report_.tolerance = options_.tolerance.fraction(ap);
    if (options_.tolerance.percent) report_.tolerance_percent = options_.tolerance.value;
    report_.margin =
        options_.margin ? options_.margin->fraction(ap) : kDefaultMargin * report_.tolerance;
    report_.margin = std::min(report_.margin, report_.tolerance);
    report_.stages.push_back({Stage::kBaseline, StageState::kDone});
    usable_ = ap >= kLowestUsableAp;
    return {};
  }

  Status walk_roadmap() {
    QYOLO_TRY(const std::vector<RoadmapCell> roadmap, roadmap_cells());
    bool kept = false;
    for (std::size_t first = 0; first < roadmap.size();) {
      const Stage stage = roadmap[first].stage;
      if (stage > Stage::kSearched && report_.stages.back().first < Stage::kSearched)
        QYOLO_CHECK_OK(walk_search());
      std::size_t end = first;
      while (end < roadmap.size() && roadmap[end].stage == stage) ++end;
      const StageState state = state_of(stage, kept);
      report_.stages.push_back({stage, state});
      // Of a baseline without accuracy only the sizes can be shown.
      const std::size_t last = usable_ ? end : first + 1;
      if (state == StageState::kDone) QYOLO_CHECK_OK(walk_stage(roadmap, first, last));
      kept = kept || std::ranges::any_of(report_.candidates, is_kept);
      first = end;
    }
    return {};
  }

  [[nodiscard]] StageState state_of(Stage stage, bool kept) const {
    if (!usable_ && stage != Stage::kAffine) return StageState::kNoBaseline;
    if (stage == Stage::kSearched && !options_.search) return StageState::kNotAsked;
    const bool calibrates =
        stage == Stage::kCalibrated || stage == Stage::kSearched || stage == Stage::kActivations;
    if (calibrates && !options_.evaluation.calibration) return StageState::kNoCalibration;
    if (stage == Stage::kSearched || stage == Stage::kActivations) return StageState::kDone;
    return kept ? StageState::kNotNeeded : StageState::kDone;
  }

  Status walk_stage(const std::vector<RoadmapCell>& roadmap, std::size_t first, std::size_t end) {
    std::size_t finished = 0;
    for (std::size_t i = first; i < end; ++i) {
      finished += session_.measured(evaluator_.resolve(roadmap[i].cell)) ? 1 : 0;
    }
    const auto stage = static_cast<std::size_t>(roadmap[first].stage);
    listener_.on_pass(std::string(report::english().stage[stage]), end - first, finished);
    for (std::size_t i = first; i < end; ++i) {
      place_in_stage_ = i - first;
      QYOLO_CHECK_OK(evaluate(roadmap[i]));
      QYOLO_CHECK_OK(read_candidates());
      if (roadmap[i].ends_stage_if_kept && is_kept(report_.candidates.back())) break;
    }
    return {};
  }

  // The smallest networks that a search over all schemes finds to keep the promise.
  Status walk_search() {
    const StageState state = state_of(Stage::kSearched, false);
    report_.stages.push_back({Stage::kSearched, state});
    if (state != StageState::kDone) return {};
    QYOLO_TRY(
        const results::RecommendationRecord found,
        searched(options_, factory_, report_.tolerance - report_.margin, evaluator_, listener_));
    chosen_on_ = found.images;
    // On all images the smallest one may not hold: then the next larger one that held is looked at.
    std::vector<RoadmapCell> hybrids, uniform;
    for (const results::TriedRecord& tried : that_held(found))
      QYOLO_CHECK_OK(add_found(tried, true, hybrids));
    if (found.uniform) QYOLO_CHECK_OK(add_found(*found.uniform, false, uniform));
    for (const std::vector<RoadmapCell>* steps : {&hybrids, &uniform})
      if (!steps->empty()) QYOLO_CHECK_OK(walk_stage(*steps, 0, steps->size()));
    return {};
  }

  // The hybrid that was chosen, and larger ones that held the promise as well, in the order of
  // size.
  static std::vector<results::TriedRecord> that_held(const results::RecommendationRecord& found) {
    std::vector<results::TriedRecord> hybrids;
    if (!found.hybrid) return hybrids;
    for (const results::TriedRecord& tried : found.hybrids_tried) {
      const bool as_confirmed = tried.confirmed || !found.hybrid->confirmed;
      if (tried.holds && as_confirmed && tried.bytes > found.hybrid->bytes)
        hybrids.push_back(tried);
    }
    std::ranges::sort(hybrids, {}, &results::TriedRecord::bytes);
    if (hybrids.size() > kMostLarger) hybrids.resize(kMostLarger);
    hybrids.insert(hybrids.begin(), *found.hybrid);
    return hybrids;
  }

  Status add_found(const results::TriedRecord& tried, bool ends, std::vector<RoadmapCell>& steps) {
    const Json block(tried.cell);
    QYOLO_TRY(Cell cell, read_cell(block, "the search's choice"));
    steps.push_back({Stage::kSearched, block, std::move(cell), ends});
    confirmations_[session_.key_of(evaluator_.resolve(steps.back().cell))] = tried.confirmed;
    return {};
  }

  static bool is_kept(const report::Candidate& one) {
    return one.stage != Stage::kBaseline && one.standing == Standing::kWithin;
  }

  // From the records, whoever wrote them.
  Status read_candidates() {
    std::vector<Cell> cells;
    for (const Evaluated& one : evaluated_) cells.push_back(one.step.cell);
    const OrderedJson manifest = session_.manifest(cells);
    QYOLO_CHECK_OK(store_.write_manifest(manifest));
    QYOLO_TRY(run_, results::assemble_run(Json(manifest), store_.records(), options_.out));
    report_.candidates.clear();
    for (const Evaluated& one : evaluated_) {
      const auto row = std::ranges::find(run_.rows, one.key, &results::Row::key);
      if (row == run_.rows.end()) return error("{} has no record", one.step.cell.label());
      report::Candidate candidate = candidate_of(*row, one.step.stage);
      candidate.uniform = one.step.cell.rules.empty();
      candidate.layers = layer_bits(evaluator_.graph(), one.step.cell);
      if (const auto found = confirmations_.find(one.key); found != confirmations_.end())
        candidate.confirmation = found->second;
      candidate.chosen_on = chosen_on_;
      if (one.step.stage == Stage::kSearched && !candidate.uniform) {
        candidate.name = fmt::format("hybrid of {} recipes", recipes_of(one.step.cell));
        candidate.details.clear();
      }
      if (one.step.stage != Stage::kBaseline && usable_) judge(one, *row, candidate);
      report_.candidates.push_back(std::move(candidate));
    }
    return {};
  }

  void judge(const Evaluated& one, const results::Row& row, report::Candidate& candidate) const {
    const double allowed = report_.tolerance - report_.margin;
    candidate.standing = standing_of(candidate.delta, allowed);
    const bool few = row.effective_images.value_or(0) < metrics::kFewestImages;
    if (few && candidate.delta && candidate.delta->low < candidate.delta->high)
      candidate.standing = Standing::kUndecided;
    candidate.probable = candidate.delta && candidate.delta->value >= -allowed;
    for (const report::ClassLoss& loss : losses_of(one)) {
      if (!loss.binding) continue;
      candidate.probable =
          candidate.probable && (!loss.delta || loss.delta->value >= -loss.tolerance);
      candidate.classes_beyond += loss.standing == Standing::kBeyond ? 1 : 0;
      candidate.classes_undecided += loss.standing == Standing::kUndecided ? 1 : 0;
    }
    if (candidate.standing == Standing::kUnknown) return;
    if (candidate.classes_beyond > 0) {
      candidate.standing = Standing::kBeyond;
    } else if (candidate.standing == Standing::kWithin && candidate.classes_undecided > 0) {
      candidate.standing = Standing::kUndecided;
    }
  }

  [[nodiscard]] std::vector<report::ClassLoss> losses_of(const Evaluated& one) const {
    const auto baseline = session_.record_of(evaluated_[0].step.cell);
    const auto record = session_.record_of(one.step.cell);
    if (!baseline || !record) return {};
    return class_losses(*baseline, *record, options_, report_.tolerance);
  }

  // What the report is about: the smallest that certainly keeps the promise; else the smallest that
  // probably does, or may; else the one that loses least.
  void choose() {
    const auto smallest = [&](Standing standing, bool probable) {
      std::optional<std::size_t> best;
      for (std::size_t i = 1; i < report_.candidates.size(); ++i) {
        const report::Candidate& one = report_.candidates[i];
        if (one.standing != standing || (probable && !one.probable)) continue;
        if (!best || one.bytes < report_.candidates[*best].bytes) best = i;
      }
      return best;
    };
    if (!usable_) {
      report_.outcome = Outcome::kBaselineUnusable;
      return;
    }
    report_.outcome = Outcome::kRecommended;
    report_.subject = smallest(Standing::kWithin, true);
    if (report_.subject) return;
    report_.outcome = Outcome::kUndecided;
    report_.subject = smallest(Standing::kUndecided, true);
    if (!report_.subject) report_.subject = smallest(Standing::kUndecided, false);
    if (report_.subject) return;
    report_.outcome = Outcome::kNone;
    for (std::size_t i = 1; i < report_.candidates.size(); ++i) {
      const report::Candidate& one = report_.candidates[i];
      if (!one.delta) continue;
      if (!report_.subject || one.delta->value > report_.candidates[*report_.subject].delta->value)
        report_.subject = i;
    }
  }

  Status describe_subject() {
    if (!report_.subject) return {};
    const Evaluated& one = evaluated_[*report_.subject];
    report_.classes = losses_of(one);
    const auto record = session_.record_of(one.step.cell);
    if (record) report_.certainty = certainty_of(*record, report_);
    QYOLO_TRY(std::vector<Detection> detections, session_.detections_of(0, one.step.cell));
    Diff diff;
    diff.images = evaluator_.images_folder();
    diff.truth = evaluator_.truth();
    diff.baseline_name = report_.baseline().name;
    diff.other_name = report_.candidates[*report_.subject].name;
    diff.baseline = baseline_;
    diff.other = std::move(detections);
    DiffOptions options;
    options.confidence = options_.confidence;
    auto compared = compare_detections(std::move(diff), options);
    if (!compared.ok()) {
      listener_.on_warning(compared.error().message);
      return {};
    }
    QYOLO_CHECK_OK(describe_objects(*compared, options_, report_));
    return {};
  }

  Status measure() {
    std::vector<std::size_t> timed = {0};
    if (report_.subject) timed.push_back(*report_.subject);
    std::vector<TimedCell> cells;
    for (const std::size_t i : timed) {
      const Evaluated& one = evaluated_[i];
      cells.push_back(
          {report_.candidates[i].name, one.key, one.step.cell, report_.candidates[i].ap});
    }
    QYOLO_TRY(const auto latency, timed_together(options_, cells, evaluator_, store_, listener_));
    if (latency) add_latency(*latency, report_);
    if (options_.judge && report_.subject)
      report_.judged = options_.judge(evaluated_[*report_.subject].step.cell);
    report_.energy = measure_energy(evaluator_, cells.front().cell);
    report_.memory = memory_rows(report_);
    QYOLO_TRY(report_.devices, results::device_table(run_, std::move(devices_)));
    return {};
  }

  void describe_setting() {
    report_.images = static_cast<std::int64_t>(evaluator_.truth().images.size());
    report_.network = run_.network;
    report_.dataset = run_.dataset;
    describe_environment(run_, report_);
    if (report_.subject) {
      const RoadmapCell& step = evaluated_[*report_.subject].step;
      report_.commands = reproduce_commands(options_, step.block, step.cell.calibrated());
    } else {
      report_.commands = reproduce_commands(options_, Json(), false);
    }
  }

  const PocOptions& options_;
  const ExecutorFactory& factory_;
  Evaluator& evaluator_;
  results::RecordStore& store_;
  std::vector<results::Device> devices_;
  RunListener& listener_;
  Experiment experiment_;
  Session session_;
  std::vector<Evaluated> evaluated_;
  std::map<std::string, std::optional<results::ConfirmationRecord>> confirmations_;  // by key
  std::int64_t chosen_on_ = 0;  // images, by the search
  std::vector<Detection> baseline_;
  bool usable_ = false;
  std::size_t place_in_stage_ = 0;
  results::Run run_;
  PocReport report_;
};

}  // namespace

Result<PocReport> run_poc(PocOptions options, const ExecutorFactory& factory,
                          RunListener& listener) {
  options.evaluation.rounded = std::make_shared<RoundedNetworks>();
  if (options.uncertainty.resamples < 100) {
    return error("a proof of concept needs at least 100 resamples, {} are asked for",
                 options.uncertainty.resamples);
  }
  QYOLO_TRY(std::vector<results::Device> devices, results::read_devices(options.devices));
  QYOLO_TRY(const auto evaluator, Evaluator::open(options.evaluation, factory));
  // Before hours are spent, not after.
  for (const results::Device& device : devices) {
    QYOLO_CHECK_OK(
        results::check_model(device, evaluator->checkpoint_sha256(), options.evaluation.model));
  }
  QYOLO_TRY(results::RecordStore store, results::RecordStore::open(options.out));
  for (const std::string& warning : store.warnings()) listener.on_warning(warning);
  for (const std::string& warning : evaluator->truth().warnings) listener.on_warning(warning);
  return Poc(options, factory, *evaluator, store, std::move(devices), listener).run();
}

}  // namespace qyolo::harness
