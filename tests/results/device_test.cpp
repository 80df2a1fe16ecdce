#include "results/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "common/file.h"
#include "tests/results/device_fixture.h"
#include "tests/support/paths.h"

namespace qyolo::results {
namespace {

using ::testing::HasSubstr;
using namespace qyolo::testing;  // NOLINT(google-build-using-namespace)

// One of everything that a file can hold.
Device everything() {
  Device device = device_of("pi5");
  device.energy = {"", "hwmon ina3221", "sampled power", "board input: VDD_IN", 20};
  device.model.artifact = true;
  device.model.checkpoint_sha256 = std::string(64, 'b');
  device.model.cell = affine_cell();
  DeviceRow packed = with_energy(device_row("bf16", affine_cell(), 8, 31.25), 812.5);
  packed.packed = packed.coded_regions = true;
  DeviceRow integers = device_row("int8", integer_cell(), 1, 9);
  integers.calibration = "synthetic image";
  integers.energy_reason = "curr1_input is not readable";
  device.rows = {packed, integers};
  device.unsupported = {"bf16: this CPU has no bfloat16"};
  return device;
}

TEST(DeviceFile, WhatTheWriterMadeIsReadByTheReader) {
  const Device before = everything();
  const auto read = parse_device(device_text(before), "pi5.json");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(device_text(*read), device_text(before));
  EXPECT_EQ(read->name, "pi5");
  EXPECT_TRUE(read->model.artifact);
  EXPECT_EQ(read->model.cell, affine_cell());
  ASSERT_EQ(read->rows.size(), 2U);
  const DeviceRow& packed = read->rows[0];
  EXPECT_TRUE(packed.packed && packed.coded_regions);
  EXPECT_EQ(packed.milliseconds, before.rows[0].milliseconds);
  EXPECT_EQ(packed.peak_rss, 123456789);
  EXPECT_EQ(packed.energy->millijoules_per_image, 812.5);
  EXPECT_EQ(packed.energy->readings, 75);
  EXPECT_EQ(packed.kernels[0].name, "brgconv:avx512_core");
  EXPECT_EQ(read->rows[1].energy_reason, "curr1_input is not readable");
  EXPECT_FALSE(read->rows[1].peak_rss);
  EXPECT_EQ(read->energy.covers, "board input: VDD_IN");
  EXPECT_EQ(read->unsupported, before.unsupported);
}

TEST(DeviceFile, SaysMediansAndThroughput) {
  const Json json = Json::parse(device_text(everything()));
  EXPECT_EQ(json["schema"], kDeviceSchema);
  EXPECT_EQ(json["kind"], "device");
  EXPECT_EQ(json["rows"][0]["median_ms"], 31.25);
  EXPECT_EQ(json["rows"][0]["images_per_second"], 256);
  EXPECT_EQ(json["rows"][0]["regions"], "entropy");
  EXPECT_EQ(json["rows"][0]["energy"]["mj_per_image"], 812.5);
  EXPECT_TRUE(json["rows"][1]["peak_rss_bytes"].is_null());
}

TEST(DeviceFile, NamesThatAreNoUtf8AreWrittenAllTheSame) {
  Device device = everything();
  device.name = "pi\xff";
  EXPECT_TRUE(parse_device(device_text(device), "pi").ok());
}

std::string complaint(const std::function<void(Json&)>& damage) {
  Json json = Json::parse(device_text(everything()));
  damage(json);
  const auto read = parse_device(json.dump(), "t.json");
  return read.ok() ? "accepted" : read.error().message;
}

TEST(DeviceFile, WhatIsWrongIsSaidInOneSentence) {
  EXPECT_THAT(parse_device("{", "t.json").error().message, HasSubstr("t.json is not valid JSON"));
  EXPECT_THAT(parse_device("[]", "t.json").error().message, HasSubstr("expected an object"));
  EXPECT_THAT(parse_device("{\"rows\": []}", "t.json").error().message,
              HasSubstr("t.json is no device file, expected what `qyolo bench MODEL -o json`"));
  EXPECT_THAT(complaint([](Json& json) { json["schema"] = 2; }), HasSubstr("use a newer qyolo"));
  EXPECT_THAT(complaint([](Json& json) { json["rows"] = Json::array(); }),
              HasSubstr("at least one row"));
  EXPECT_THAT(complaint([](Json& json) { json["rows"][1]["samples_ms"] = Json::array(); }),
              HasSubstr("rows[1]: 'samples_ms': expected at least one sample"));
  EXPECT_THAT(complaint([](Json& json) { json["rows"][0]["samples_ms"][1] = -3; }),
              HasSubstr("expected positive numbers"));
  EXPECT_THAT(complaint([](Json& json) { json["rows"][0]["batch"] = 1e300; }),
              HasSubstr("'batch' is"));
  EXPECT_THAT(complaint([](Json& json) { json["rows"][0]["threads"] = 0; }),
              HasSubstr("expected an integer from 1"));
  EXPECT_THAT(complaint([](Json& json) { json["rows"][0]["precision"] = "fp64"; }),
              HasSubstr("'fp32', 'bf16' or 'int8'"));
  EXPECT_THAT(complaint([](Json& json) { json["rows"][0]["cell"] = 7; }),
              HasSubstr("expected an object"));
  EXPECT_THAT(complaint([](Json& json) { json["rows"][0]["energy"]["mj_per_image"] = -1; }),
              HasSubstr("expected a number from 0"));
  EXPECT_THAT(complaint([](Json& json) { json["model"]["sha256"] = "../../etc"; }),
              HasSubstr("64 hexadecimal digits"));
  EXPECT_THAT(complaint([](Json& json) { json["model"]["kind"] = "onnx"; }),
              HasSubstr("'checkpoint' or 'artifact'"));
}

// Each value of the document in turn is gone, or something else.
TEST(DeviceFile, NoDamageIsACrash) {
  const Json whole = Json::parse(device_text(everything()));
  const Json flat = whole.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    for (const Json& other : {Json(), Json(-1), Json("x"), Json::array(), Json::object({{"a", 1}}),
                              Json(1e308), Json(true)}) {
      Json damaged = whole;
      damaged[Json::json_pointer(pointer)] = other;
      const auto read = parse_device(damaged.dump(), "t.json");
      if (!read.ok()) {
        EXPECT_THAT(read.error().message, HasSubstr("t.json"));
      }
    }
  }
  const std::string text = whole.dump();
  for (std::size_t length = 0; length < text.size(); length += 7)
    EXPECT_FALSE(parse_device(text.substr(0, length), "t.json").ok());
}

TEST(DeviceFile, AFileTooLargeIsRefusedUnread) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "huge.json";
  ASSERT_TRUE(write_file(file, "{").ok());
  std::filesystem::resize_file(file, std::uintmax_t{1} << 40);
  EXPECT_THAT(read_device(file).error().message, HasSubstr("expected a device file of at most"));
  EXPECT_FALSE(read_device(folder.path()).ok());
  EXPECT_FALSE(read_device(folder.path() / "none").ok());
}

}  // namespace
}  // namespace qyolo::results
