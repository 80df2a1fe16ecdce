#include "harness/cell/experiment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

using ::testing::HasSubstr;

constexpr const char* kSmall = R"({
  "name": "small",
  "model": "model.pt",
  "dataset": {"images": "images", "annotations": "annotations.json"},
  "evaluation": {"img": 320},
  "latency": {"rounds": 3, "warmup": 0},
  "matrix": [
    {"scheme": ["affine", "pwlq"], "granularity": ["layer", "filter"], "bits": [8, 4]},
    {"scheme": "affine", "granularity": "filter", "bits": 4},
    {"scheme": "pwlq", "granularity": "filter", "bits": 3, "breakpoint": ["gaussian", "laplace"]}
  ]
})";

Result<Experiment> parse(const std::string& text, const std::vector<Override>& overrides = {}) {
  auto document = parse_json(text, "small.json");
  if (!document.ok()) return document.error();
  return parse_experiment(std::move(document).value(), "small.json", "/data", overrides);
}

// The small experiment with one piece of its text replaced.
std::string with(const std::string& from, const std::string& to) {
  std::string text = kSmall;
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string failure_of(const std::string& text, const std::vector<Override>& overrides = {}) {
  const auto experiment = parse(text, overrides);
  return experiment.ok() ? "no failure" : experiment.error().message;
}

TEST(Experiment, ExpandsBlocksToTheirCrossProductAfterTheBaseline) {
  const auto experiment = parse(kSmall);
  ASSERT_TRUE(experiment.ok()) << experiment.error().message;
  std::vector<std::string> labels;
  for (const Cell& cell : experiment->cells) labels.push_back(cell.label());
  EXPECT_THAT(labels, ::testing::ElementsAre(
                          "FP32", "affine 8-bit layer", "affine 4-bit layer", "affine 8-bit filter",
                          "affine 4-bit filter", "pwlq 8-bit layer", "pwlq 4-bit layer",
                          "pwlq 8-bit filter", "pwlq 4-bit filter", "pwlq 3-bit filter",
                          "pwlq 3-bit filter breakpoint=laplace"));
}

TEST(Experiment, ABlockOfOneCellMayNameIt) {
  const std::string named = with(
      R"("bits": 4},)", R"("bits": 4, "name": "ours"}, {"scheme": "fp32", "name": "theirs"},)");
  const auto experiment = parse(named);
  ASSERT_TRUE(experiment.ok()) << experiment.error().message;
  const auto& cells = experiment->cells;
  ASSERT_EQ(cells.size(), 11U);  // none more: a name makes no other cell
  EXPECT_EQ(cells[0].name, "theirs");
  EXPECT_EQ(cells[4].name, "ours");
  EXPECT_EQ(cells[4].label(), "affine 4-bit filter");
  const OrderedJson json = experiment->as_json();
  EXPECT_EQ(json["cells"][4]["name"], "ours");
  EXPECT_FALSE(cells[4].as_json().contains("name"));  // which is what its key is made of
  const auto again = parse(experiment_file(*experiment, "/data").dump());
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->cells[0].name, "theirs");
  EXPECT_EQ(again->cells[4].name, "ours");
}

TEST(Experiment, NamesAreOfOneCellEach) {
  EXPECT_THAT(failure_of(with(R"("bits": 3,)", R"("bits": 3, "name": "both",)")),
              HasSubstr("the name 'both' is that of one cell; the block is several"));
  EXPECT_THAT(failure_of(with(R"("bits": 4},)", R"("bits": 4, "name": "a\nb"},)")),
              HasSubstr("is no name"));
  EXPECT_THAT(failure_of(with(R"("bits": 4},)",
                              R"("bits": 4, "name": "a"}, {"scheme": "fp32", "name": "a"},)")),
              HasSubstr("two cells are named 'a'"));
  EXPECT_THAT(failure_of(with(R"("bits": 4},)", R"("bits": 4, "nmae": "a"},)")),
              HasSubstr("did you mean 'name'?"));
}

TEST(Experiment, LimitsAreSamplesUnlessTheySayFirst) {
  const auto limited = [](const std::string& limit) {
    return parse(with(R"("img": 320)", R"("img": 320, "limit": )" + limit));
  };
  EXPECT_EQ(limited("60")->evaluation.limit, (ImageLimit{60, false, 1}));
  EXPECT_EQ(limited(R"("60:7")")->evaluation.limit, (ImageLimit{60, false, 7}));
  EXPECT_EQ(limited(R"("first:60")")->evaluation.limit, (ImageLimit{60, true, 1}));
  EXPECT_EQ(parse(kSmall, {{"limit", {"first:3"}}})->evaluation.limit, (ImageLimit{3, true, 1}));
  EXPECT_EQ(parse(kSmall, {{"limit", {"3"}}})->evaluation.as_json()["limit"], 3);
  EXPECT_THAT(limited("-1").error().message, HasSubstr("'limit': '-1' is no number"));
  EXPECT_THAT(limited(R"("some")").error().message, HasSubstr("expected N (a random sample)"));
}

