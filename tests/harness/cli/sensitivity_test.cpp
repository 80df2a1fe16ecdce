// `qyolo sensitivity`, on a few images and layers of the embedded data.
#include <set>

#include "tests/harness/cli/qyolo.h"
#include "tests/plots/svg_reader.h"

namespace qyolo::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class SensitivityCommand : public ::testing::Test {
 protected:
  // Of the first three layers; model.0.conv is the first.
  [[nodiscard]] static ProcessResult run(std::vector<std::string> more,
                                         const std::string& output = "json") {
    more.insert(more.end(), {"--scheme", "affine", "--bits", "3", "--rule", "index=3-999 -> keep",
                             "--limit", "first:3", "-q"});
    auto arguments = on_parts("sensitivity", more);
    *std::ranges::find(arguments, "json") = output;
    return qyolo(arguments);
  }
  [[nodiscard]] static std::vector<std::string> calibration() {
    return {"--calibration", parts("calib/images"), "--calibration-limit", "1"};
  }

  TemporaryFolder folder_;
};

TEST_F(SensitivityCommand, MeasuresEachLayerBothWaysAndDrawsIt) {
  const fs::path out = folder_.path() / "sensitivity";
  auto arguments = calibration();
  arguments.insert(arguments.end(), {"--out", out.string()});
  const auto result = run(arguments);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  const Json json = Json::parse(result.out);
  EXPECT_EQ(Json::parse(content_of(out / "sensitivity.json")), json);
  ASSERT_EQ(json["layers"].size(), 3U);
  EXPECT_EQ(json["layers"][0]["name"], "model.0.conv");
  for (const Json& layer : json["layers"]) {
    for (const char* way : {"alone", "but_this"}) {
      EXPECT_GE(layer[way]["AP"].get<double>(), 0) << layer;
      EXPECT_LE(layer[way]["AP"].get<double>(), 1) << layer;
      EXPECT_GT(layer[way]["head_error"].get<double>(), 0) << layer;
    }
  }
  EXPECT_EQ(json["rank_agreement"].size(), 4U);
  EXPECT_EQ(json["cost"]["AP"]["images"], 3);
  EXPECT_EQ(json["cost"]["proxies"]["images"], 1);

  const auto shown = qyolo({"tables", (out / "sensitivity.json").string(), "-o", "csv"});
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, ::testing::StartsWith("layer,weights,sqnr_db,alone_AP,"));
  EXPECT_THAT(shown.out, HasSubstr("\nmodel.0.conv,"));

  std::set<std::string> drawn;
  for (const auto& entry : fs::directory_iterator(out)) {
    if (entry.path().extension() != ".svg") continue;
    drawn.insert(entry.path().filename().string());
    const std::string svg = content_of(entry.path());
    EXPECT_TRUE(well_formed(svg)) << entry.path();
    for (const Json& layer : json["layers"])
      EXPECT_THAT(svg, HasSubstr(layer["name"].get<std::string>())) << entry.path();
  }
  EXPECT_EQ(drawn, (std::set<std::string>{"sensitivity-ap.svg", "sensitivity-head-error.svg",
                                          "sensitivity-kl.svg"}));
}

TEST_F(SensitivityCommand, ALayerAloneScoresAsTheCellThatQuantizesNothingElse) {
  const auto measured = run({"--by", "ap", "--alone-only"});
  ASSERT_EQ(measured.exit_code, 0) << measured.err;
  const Json json = Json::parse(measured.out);
  const auto cell = qyolo(parts_eval({"--scheme", "affine", "--bits", "3", "--rule",
                                      "index=3-999 -> keep", "--limit", "first:3"}));
  const auto baseline = qyolo(parts_eval({"--limit", "first:3"}));
  ASSERT_EQ(cell.exit_code, 0) << cell.err;
  EXPECT_EQ(json["baseline_AP"], Json::parse(baseline.out)["AP"]);
  EXPECT_NEAR(json["all"]["AP"].get<double>(), Json::parse(cell.out)["AP"].get<double>(), 0.02);
  EXPECT_TRUE(json["layers"][0]["but_this"].empty());
  EXPECT_FALSE(json["layers"][0]["alone"].contains("kl"));
  EXPECT_TRUE(json["cost"]["proxies"].is_null());
}

TEST_F(SensitivityCommand, ByProxyPrintsATableWithoutAp) {
  auto arguments = calibration();
  arguments.insert(arguments.end(), {"--by", "proxy", "--alone-only"});
  const auto csv = run(arguments, "csv");
  ASSERT_EQ(csv.exit_code, 0) << csv.err;
  EXPECT_EQ(std::count(csv.out.begin(), csv.out.end(), '\n'), 4) << csv.out;
  EXPECT_THAT(csv.out, HasSubstr("\nmodel.0.conv,216,"));
  const auto text = run(arguments, "md");
  EXPECT_THAT(text.out, HasSubstr("| Layer "));
  EXPECT_THAT(text.out, ::testing::Not(HasSubstr("points lost")));
}

TEST_F(SensitivityCommand, BadInputIsOneSentence) {
  expect_one_sentence(run({"--by", "proxy"}), "--by proxy needs --calibration FOLDER");
  expect_one_sentence(run({}), "--by both needs --calibration FOLDER");
  expect_one_sentence(run({"--calibration", "/nowhere"}), "/nowhere");
  expect_one_sentence(run({"--by", "ap", "--rule", "index=0-2 -> keep"}),
                      "the rules keep every layer");
  expect_one_sentence(qyolo(on_parts("sensitivity", {"--by", "ap", "--limit", "first:2"})),
                      "sensitivity needs a scheme");
  expect_one_sentence(run({"--by", "ap", "--activation-bits", "8"}), "expected no activation bits");
  EXPECT_EQ(run({"--by", "guess"}).exit_code, 2);
}

TEST_F(SensitivityCommand, HelpHasAnExample) {
  const auto help = qyolo({"sensitivity", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("Example: qyolo sensitivity "));
}

}  // namespace
}  // namespace qyolo::testing
