// `qyolo doctor`.
#include "common/file.h"
#include "tests/harness/cli/qyolo.h"
#include "tests/support/paths.h"

namespace qyolo::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> on(const std::string& annotations, std::vector<std::string> more = {}) {
  more.insert(more.begin(),
              {"doctor", "--images", parts("val/images"), "--annotations", annotations});
  return more;
}

TEST(DoctorCommand, TheEmbeddedDatasetIsSound) {
  const auto result =
      qyolo(on(parts("val/annotations.json"),
               {"--calibration", parts("calib/images"), "--model", parts_model(), "--strict"}));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("240 images"));
  EXPECT_THAT(result.out, HasSubstr("32 calibration images"));
  EXPECT_THAT(result.out, Not(HasSubstr("000001.jpg")));  // a remark needs no list
  EXPECT_THAT(result.out, HasSubstr("Kinds of findings: no errors, no warnings, 1 remark."));
}

TEST(DoctorCommand, MissingImagesAreAFailure) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "gt.json").string();
  ASSERT_TRUE(write_file(file, R"({"images": [{"id": 1, "file_name": "none.jpg"}],
      "annotations": [], "categories": [{"id": 1, "name": "nut"}]})"));
  EXPECT_EQ(qyolo(on(file)).exit_code, 1);
  const auto strict = qyolo(on(file, {"--strict", "-o", "json"}));
  EXPECT_EQ(strict.exit_code, 1);
  const Json report = Json::parse(strict.out);
  EXPECT_EQ(report["findings"][0]["check"], "image_missing");
  EXPECT_EQ(report["findings"][0]["severity"], "error");
  EXPECT_EQ(report["findings"][0]["count"], 1);
  EXPECT_EQ(report["findings"][0]["examples"][0]["image"], "none.jpg");
  EXPECT_EQ(report["kinds"]["error"], 1);
}

TEST(DoctorCommand, WarningsAreAFailureWhereItIsStrict) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "gt.json").string();
  ASSERT_TRUE(write_file(file, R"({"images": [{"id": 1, "file_name": "000001.jpg"}],
      "annotations": [], "categories": [{"id": 1, "name": "nut"}]})"));
  const auto result = qyolo(on(file));
  EXPECT_EQ(result.exit_code, 0) << result.out;
  EXPECT_THAT(result.out, HasSubstr("\nwarning  classes without objects: 1\n"));
  EXPECT_EQ(qyolo(on(file, {"--strict"})).exit_code, 1);
}

TEST(DoctorCommand, BadInputIsOneSentence) {
  expect_one_sentence(qyolo(on("none.json")), "none.json");
  expect_one_sentence(qyolo(on(parts("val/annotations.json"), {"--calibration", parts("val")})),
                      "has no images");
}

TEST(DoctorCommand, HelpHasAnExample) {
  EXPECT_THAT(qyolo({"doctor", "--help"}).out, HasSubstr("Example: qyolo doctor "));
}

}  // namespace
}  // namespace qyolo::testing
