// The proof of concept: from a checkpoint and somebody's own data to a recommendation.
//
// What is done is the roadmap (harness/poc/roadmap.h): the FP32 baseline, then quantized networks
// stage by stage until one certainly keeps the promise, that is, loses no more AP than the
// tolerance minus a safety margin, and in no class with a tolerance more than that. Everything that
// is measured becomes a record in the run folder, as `run` writes them: an interrupted proof of
// concept resumes, and `tables`, `plot` and `compare` take the folder.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "harness/cell/tolerance.h"
#include "harness/evaluate/evaluation.h"
#include "harness/run/runner.h"
#include "report/poc_report.h"
#include "results/device.h"
#include "results/poc_summary.h"

namespace qyolo::harness {

// Below this AP there is no accuracy that could be lost: the network was not trained for this data,
// or its classes or annotations are not those it was trained on.
inline constexpr double kLowestUsableAp = 0.05;

struct ClassTolerance {
  std::string name;  // empty: every class without one of its own
  ApAmount amount;
};
// "nut=2pt", "3pt".
Result<ClassTolerance> parse_class_tolerance(std::string_view text);

// The checkpoint's network in kernels that really run at a lower precision, to be timed beside the
// cells.
struct LowPrecisionNetwork {
  std::string name;                              // "BF16"
  std::string precision;                         // "bf16", "int8"
  std::function<Result<double>()> time_forward;  // milliseconds
  // AP of the same weights in this arithmetic on the images; empty where it cannot be evaluated.
  std::function<Result<double>()> evaluate;
};

struct PocOptions {
  EvaluatorConfig evaluation;
  std::filesystem::path out;  // run folder
  ApAmount tolerance;
  std::optional<ApAmount> margin;  // none: a tenth of the tolerance
  std::vector<ClassTolerance> class_tolerances;
  LatencyOptions latency;
  UncertaintyOptions uncertainty;    // its tolerance is not looked at
  std::optional<double> confidence;  // operating point; none: the baseline's best mean F1
  std::size_t pictures = 8;          // of each kind
  bool search = true;   // with a calibration set: how to quantize each layer (search/recommend.h)
  std::string command;  // that asked for it, for the report
  std::string program = "qyolo";               // as it was called, for the report's other commands
  std::filesystem::path class_map;             // that the evaluation's was read from; may be empty
  std::vector<std::filesystem::path> devices;  // device files of the same checkpoint
  // Networks in kernels of a lower precision than FP32, where this host has them; none: they are
  // not timed.
  std::function<Result<std::vector<LowPrecisionNetwork>>(const report::LatencySetting&)>
      low_precisions;
  // What other runtimes make of the network that the report is about; none: they are not asked.
  std::function<std::vector<results::JudgedRecord>(const Cell&)> judge;
};

Result<report::PocReport> run_poc(PocOptions options, const ExecutorFactory& factory,
                                  RunListener& listener);

// What `poc` prints of a report that was written to `file`.
[[nodiscard]] results::PocSummary summary_of(const report::PocReport& report,
                                             report::Language language,
                                             const std::filesystem::path& file);

}  // namespace qyolo::harness