TEST(Experiment, AMarginIsAtMostTheTolerance) {
  EXPECT_EQ(parse(kSmall, {{"margin", {"0.25"}}})->uncertainty.margin, 0.25);
  EXPECT_FALSE(parse(kSmall)->uncertainty.as_json().contains("margin"));
  EXPECT_THAT(failure_of(kSmall, {{"margin", {"2"}}}), HasSubstr("from 0 to the tolerance, 1"));
}

TEST(Experiment, PathsAreRelativeToTheFile) {
  const auto experiment = parse(kSmall);
  ASSERT_TRUE(experiment.ok());
  EXPECT_EQ(experiment->model, "/data/model.pt");
  EXPECT_EQ(experiment->images, "/data/images");
}

TEST(Experiment, OverridesReplaceAxesAndValues) {
  const auto experiment =
      parse(kSmall,
            {{"bits", {"5"}}, {"scheme", {"affine"}}, {"img", {"640"}}, {"model", {"/other.pt"}}});
  ASSERT_TRUE(experiment.ok()) << experiment.error().message;
  EXPECT_EQ(experiment->model, "/other.pt");
  EXPECT_EQ(experiment->evaluation.image_size, 640);
  for (const Cell& cell : experiment->cells) {
    if (cell.baseline) continue;
    EXPECT_EQ(cell.recipe.options.bits, 5);
  }
}

TEST(Experiment, UncertaintyHasDefaultsAndLimits) {
  const auto plain = parse(kSmall);
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->uncertainty.resamples, 10000);
  EXPECT_EQ(plain->uncertainty.tolerance, 1);
  const auto set = parse(kSmall, {{"resamples", {"500"}}, {"seed", {"3"}}, {"tolerance", {"0.5"}}});
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(set->uncertainty.resamples, 500);
  EXPECT_EQ(set->uncertainty.seed, 3U);
  EXPECT_EQ(set->uncertainty.tolerance, 0.5);
  EXPECT_EQ(set->as_json()["uncertainty"].dump(), R"({"resamples":500,"seed":3,"tolerance":0.5})");
  EXPECT_TRUE(parse(kSmall, {{"resamples", {"0"}}}).ok());
  EXPECT_THAT(failure_of(kSmall, {{"resamples", {"99"}}}),
              HasSubstr("'uncertainty': 'resamples' is 99, expected 0 (no comparison) or 100"));
  EXPECT_THAT(failure_of(kSmall, {{"tolerance", {"-1"}}}),
              HasSubstr("'uncertainty': 'tolerance' is -1"));
  EXPECT_THAT(failure_of(with(R"("latency")", R"("uncertainty": {"repeats": 5}, "latency")")),
              HasSubstr("repeats"));
}

TEST(Experiment, OverrideTextIsKeyAndValues) {
  const auto change = parse_override("bits=4,8");
  ASSERT_TRUE(change.ok());
  EXPECT_EQ(change->first, "bits");
  EXPECT_EQ(change->second, (std::vector<std::string>{"4", "8"}));
  for (const char* wrong : {"bits", "=4", "bits=", ""})
    EXPECT_FALSE(parse_override(wrong).ok()) << wrong;
}

TEST(Experiment, UnknownKeysAndValuesAreNamedWithWhatIsAllowed) {
  EXPECT_THAT(failure_of(with("\"name\"", "\"nam\"")),
              HasSubstr("unknown key 'nam', expected one of: name"));
  EXPECT_THAT(failure_of(with("\"img\"", "\"image\"")),
              HasSubstr("'evaluation': unknown key 'image'"));
  EXPECT_THAT(failure_of(with("\"affine\", \"pwlq\"", "\"afine\"")), HasSubstr("'afine'"));
  EXPECT_THAT(failure_of(with("\"affine\", \"pwlq\"", "\"afine\"")), HasSubstr("affine"));
  EXPECT_THAT(failure_of(with("[\"layer\", \"filter\"]", "\"row\"")), HasSubstr("'row'"));
  EXPECT_THAT(failure_of(with("\"bits\": 3", "\"bits\": 9")),
              HasSubstr("'bits' is 9, expected an integer from 2 to 8"));
  EXPECT_THAT(failure_of(with("\"breakpoint\"", "\"breakpoints\"")),
              HasSubstr("unknown key 'breakpoints'"));
  EXPECT_THAT(failure_of(with("\"laplace\"", "\"cauchy\"")), HasSubstr("'cauchy'"));
  EXPECT_THAT(failure_of(kSmall, {{"speed", {"1"}}}), HasSubstr("--set: unknown key 'speed'"));
}

