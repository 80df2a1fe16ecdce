#include "harness/score.h"
#include "datasets/coco_json.h"
#include "harness/cli/command.h"

namespace qyolo::cli {
namespace {

struct Arguments {
  std::string truth;
  std::string detections;
  std::string arrays;
  std::string output = "text";
  int threads = 0;
};

Result<int> score(const Arguments& arguments) {
  metrics::CocoParams params;
  params.threads = arguments.threads;
  QYOLO_TRY(const harness::Score result,
            harness::score_files(arguments.truth, arguments.detections, params));
  for (const std::string& warning : result.warnings) fmt::print(stderr, "warning: {}\n", warning);
  if (!arguments.arrays.empty())
    QYOLO_CHECK_OK(harness::write_arrays(result.evaluation, arguments.arrays));
  if (arguments.output == "json") {
    print_json(harness::score_json(result));
  } else {
    fmt::print("{}", harness::score_text(result.evaluation));
  }
  return 0;
}

}  // namespace

void add_score(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "score", "COCO mAP of a results file: pycocotools' numbers, cell for cell");
  command->add_option("annotations", arguments->truth, "COCO annotation file")->required();
  command->add_option("detections", arguments->detections, "COCO results file")->required();
  command->add_option("--arrays", arguments->arrays,
                      "Folder for precision.f64, recall.f64, scores.f64 (raw little-endian "
                      "doubles, [T,R,K,A,M] and [T,K,A,M])");
  command->add_option("--threads", arguments->threads, "Threads (default: all)")
      ->check(CLI::NonNegativeNumber);
  command->add_option("-o,--output", arguments->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->footer("Example: qyolo score instances_val2017.json detections.json -o json");
  command->callback([arguments, &action] { action = [arguments] { return score(*arguments); }; });
}

}  // namespace qyolo::cli
