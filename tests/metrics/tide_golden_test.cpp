// Whole files against tidecv 1.0.1, the toolbox of TIDE's authors, on what it treats by the same
// rules (see metrics/tide.h): no crowds, at most 100 detections of an image and class but any
// number of an image (its max_dets raised to 100,000), and equal scores told apart in the order of
// the evaluation (scores lowered by 1e-11 times the rank). Two of its lines were changed: recall
// thresholds as i * 0.01 instead of i / 100, and the best detection of an object kept apart for
// classification and localization errors. Unchanged it gives 0.636418 for the classification errors
// and 1.714014 for the false negatives of parts; of coco80 51.564385 for AP50, 15.171906 for
// classification, 1.014194 for localization, and the others within 0.002.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datasets/coco_json.h"
#include "metrics/tide.h"
#include "tests/support/paths.h"

namespace qyolo::metrics {
namespace {

using ::testing::ElementsAre;
using testing::shared_dir;

TideReport report_of(const std::filesystem::path& annotations,
                     const std::filesystem::path& detections) {
  auto truth = datasets::read_coco_annotations(annotations);
  EXPECT_TRUE(truth.ok()) << truth.error().message;
  std::erase_if(truth->annotations, [](const Annotation& a) { return a.iscrowd; });
  const auto found = datasets::read_coco_detections(detections);
  EXPECT_TRUE(found.ok()) << found.error().message;
  const auto assignment = assign_detections(*truth, *found);
  EXPECT_TRUE(assignment.ok()) << assignment.error().message;
  return analyse_errors(*truth, *found, *assignment);
}

void expect_gains(const TideReport& report, const std::array<double, 8>& points) {
  for (std::size_t type = 0; type < kErrorTypes; ++type)
    EXPECT_NEAR(report.delta_ap[type] * 100, points[type], 1e-9) << kErrorTypeNames[type];
  EXPECT_NEAR(report.false_positive_delta_ap * 100, points[6], 1e-9);
  EXPECT_NEAR(report.false_negative_delta_ap * 100, points[7], 1e-9);
}

TEST(TideGolden, Parts) {
  QYOLO_NEEDS_SHARED("golden/parts-w025.json");
  const TideReport report = report_of(testing::source_dir() / "datasets/parts/val/annotations.json",
                                      shared_dir() / "golden/parts-w025.json");
  EXPECT_THAT(report.errors, ElementsAre(5453, 4589, 6686, 2121, 9355, 5));
  EXPECT_NEAR(report.ap50 * 100, 94.38516339231722, 1e-9);
  expect_gains(report,
               {0.6712879012192587, 1.0934389087553313, 0.12903126256259156, 0.374506338927759,
                0.3180958358678936, 0.283490926840372, 3.510876211643165, 1.698744645946391});
}

TEST(TideGolden, Coco80WithoutItsCrowds) {
  QYOLO_NEEDS_SHARED("golden/coco80-dets.json");
  const TideReport report = report_of(shared_dir() / "data/coco80/annotations.json",
                                      shared_dir() / "golden/coco80-dets.json");
  EXPECT_THAT(report.errors, ElementsAre(145, 114, 582, 443, 784, 178));
  EXPECT_NEAR(report.ap50 * 100, 51.56255662415898, 1e-9);
  expect_gains(report,
               {15.172805610285074, 1.0678826748887218, 1.165694152755556, 3.582029250332731,
                1.6601064273745365, 11.029738791149192, 20.702294860989547, 14.642598267891124});
}

}  // namespace
}  // namespace qyolo::metrics
