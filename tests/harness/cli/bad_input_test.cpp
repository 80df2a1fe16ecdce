// Every bad input ends in one clear sentence on stderr, nothing on stdout, and exit code 2.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/harness/cli/qyolo.h"

namespace qyolo::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

void write(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

class BadInput : public ::testing::Test {
 protected:
  [[nodiscard]] fs::path file(const std::string& name, const std::string& content) const {
    write(folder_.path() / name, content);
    return folder_.path() / name;
  }

  // The evaluation of the embedded default with its annotations changed.
  ProcessResult with_annotations(const std::function<void(Json&)>& change) const {
    Json truth = Json::parse(content_of(parts("val/annotations.json")));
    change(truth);
    auto arguments = parts_eval();
    arguments[6] = file("truth.json", truth.dump()).string();
    return qyolo(arguments);
  }

  ProcessResult with_model(const std::string& content) const {
    auto arguments = parts_eval();
    arguments[2] = file("model.pt", content).string();
    return qyolo(arguments);
  }

  ProcessResult with_experiment(const std::function<void(Json&)>& change) const {
    const fs::path original = source_dir() / "experiments/demo.json";
    Json experiment = Json::parse(content_of(original));
    experiment["model"] = parts_model();
    experiment["dataset"] = {{"images", parts("val/images")},
                             {"annotations", parts("val/annotations.json")}};
    change(experiment);
    return qyolo({"run", file("experiment.json", experiment.dump()).string(), "--out",
                  (folder_.path() / "run").string()});
  }

  TemporaryFolder folder_;
};

TEST_F(BadInput, Usage) {
  EXPECT_EQ(qyolo({"frobnicate"}).exit_code, 2);
  EXPECT_EQ(qyolo({"eval"}).exit_code, 2);
  EXPECT_EQ(qyolo({"score", "a", "b", "--no-such-flag"}).exit_code, 2);
  EXPECT_EQ(qyolo({"--help"}).exit_code, 0);
  for (const char* command : {"run", "eval", "tables", "plot", "inspect", "score", "detect"}) {
    const auto help = qyolo({command, "--help"});
    EXPECT_EQ(help.exit_code, 0) << command;
    EXPECT_THAT(help.out, HasSubstr("Example: qyolo ")) << command;
  }
}

TEST_F(BadInput, MisspeltNames) {
  expect_one_sentence(qyolo({"evall"}), "unknown command 'evall'; did you mean 'eval'?");
  expect_one_sentence(qyolo({"zzzzzz"}), "unknown command 'zzzzzz'\n");
  expect_one_sentence(qyolo({"eval", "--modle", "x"}),
                      "eval has no option --modle; did you mean '--model'?");
  expect_one_sentence(qyolo({"run", "x.json", "--out=a", "--reslume"}),
                      "run has no option --reslume");
  expect_one_sentence(qyolo(parts_eval({"--scheme", "afine"})), "did you mean 'affine'?");
  expect_one_sentence(qyolo(parts_eval({"--scheme", "affine", "--granularity", "fliter"})),
                      "did you mean 'filter'?");
  const auto experiment = file("experiment.json", R"({"nam": "x"})");
  expect_one_sentence(qyolo({"run", experiment.string()}), "did you mean 'name'?");
}

TEST_F(BadInput, WithoutACommandThereIsTheHelp) {
  const ProcessResult result = qyolo({});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("Subcommands:"));
}

TEST_F(BadInput, Checkpoints) {
  const std::string good = content_of(parts_model());
  expect_one_sentence(with_model(""), "model.pt");
  expect_one_sentence(with_model("this is no checkpoint"), "model.pt");
  expect_one_sentence(with_model(good.substr(0, good.size() / 2)), "model.pt");
  expect_one_sentence(with_model(good.substr(0, good.size() - 1)), "model.pt");
  auto arguments = parts_eval();
  arguments[2] = (folder_.path() / "absent.pt").string();
  expect_one_sentence(qyolo(arguments), "absent.pt");
  arguments[2] = folder_.path().string();
  expect_one_sentence(qyolo(arguments), folder_.path().string());
}

TEST_F(BadInput, Cells) {
  expect_one_sentence(qyolo(parts_eval({"--scheme", "afine"})), "afine");
  expect_one_sentence(qyolo(parts_eval({"--scheme", "affine", "--bits", "1"})),
                      "expected an integer from 2 to 8");
  expect_one_sentence(qyolo(parts_eval({"--scheme", "affine", "--granularity", "group:0"})),
                      "group:0");
}

