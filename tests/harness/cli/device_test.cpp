// From `qyolo bench` on a device to `tables --device` and `poc --device`.
#include "common/file.h"
#include "tests/harness/cli/qyolo.h"
#include "tests/support/paths.h"

namespace qyolo::testing {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kDemoRun = (source_dir() / "results/reference/demo").string();

class Devices : public ::testing::Test {
 protected:
  // What a device called `name` writes.
  [[nodiscard]] std::string bench(const std::string& model, const std::string& name,
                                  const std::vector<std::string>& more = {}) const {
    const std::string file = path(name + ".json");
    std::vector<std::string> arguments = {"bench",    model, "--img",         "64",
                                          "--rounds", "2",   "--threads",     "1",
                                          "--save",   file,  "--device-name", name};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProcessResult result = qyolo(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return file;
  }
  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_.path() / name).string();
  }
  // The board's power as this made-up tree says.
  void set_power(const std::string& microwatts) const {
    const auto sensor = folder_.path() / "sys/class/hwmon/hwmon0";
    ASSERT_TRUE(create_folder(sensor).ok());
    ASSERT_TRUE(write_file(sensor / "name", "ina219\n").ok());
    ASSERT_TRUE(write_file(sensor / "power1_input", microwatts + "\n").ok());
    setenv("QYOLO_SYSFS", path("sys").c_str(), 1);
  }
  ~Devices() override { unsetenv("QYOLO_SYSFS"); }

 private:
  TemporaryFolder folder_;
};

TEST_F(Devices, BenchWritesWhatItMeasuredAndOfWhat) {
  set_power("3000000");
  const std::string file = bench(parts_model(), "terminal", {"--precision", "fp32,int8"});
  const Json json = Json::parse(content_of(file));
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["kind"], "device");
  EXPECT_EQ(json["device"], "terminal");
  EXPECT_EQ(json["model"]["kind"], "checkpoint");
  EXPECT_EQ(json["model"]["sha256"],
            "a47d559cdb13db8bc7ffb91b264fcb31d15c209cf570d137afe04ff920ab0502");
  EXPECT_THAT(std::string(json["versions"]["onednn"]), HasSubstr("oneDNN"));
  EXPECT_THAT(std::string(json["energy"]["source"]),
              AllOf(HasSubstr("ina219"), HasSubstr("below")));
  for (const Json& row : json["rows"]) {
    EXPECT_GT(row["images_per_second"], 0);
    const Json& energy = row["energy"];
    ASSERT_TRUE(energy.contains("mj_per_image")) << energy;
    // 3 W throughout.
    EXPECT_NEAR(energy["joules"].get<double>(), 3 * energy["seconds"].get<double>(), 0.05);
    EXPECT_GE(energy["seconds"], 1);
    int convolutions = 0;
    for (const Json& kernel : row["kernels"]) convolutions += kernel["convolutions"].get<int>();
    EXPECT_GT(convolutions, 50);
  }
  EXPECT_EQ(json["rows"][0]["cell"]["label"], "FP32");
  EXPECT_EQ(json["rows"][1]["calibration"], "synthetic image");
}