TEST(Experiment, WrongTypesAreNamedWithTheirPlace) {
  EXPECT_THAT(failure_of(with("320", "\"320\"")),
              HasSubstr("'img' is \"320\", expected an integer"));
  EXPECT_THAT(failure_of(with("[8, 4]", "[]")), HasSubstr("'bits' is an empty list"));
  EXPECT_THAT(failure_of(with("[8, 4]", "[8, null]")), HasSubstr("'matrix'[0]: 'bits' is null"));
  EXPECT_THAT(failure_of(with("\"model.pt\"", "17")),
              HasSubstr("'model' is number, expected a string"));
  EXPECT_THAT(failure_of(with("{\"images\": \"images\", \"annotations\": \"annotations.json\"}",
                              "\"parts\"")),
              HasSubstr("'dataset' is string, expected an object"));
  EXPECT_THAT(failure_of("[]"), HasSubstr("expected an object"));
  EXPECT_THAT(failure_of("{"), HasSubstr("is not valid JSON"));
  EXPECT_THAT(failure_of(std::string(1000, '[')), HasSubstr("nested deeper"));
}

TEST(Experiment, AHugeMatrixIsRefused) {
  std::string bits = "[";
  for (int i = 0; i < 1000; ++i) bits += "8,4,";
  bits += "2]";
  EXPECT_THAT(failure_of(with(
                  "[8, 4]", bits + R"(, "breakpoint": )" + "[" +
                                [] {
                                  std::string names;
                                  for (int i = 0; i < 100; ++i) names += "\"gaussian\",";
                                  return names + "\"laplace\"";
                                }() +
                                "]")),
              HasSubstr("more than 100000 cells"));
}

TEST(Experiment, RulesOfAllCellsTogetherAreBounded) {
  std::string rules = R"("rules": [)";
  for (int i = 0; i < 1000; ++i) rules += fmt::format(R"("index={0}-{0} -> bits=8", )", i);
  rules += R"("head -> keep"])";
  std::string ranges;
  for (int i = 0; i < 100; ++i) ranges += fmt::format(R"("percentile:{}", )", 99 + 0.001 * i);
  EXPECT_THAT(
      failure_of(with("[8, 4]", "[8, 4], " + rules + R"(, "range": [)" + ranges + R"("mse"])")),
      HasSubstr("more than 100000 rules in all cells"));
}

TEST(Experiment, QuantizedActivationsNeedACalibrationSet) {
  const std::string quantized = with("[8, 4]", R"([8, 4], "activation_bits": 8)");
  EXPECT_THAT(failure_of(quantized), HasSubstr("--calibration FOLDER"));
  const auto read = parse_experiment(Json::parse(quantized), "test", "/data",
                                     {{"calibration", {"images"}}, {"calibration_limit", {"7"}}});
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->calibration->images, "/data/images");
  EXPECT_EQ(read->calibration->limit, 7);
  EXPECT_EQ(read->as_json()["calibration"]["limit"], 7);
  EXPECT_THAT(failure_of(with("\"model.pt\",", R"("model.pt", "calibration": {"limit": 3},)")),
              HasSubstr("'images'"));
}

TEST(Experiment, TheCommittedExperimentsAreValid) {
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(testing::source_dir() / "experiments")) {
    if (entry.path().extension() != ".json") continue;
    ++files;
    const auto experiment = load_experiment(entry.path());
    EXPECT_TRUE(experiment.ok()) << experiment.error().message;
  }
  EXPECT_GT(files, 0);
}

TEST(Experiment, TheDemoIsTheMatrixItsReadmePromises) {
  const auto demo = load_experiment(testing::source_dir() / "experiments/demo.json");
  ASSERT_TRUE(demo.ok()) << demo.error().message;
  EXPECT_EQ(demo->cells.size(), 1 + 3 * 3 * 5);
  EXPECT_TRUE(demo->cells.front().baseline);
}

}  // namespace
}  // namespace qyolo::harness