TEST_F(BadInput, Calibration) {
  expect_one_sentence(qyolo(parts_eval({"--activation-bits", "8"})), "--calibration FOLDER");
  expect_one_sentence(qyolo(parts_eval({"--activation-bits", "8", "--calibration", "absent"})),
                      "absent");
  expect_one_sentence(
      qyolo(parts_eval({"--activation-bits", "8", "--calibration", folder_.path().string()})),
      "has no images");
}

TEST_F(BadInput, Annotations) {
  expect_one_sentence(with_annotations([](Json& t) { t.erase("images"); }), "'images'");
  expect_one_sentence(with_annotations([](Json& t) { t["annotations"][5].erase("bbox"); }),
                      "annotations[5]");
  expect_one_sentence(with_annotations([](Json& t) { t["annotations"][5]["bbox"] = "wide"; }),
                      "annotations[5]");
  expect_one_sentence(with_annotations([](Json& t) { t["annotations"][5].erase("image_id"); }),
                      "annotations[5]");
  expect_one_sentence(
      with_annotations([](Json& t) { t["images"][0]["file_name"] = "../../secret.jpg"; }),
      "../../secret.jpg");
  expect_one_sentence(
      with_annotations([](Json& t) { t["images"][0]["file_name"] = "/etc/passwd"; }),
      "/etc/passwd");
  expect_one_sentence(with_annotations([](Json& t) { t["images"][0]["file_name"] = "absent.jpg"; }),
                      "absent.jpg");
  expect_one_sentence(with_annotations([](Json& t) { t["categories"][0]["name"] = "screw"; }),
                      "screw");
  auto arguments = parts_eval();
  arguments[6] = file("truth.json", "{\"images\": [").string();
  expect_one_sentence(qyolo(arguments), "truth.json");
}

TEST_F(BadInput, NamesMayBeIgnoredOnRequest) {
  Json truth = Json::parse(content_of(parts("val/annotations.json")));
  truth["categories"][0]["name"] = "screw";
  auto arguments = parts_eval({"--ignore-class-names", "--limit", "first:2"});
  arguments[6] = file("truth.json", truth.dump()).string();
  EXPECT_EQ(qyolo(arguments).exit_code, 0);
}

TEST_F(BadInput, Experiments) {
  expect_one_sentence(with_experiment([](Json& e) { e["colour"] = 1; }), "unknown key 'colour'");
  expect_one_sentence(with_experiment([](Json& e) { e["evaluation"]["img"] = "big"; }), "'img'");
  expect_one_sentence(with_experiment([](Json& e) { e["matrix"][0]["scheme"] = "afine"; }),
                      "'afine'");
  expect_one_sentence(with_experiment([](Json& e) { e["model"] = "absent.pt"; }), "absent.pt");
  expect_one_sentence(qyolo({"run", file("broken.json", "{").string()}), "broken.json");
  expect_one_sentence(
      qyolo({"run", (source_dir() / "experiments/demo.json").string(), "--set", "speed=9"}),
      "'speed'");
}

TEST_F(BadInput, MissingOfficialFilesSayHowToGetThem) {
  const auto run = [&](const std::string& model) {
    return with_experiment([&](Json& e) { e["model"] = (folder_.path() / model).string(); });
  };
  expect_one_sentence(run("yolov7.pt"), "qyolo fetch yolov7");
  expect_one_sentence(run("yolov7.pt"), "75,587,165 bytes");
}

TEST_F(BadInput, OutputFolders) {
  const fs::path in_the_way = file("taken", "a file");
  expect_one_sentence(qyolo({"run", (source_dir() / "experiments/demo.json").string(), "--out",
                             in_the_way.string()}),
                      in_the_way.string());
  expect_one_sentence(
      qyolo({"run", (source_dir() / "experiments/demo.json").string(), "--out", "/proc/qyolo"}),
      "/proc/qyolo");
  expect_one_sentence(qyolo({"tables", folder_.path().string()}), folder_.path().string());
  expect_one_sentence(qyolo({"plot", (folder_.path() / "absent").string()}), "absent");
}

TEST_F(BadInput, Results) {
  const std::string truth = parts("val/annotations.json");
  expect_one_sentence(qyolo({"score", truth, (folder_.path() / "absent.json").string()}),
                      "absent.json");
  expect_one_sentence(qyolo({"score", truth, file("d.json", "[{}]").string()}), "[0]");
  expect_one_sentence(
      qyolo({"score", truth,
             file("d.json",
                  R"([{"image_id": 9999, "category_id": 1, "bbox": [1,2,3,4], "score": 0.5}])")
                 .string()}),
      "9999");
  expect_one_sentence(
      qyolo({"score", truth,
             file("d.json", R"([{"image_id": 1, "category_id": 1, "bbox": [1,2,3], "score": 0.5}])")
                 .string()}),
      "bbox");
}

}  // namespace
}  // namespace qyolo::testing