TEST_F(Devices, EnergyThatCannotBeReadIsSaid) {
  setenv("QYOLO_SYSFS", path("none").c_str(), 1);
  const ProcessResult result = qyolo({"bench", parts_model(), "--img", "64", "--rounds", "1",
                                      "--precision", "fp32", "--no-memory"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("Energy: not readable here: no RAPL package in "));
}

TEST_F(Devices, StandSideBySideInTheTable) {
  const std::string pi = bench(parts_model(), "pi5", {"--precision", "fp32", "--no-memory"});
  set_power("5000000");
  const std::string orin =
      bench(parts_model(), "orin",
            {"--precision", "fp32", "--weights", "plain,packed", "--scheme", "pwlq", "--bits", "4",
             "--granularity", "filter", "--batch", "1,2"});
  const std::vector<std::string> both = {"--device", pi, "--device", orin};
  const auto tables = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"tables", kDemoRun});
    more.insert(more.end(), both.begin(), both.end());
    const ProcessResult result = qyolo(more);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  };
  const std::string markdown = tables({"--table", "devices"});
  EXPECT_THAT(markdown, AllOf(HasSubstr("pi5: ms"), HasSubstr("orin: mJ/image"),
                              HasSubstr("orin: peak MB"), Not(HasSubstr("pi5: peak MB"))));
  EXPECT_THAT(markdown, ContainsRegex("\\| FP32 +\\| 74.53 \\|"));
  EXPECT_THAT(markdown, ContainsRegex("\\| pwlq 4-bit filter +\\| 66.03 \\|"));
  EXPECT_THAT(tables({}), AllOf(HasSubstr("## Measured on devices"), HasSubstr("| affine ")));
  EXPECT_THAT(tables({"-o", "tex"}), HasSubstr("\\multicolumn{4}{c}{orin}"));
  EXPECT_THAT(tables({"-o", "csv"}), HasSubstr("orin.fp32.packed.batch2.64x64.threads1.median_ms"));
  EXPECT_THAT(tables({"-o", "csv", "--table", "devices"}), HasSubstr("\norin,"));
  const Json json = Json::parse(tables({"-o", "json"}));
  EXPECT_EQ(json["devices"].size(), 2U);
  EXPECT_EQ(json["devices"][1]["rows"][0]["key"], json["rows"][0]["key"]);
}

TEST_F(Devices, AnArtifactMeetsItsCell) {
  const std::string artifact = path("a.safetensors");
  ASSERT_EQ(qyolo({"quantize", parts_model(), "--scheme", "affine", "--bits", "4", "--granularity",
                   "filter", "-o", artifact})
                .exit_code,
            0);
  // INT8 of an artifact is left out, not an error.
  const std::string file = bench(
      artifact, "terminal",
      {"--precision", "fp32,int8", "--weights", "packed,plain", "--no-memory", "--no-energy"});
  const ProcessResult result = qyolo({"tables", kDemoRun, "--device", file, "-o", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  for (const Json& row : json["devices"][0]["rows"]) {
    EXPECT_EQ(row["network"], "affine 4-bit filter");
    EXPECT_NEAR(row["AP"], 0.5477, 5e-5);
  }
}

TEST_F(Devices, AFileOfAnotherModelIsRefused) {
  const std::string file =
      bench(parts_model(), "terminal", {"--precision", "fp32", "--no-memory", "--no-energy"});
  Json json = Json::parse(content_of(file));
  json["model"]["sha256"] = json["model"]["checkpoint_sha256"] = std::string(64, 'd');
  const std::string other = path("other.json");
  ASSERT_TRUE(write_file(other, json.dump()).ok());
  const ProcessResult refused = qyolo({"tables", kDemoRun, "--device", file, "--device", other});
  expect_one_sentence(refused, "other.json was measured with another model");
  EXPECT_THAT(refused.err, AllOf(HasSubstr("dddddddddddd"), HasSubstr("a47d559cdb13")));
  expect_one_sentence(qyolo({"tables", kDemoRun, "--device", kDemoRun + "/manifest.json"}),
                      "is no device file");
  expect_one_sentence(qyolo({"tables", kDemoRun, "--device", path("none.json")}), "none.json");
  // Before anything is evaluated.
  expect_one_sentence(qyolo(on_parts("poc", {"--limit", "first:12", "--out", path("poc"),
                                             "--device", other, "-q"})),
                      "other.json was measured with another model");
  EXPECT_FALSE(std::filesystem::exists(path("poc")));
}

TEST_F(Devices, AreInTheReportOfAProofOfConcept) {
  const std::string file =
      bench(parts_model(), "terminal", {"--precision", "fp32", "--no-memory", "--no-energy"});
  set_power("5000000");
  const ProcessResult result =
      qyolo(on_parts("poc", {"--limit", "first:12", "--rounds", "2", "--tolerance", "30pt", "--out",
                             path("poc"), "--device", file, "--device", file}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string report = content_of(path("poc/report.html"));
  EXPECT_THAT(report, HasSubstr("Measured on devices"));
  EXPECT_THAT(report, HasSubstr("terminal (2)"));
  EXPECT_THAT(report, HasSubstr("--device"));
  EXPECT_THAT(report, HasSubstr("(measured by hwmon ina219 below "));
  EXPECT_EQ(Json::parse(result.out)["devices"].size(), 2U);
}

}  // namespace
}  // namespace qyolo::testing
