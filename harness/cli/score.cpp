#include "harness/detections/score.h"

#include "harness/cli/command.h"
#include "harness/cli/evaluation_arguments.h"
#include "harness/cli/other_program.h"
#include "harness/cli/output.h"
#include "harness/detections/score_params.h"

namespace qyolo::cli {
namespace {

struct ScoreArguments {
  std::string truth;
  std::string detections;
  std::string arrays;
  Output output{{"text", "csv", "json"}};
  std::string areas;
  std::string max_detections;
  std::string iou_thresholds;
  int use_categories = 1;
  bool per_class = false;
  int threads = 0;
  OtherProgramArguments other;
  std::string images;
  int image_size = 640;
};

Result<metrics::CocoParams> params_of(const ScoreArguments& arguments) {
  metrics::CocoParams params;
  params.threads = arguments.threads;
  params.use_categories = arguments.use_categories == 1;
  if (!arguments.areas.empty()) {
    QYOLO_TRY(params.area_ranges, harness::parse_area_ranges(arguments.areas));
  }
  if (!arguments.max_detections.empty()) {
    QYOLO_TRY(params.max_detections, harness::parse_max_detections(arguments.max_detections));
  }
  if (!arguments.iou_thresholds.empty()) {
    QYOLO_TRY(params.iou_thresholds, harness::parse_iou_thresholds(arguments.iou_thresholds));
  }
  return params;
}

Result<int> score(const ScoreArguments& arguments) {
  QYOLO_TRY(const metrics::CocoParams params, params_of(arguments));
  QYOLO_CHECK_OK(arguments.other.check(arguments.images));
  QYOLO_TRY(const harness::Score result,
            harness::score_files(arguments.truth, arguments.detections, params));
  for (const std::string& warning : result.warnings) say("warning: {}\n", warning);
  QYOLO_CHECK_OK(arguments.other.examine({arguments.images, arguments.truth, arguments.detections,
                                          arguments.image_size, arguments.threads}));
  if (!arguments.arrays.empty())
    QYOLO_CHECK_OK(harness::write_arrays(result.evaluation, arguments.arrays));
  arguments.output.print(results::renderers_of(result.record, arguments.per_class));
  return 0;
}

}  // namespace

void add_score(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<ScoreArguments>();
  CLI::App* command = app.add_subcommand(
      "score", "COCO mAP of a results file: pycocotools' numbers, cell for cell");
  add_annotations_and_detections(*command, arguments->truth, arguments->detections);
  command->add_flag("--per-class", arguments->per_class,
                    "Also one line per class (in json they are always there)");
  command
      ->add_option("--use-cats,--useCats", arguments->use_categories,
                   "0: all categories are one, so that a detection may match any object")
      ->check(CLI::IsMember({0, 1}))
      ->capture_default_str();
  command->add_option("--areas", arguments->areas,
                      "Area ranges in pixels^2, inclusive, as name:low:high,... (default: "
                      "all:0:1e10,small:0:1024,medium:1024:9216,large:9216:1e10)");
  command->add_option("--max-dets", arguments->max_detections,
                      "Detections per image and category that count (default: 1,10,100)");
  command->add_option("--iou-thresholds", arguments->iou_thresholds,
                      "IoU thresholds from 0 to 1 (default: 0.5 to 0.95 by 0.05)");
  command
      ->add_option("--arrays", arguments->arrays,
                   "Folder for precision.f64, recall.f64, scores.f64 (raw little-endian "
                   "doubles, [T,R,K,A,M] and [T,K,A,M])")
      ->type_name(kFolderType)
      ->check(written());
  arguments->other.add_to(*command);
  command->add_option("--images", arguments->images, "Image folder, for --network")
      ->type_name(kFolderType);
  add_image_size(*command, arguments->image_size,
                 "Long side of the network input, pixels, for --network");
  add_threads(*command, arguments->threads);
  arguments->output.add_to(*command);
  command->footer(
      "Example: qyolo score instances_val2017.json detections.json\n"
      "         qyolo score instances_val2017.json detections.json --per-class\n"
      "         qyolo score instances_val2017.json detections.json --use-cats 0 --max-dets "
      "1,10,1000\n"
      "         qyolo score gt.json dt.json --areas all:0:inf,tiny:0:256 --iou-thresholds 0.5,0.75 "
      "-o "
      "json\n"
      "With the same parameters, every number is pycocotools', but for annotations with the id 0 "
      "or\n"
      "with the id of another one, which pycocotools mistakes: here each counts, with a warning. "
      "Its\n"
      "AP (the first line) is at 100\n"
      "detections, and so -1 if 100 is not among --max-dets.");
  command->callback([arguments, &action] { action = [arguments] { return score(*arguments); }; });
}

}  // namespace qyolo::cli
