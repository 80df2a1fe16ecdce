#include "results/device_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "results/tables.h"
#include "tests/results/device_fixture.h"
#include "tests/results/fixture.h"

namespace qyolo::results {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace qyolo::testing;  // NOLINT(google-build-using-namespace)

// FP32 and affine, recorded with their whole spelling; pwlq is still to come.
Run run_with_cells() {
  OrderedJson manifest = manifest_of({kFp32, kAffine, kPwlq});
  manifest["checkpoint"]["sha256"] = kModelHash;
  manifest["executor"] = "oneDNN 2.6.3, fp32, 2 threads";
  OrderedJson fp32 = accuracy_record(kFp32, 0.75, 9200000);
  fp32["cell"] = baseline_cell();
  OrderedJson affine = accuracy_record(kAffine, 0.5, 1200000);
  affine["cell"] = affine_cell();
  return run_of(manifest, {fp32, affine});
}

Device first() {
  Device device = device_of("pi5");
  device.rows.push_back(device_row("bf16", baseline_cell(), 1, 12));
  DeviceRow integers = device_row("int8", integer_cell(), 1, 8);
  integers.calibration = "synthetic image";
  device.rows.push_back(integers);
  DeviceRow packed = device_row("fp32", affine_cell(), 1, 30);
  packed.packed = true;
  device.rows.push_back(packed);
  return device;
}

Device second() {
  Device device = device_of("orin");
  device.energy = {"", "hwmon ina3221", "sampled power", "board input: VDD_IN", 20};
  device.rows[0] = with_energy(device.rows[0], 250);
  return device;
}

DeviceTable table_of(std::vector<Device> devices) {
  auto table = device_table(run_with_cells(), std::move(devices));
  if (table.ok()) return std::move(table).value();
  ADD_FAILURE() << table.error().message;
  return {};
}

TEST(DeviceTable, MeasurementsMeetTheCellsWhoseWeightsTheyRan) {
  const DeviceTable table = table_of({first(), second()});
  ASSERT_EQ(table.groups.size(), 2U);
  ASSERT_EQ(table.rows.size(), 4U);
  EXPECT_EQ(table.rows[0].network, "FP32");
  EXPECT_EQ(table.rows[0].key, "k-fp32");
  EXPECT_EQ(table.rows[0].ap, 0.75);
  EXPECT_EQ(table.at(table.rows[0], 0)->median_ms(), 20);
  EXPECT_EQ(table.at(table.rows[0], 1)->energy->millijoules_per_image, 250);
  // What ran under none of the run's labels has its own.
  EXPECT_EQ(table.rows[1].network, "unquantized, in BF16");
  EXPECT_EQ(table.rows[1].key, "");
  EXPECT_FALSE(table.rows[1].ap);
  EXPECT_EQ(table.rows[2].network, "symmetric 8-bit filter A8 [head -> keep]");
  EXPECT_EQ(table.rows[2].key, "");
  EXPECT_EQ(table.rows[3].network, "affine 4-bit filter");
  EXPECT_EQ(table.rows[3].key, "k-affine-4-filter");
  EXPECT_EQ(table.rows[3].ap, 0.5);
  EXPECT_EQ(table.at(table.rows[3], 1), nullptr);
}

TEST(DeviceTable, AnotherOptionIsAnotherCell) {
  Device device = first();
  device.rows[3].cell["fold"] = "off";
  device.rows[3].cell["label"] = "affine 4-bit filter fold=off";
  const DeviceTable table = table_of({device});
  EXPECT_EQ(table.rows[3].key, "");
  EXPECT_FALSE(table.rows[3].ap);
  EXPECT_EQ(table.rows[3].network, "affine 4-bit filter fold=off");
}

TEST(DeviceTable, AnArtifactMeetsTheCellItWasMadeWith) {
  Device device = device_of("pi5");
  device.model.artifact = true;
  device.model.sha256 = std::string(64, 'c');
  device.model.cell = affine_cell();
  device.model.cell["artifact"] = true;
  device.model.cell["label"] = "artifact affine 4-bit filter";
  DeviceRow packed = device_row("fp32", device.model.cell, 1, 40);
  packed.packed = true;
  DeviceRow rounded = device_row("bf16", device.model.cell, 1, 20);
  rounded.packed = true;
  device.rows = {packed, rounded};
  const DeviceTable table = table_of({device, first()});
  ASSERT_EQ(table.rows.size(), 5U);
  EXPECT_EQ(table.rows[3].network, "affine 4-bit filter");
  EXPECT_EQ(table.rows[3].key, "k-affine-4-filter");
  // The same cell from the checkpoint on the other device, side by side.
  EXPECT_EQ(table.at(table.rows[3], 0)->median_ms(), 40);
  EXPECT_EQ(table.at(table.rows[3], 1)->median_ms(), 30);
  // The run did not evaluate it in BF16.
  EXPECT_EQ(table.rows[4].key, "k-affine-4-filter");
  EXPECT_FALSE(table.rows[4].ap);
}

TEST(DeviceTable, AnotherModelIsRefusedByBothHashes) {
  Device device = first();
  device.model.path = "other.pt";
  device.model.sha256 = device.model.checkpoint_sha256 = std::string(64, 'd');
  const auto table = device_table(run_with_cells(), {device});
  ASSERT_FALSE(table.ok());
  EXPECT_EQ(table.error().message,
            "pi5.json was measured with another model: other.pt (SHA-256 dddddddddddd...), "
            "expected nets/small.pt (aaaaaaaaaaaa...)");
  device.model.artifact = true;
  device.model.checkpoint_sha256.clear();
  EXPECT_THAT(device_table(run_with_cells(), {device}).error().message,
              HasSubstr("made from a checkpoint unknown"));
}

TEST(DeviceTable, DevicesOfOneNameAreToldApart) {
  const DeviceTable table = table_of({first(), first(), first()});
  EXPECT_EQ(table.groups[0].name, "pi5");
  EXPECT_EQ(table.groups[1].name, "pi5 (2)");
  EXPECT_EQ(table.groups[2].name, "pi5 (3)");
}

TEST(DeviceTable, NumbersOfThreadsAreColumnsOfTheirOwn) {
  Device device = device_of("pi5");
  device.rows.push_back(device.rows[0]);
  device.rows[1].threads = 1;
  const DeviceTable table = table_of({device});
  ASSERT_EQ(table.groups.size(), 2U);
  EXPECT_EQ(table.groups[0].name, "pi5, 1 thread");
  EXPECT_EQ(table.groups[1].name, "pi5, 4 threads");
  EXPECT_EQ(table.rows.size(), 1U);
}

TEST(DeviceTable, MarkdownHasAGroupOfColumnsPerDevice) {
  const std::string text = emit_table(run_with_cells(), TableFormat::kMarkdown, TablePart::kDevices,
                                      table_of({first(), second()}));
  EXPECT_THAT(text, HasSubstr("## Measured on devices"));
  EXPECT_THAT(text, HasSubstr("| Network "));
  EXPECT_THAT(text, AllOf(HasSubstr("| pi5: ms | pi5: images/s | orin: ms | orin: images/s | "
                                    "orin: peak MB | orin: mJ/image |"),
                          Not(HasSubstr("pi5: mJ"))));
  EXPECT_THAT(text, HasSubstr("|    20.0 |          50.0 |     20.0 |           50.0 |         "
                              "123.5 |          250.0 |"));
  EXPECT_THAT(text, HasSubstr("Energy of pi5: not readable here: no RAPL package"));
  EXPECT_THAT(text, HasSubstr("Energy of orin: hwmon ina3221, sampled power; board input: VDD_IN"
                              "; read every 20 ms"));
  EXPECT_THAT(text, HasSubstr("320 × 240 pixels"));
  EXPECT_THAT(emit_table(run_with_cells(), TableFormat::kMarkdown), Not(HasSubstr("devices")));
}

TEST(DeviceTable, LatexSpansEachDevicesColumns) {
  const std::string text = emit_table(run_with_cells(), TableFormat::kLatex, TablePart::kDevices,
                                      table_of({first(), second()}));
  EXPECT_THAT(text, HasSubstr(" &  &  &  &  &  & \\multicolumn{2}{c}{pi5} & "
                              "\\multicolumn{4}{c}{orin} \\\\\n"
                              "\\cmidrule(lr){7-8}\\cmidrule(lr){9-12}\n"));
}

TEST(DeviceTable, JsonHoldsTheFilesWithTheCellsTheyBelongTo) {
  const auto json = Json::parse(emit_table(run_with_cells(), TableFormat::kJson, TablePart::kAll,
                                           table_of({first(), second()})));
  ASSERT_EQ(json["devices"].size(), 2U);
  EXPECT_EQ(json["devices"][0]["device"], "pi5");
  EXPECT_EQ(json["devices"][0]["file"], "pi5.json");
  EXPECT_EQ(json["devices"][0]["rows"][0]["key"], "k-fp32");
  EXPECT_TRUE(json["devices"][0]["rows"][1]["key"].is_null());
  EXPECT_EQ(json["devices"][1]["rows"][0]["energy"]["mj_per_image"], 250);
}

TEST(DeviceTable, CsvHasColumnsPerDeviceAndOneLinePerMeasurement) {
  const DeviceTable table = table_of({first(), second()});
  const std::string cells = emit_table(run_with_cells(), TableFormat::kCsv, TablePart::kAll, table);
  EXPECT_THAT(cells, HasSubstr(",orin.fp32.plain.batch1.320x240.threads4.median_ms,"));
  EXPECT_THAT(cells, HasSubstr(",pi5.fp32.packed.batch1.320x240.threads4.median_ms,"));
  EXPECT_THAT(cells, HasSubstr(",20,50,,,,,,,20,50,123456789,250\n"));  // FP32
  EXPECT_THAT(cells, HasSubstr(",,,,,30,33.333333333333336,,,,,,\n"));  // affine
  const auto commas = [](const std::string& line) { return std::ranges::count(line, ','); };
  const std::string header = cells.substr(0, cells.find('\n'));
  EXPECT_EQ(device_columns(table).size(), device_fields(table, "k-fp32").size());
  EXPECT_EQ(commas(header), commas(cells.substr(cells.rfind('\n', cells.size() - 2) + 1)));
  const std::string lines =
      emit_table(run_with_cells(), TableFormat::kCsv, TablePart::kDevices, table);
  EXPECT_EQ(std::ranges::count(lines, '\n'), 6);
  EXPECT_THAT(lines, HasSubstr("\norin,orin.json,k-fp32,FP32,0.75,fp32,plain,,,1,240,320,4,"
                               "9200000,3,20,50,123456789,250,hwmon ina3221,\n"));
}

TEST(DeviceTable, HostileNamesStayInTheirCells) {
  Device device = first();
  device.name = "a|b\n\x1b[31m,\"\\input{x}";
  const DeviceTable table = table_of({device});
  EXPECT_THAT(emit_table(run_with_cells(), TableFormat::kMarkdown, TablePart::kDevices, table),
              AllOf(HasSubstr("| a\\|b"), Not(HasSubstr("\x1b"))));
  EXPECT_THAT(emit_table(run_with_cells(), TableFormat::kLatex, TablePart::kDevices, table),
              Not(HasSubstr("\\input")));
}

TEST(TableRequest, DevicesNeedDevices) {
  EXPECT_THAT(parse_table_request("md", "devices", false).error().message,
              HasSubstr("expected --device FILE"));
  EXPECT_TRUE(parse_table_request("csv", "devices", true).ok());
  EXPECT_THAT(parse_table_request("json", "devices", true).error().message,
              HasSubstr("json holds every cell"));
  EXPECT_THAT(parse_table_request("csv", "main", true).error().message,
              HasSubstr("--table main is for md and tex"));
}

}  // namespace
}  // namespace qyolo::results
