#include "harness/energy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/file.h"
#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

using ::testing::HasSubstr;

class Energy : public ::testing::Test {
 protected:
  void set(const std::string& domain, const std::string& file, const std::string& value) {
    ASSERT_TRUE(create_folder(root() / domain));
    ASSERT_TRUE(write_file(root() / domain / file, value + "\n"));
  }
  [[nodiscard]] std::filesystem::path root() const { return folder_.path(); }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(Energy, IsWhatAllPackagesSpendBetweenCalls) {
  for (const char* package : {"intel-rapl:0", "intel-rapl:1"}) {
    set(package, "energy_uj", "1000000");
    set(package, "max_energy_range_uj", "9000000");
  }
  set("intel-rapl:0:0", "energy_uj", "500");  // a part of package 0
  auto meter = EnergyMeter::open(root());
  ASSERT_TRUE(meter.ok()) << meter.error().message;
  EXPECT_EQ(meter->packages(), 2U);
  set("intel-rapl:0", "energy_uj", "3500000");
  set("intel-rapl:1", "energy_uj", "1250000");
  EXPECT_DOUBLE_EQ(*meter->joules(), 2.75);
  EXPECT_DOUBLE_EQ(*meter->joules(), 0);
}

TEST_F(Energy, CountersGoRound) {
  set("intel-rapl:0", "energy_uj", "8000000");
  set("intel-rapl:0", "max_energy_range_uj", "9000000");
  auto meter = EnergyMeter::open(root());
  ASSERT_TRUE(meter.ok());
  set("intel-rapl:0", "energy_uj", "500000");
  EXPECT_DOUBLE_EQ(*meter->joules(), 1.5);
}

TEST_F(Energy, SaysWhyItIsNotReadable) {
  EXPECT_THAT(EnergyMeter::open(root()).error().message, HasSubstr("no energy counter"));
  EXPECT_THAT(EnergyMeter::open(root() / "none").error().message, HasSubstr("no energy counter"));
  set("intel-rapl:0", "energy_uj", "spam");
  EXPECT_THAT(EnergyMeter::open(root()).error().message, HasSubstr("holds no number"));
  set("intel-rapl:0", "energy_uj", "1");
  EXPECT_THAT(EnergyMeter::open(root()).error().message,
              HasSubstr("max_energy_range_uj is not readable"));
}

}  // namespace
}  // namespace qyolo::harness
