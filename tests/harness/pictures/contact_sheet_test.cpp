#include "harness/pictures/contact_sheet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

using ::qyolo::testing::TemporaryFolder;
using ::testing::HasSubstr;

// One grey image, on which B misses an object.
Diff missed_object(const std::string& file_name, std::size_t images = 1) {
  Diff diff;
  diff.baseline_name = "A";
  diff.other_name = "Größe\n4 bit";  // neither ASCII nor one line
  diff.truth.categories = {{1, "washer"}};
  for (std::size_t i = 0; i < images; ++i) {
    const auto id = static_cast<std::int64_t>(i);
    diff.truth.images.push_back({id, file_name, 200, 100});
    diff.truth.annotations.push_back({0, id, 1, {50, 20, 60, 40}, 2400, false});
    diff.baseline.push_back({id, 1, {50, 20, 60, 40}, 0.9});
  }
  auto changes = metrics::detection_changes(diff.truth, diff.baseline, diff.other, {0.5, 0.5});
  EXPECT_TRUE(changes.ok());
  diff.changes = std::move(changes).value();
  return diff;
}

class ContactSheet : public ::testing::Test {
 protected:
  ContactSheet() {
    cv::imwrite((folder_.path() / "grey.png").string(),
                cv::Mat(100, 200, CV_8UC3, cv::Scalar(128, 128, 128)));
  }
  [[nodiscard]] auto draw(const Diff& diff, std::size_t count = 100) const {
    return draw_contact_sheets(diff, count, folder_.path(), folder_.path() / "sheets");
  }
  [[nodiscard]] std::string failure(const Diff& diff) const {
    const auto sheets = draw(diff);
    return sheets.ok() ? "no failure" : sheets.error().message;
  }
  TemporaryFolder folder_;
};

// How many pixels of a region have about this colour (BGR).
int count(const cv::Mat& picture, const cv::Scalar& colour) {
  cv::Mat mask;
  const cv::Scalar slack(40, 40, 40);
  cv::inRange(picture, colour - slack, colour + slack, mask);
  return cv::countNonZero(mask);
}

TEST_F(ContactSheet, ShowsAMissedObjectGreenOnTheLeftAndDashedRedOnTheRight) {
  const auto sheets = draw(missed_object("grey.png"));
  ASSERT_TRUE(sheets.ok()) << sheets.error().message;
  ASSERT_EQ(sheets->size(), 1U);
  EXPECT_EQ(sheets->front(), folder_.path() / "sheets" / "sheet-01.jpg");
  const cv::Mat sheet = cv::imread(sheets->front().string());
  ASSERT_FALSE(sheet.empty());
  // The pair is in the left half, below the header with the colours' meaning.
  const cv::Rect left(24, 128, 440, 330), right(24 + 446, 128, 440, 330);
  const cv::Scalar green(115, 158, 0), red(0, 94, 213);
  EXPECT_GT(count(sheet(left), green), 800);
  EXPECT_LT(count(sheet(left), red), 20);
  EXPECT_GT(count(sheet(right), red), 800);
  EXPECT_LT(count(sheet(right), green), 20);
  // Both panels show the image where nothing is drawn.
  EXPECT_GT(count(sheet(left), {128, 128, 128}), 440 * 220 * 8 / 10);
  EXPECT_GT(count(sheet(right), {128, 128, 128}), 440 * 220 * 8 / 10);
}

TEST_F(ContactSheet, HoldsSixImagesAndTheNextHasTheRest) {
  const auto sheets = draw(missed_object("grey.png", 7));
  ASSERT_TRUE(sheets.ok()) << sheets.error().message;
  ASSERT_EQ(sheets->size(), 2U);
  EXPECT_GT(cv::imread((*sheets)[0].string()).rows, cv::imread((*sheets)[1].string()).rows);
  const auto fewer = draw(missed_object("grey.png", 7), 3);
  ASSERT_TRUE(fewer.ok());
  EXPECT_EQ(fewer->size(), 1U);
}

TEST_F(ContactSheet, DrawsBoxesFarOutsideTheImage) {
  Diff diff = missed_object("grey.png");
  diff.other.push_back({0, 1, {-1e30, 50, 2e30, 1e300}, 0.9});
  diff.changes =
      metrics::detection_changes(diff.truth, diff.baseline, diff.other, {0.5, 0.5}).value();
  EXPECT_TRUE(draw(diff).ok());
}

TEST_F(ContactSheet, NothingIsWrittenWhereNothingChanged) {
  Diff diff = missed_object("grey.png");
  diff.other = diff.baseline;
  diff.changes =
      metrics::detection_changes(diff.truth, diff.baseline, diff.other, {0.5, 0.5}).value();
  const auto sheets = draw(diff);
  ASSERT_TRUE(sheets.ok());
  EXPECT_TRUE(sheets->empty());
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "sheets"));
}

TEST_F(ContactSheet, FailsOnImagesThatAreNotThere) {
  EXPECT_THAT(failure(missed_object("none.png")), HasSubstr("none.png"));
  EXPECT_THAT(failure(missed_object("../grey.png")), HasSubstr("../grey.png"));
  std::ofstream(folder_.path() / "text.png") << "no image";
  EXPECT_THAT(failure(missed_object("text.png")), HasSubstr("text.png"));
}

}  // namespace
}  // namespace qyolo::harness
