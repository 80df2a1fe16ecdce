#include "harness/host/energy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "common/file.h"
#include "tests/support/paths.h"

namespace qyolo::harness {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

// A made-up /sys.
class Energy : public ::testing::Test {
 protected:
  void set(const std::string& file, const std::string& value) {
    const auto path = root() / file;
    ASSERT_TRUE(create_folder(path.parent_path()).ok());
    ASSERT_TRUE(write_file(path, value + "\n").ok());
  }
  void set_package(int number, const std::string& counter, const std::string& range = "9000000") {
    const std::string folder = fmt::format("class/powercap/intel-rapl:{}/", number);
    set(folder + "name", fmt::format("package-{}", number));
    set(folder + "energy_uj", counter);
    set(folder + "max_energy_range_uj", range);
  }
  // Jetson's monitor: VDD_IN is the board's input, the others are parts of it.
  void set_jetson(const std::string& folder) {
    set(folder + "/name", "ina3221");
    const char* labels[] = {"VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC", "sum of shunt voltages"};
    for (int i = 1; i <= 4; ++i) {
      set(fmt::format("{}/in{}_label", folder, i), labels[i - 1]);
      set(fmt::format("{}/in{}_input", folder, i), "5000");    // mV
      set(fmt::format("{}/curr{}_input", folder, i), "1200");  // mA
    }
  }
  [[nodiscard]] std::filesystem::path root() const { return folder_.path(); }
  [[nodiscard]] std::string reason() const {
    const auto meter = EnergyMeter::open(root());
    return meter.ok() ? "readable" : meter.error().message;
  }
  [[nodiscard]] EnergySource source() const {
    const auto meter = EnergyMeter::open(root());
    EXPECT_TRUE(meter.ok()) << meter.error().message;
    return meter.ok() ? meter->source() : EnergySource();
  }
  // What is spent while `during` runs.
  template <class During>
  [[nodiscard]] Result<EnergyReading> spent(const During& during) const {
    QYOLO_TRY(EnergyMeter meter, EnergyMeter::open(root(), milliseconds(2)));
    QYOLO_CHECK_OK(meter.start());
    during();
    return meter.stop();
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(Energy, OfAllPackagesIsSummed) {
  set_package(0, "1000000");
  set_package(1, "1000000");
  set("class/powercap/intel-rapl:0:0/energy_uj", "500");  // a part of package 0
  set("class/powercap/intel-rapl:2/name", "psys");        // holds both packages, and more
  set("class/powercap/intel-rapl:2/energy_uj", "7");
  set("class/powercap/intel-rapl-mmio:0/energy_uj", "7");  // package 0 once more
  const auto reading = spent([&] {
    set_package(0, "3500000");
    set_package(1, "1250000");
  });
  ASSERT_TRUE(reading.ok()) << reading.error().message;
  EXPECT_DOUBLE_EQ(reading->joules, 2.75);
  EXPECT_EQ(source().covers, "processor package: package-0 + package-1");
  EXPECT_EQ(source().method, "counter");
}

TEST_F(Energy, CountersGoRound) {
  set_package(0, "8000000");
  const auto reading = spent([&] { set_package(0, "500000"); });
  ASSERT_TRUE(reading.ok());
  EXPECT_DOUBLE_EQ(reading->joules, 1.5);
}

TEST_F(Energy, CountersThatGoRoundOftenAreReadOftenEnough) {
  set_package(0, "0", "100");
  const auto reading = spent([&] {
    for (const char* counter : {"60", "10", "70", "20", "80"}) {
      std::this_thread::sleep_for(milliseconds(50));
      set_package(0, counter, "100");
    }
  });
  ASSERT_TRUE(reading.ok());
  EXPECT_NEAR(reading->joules, 280e-6, 1e-12);
}

TEST_F(Energy, PowerIsIntegratedOverTime) {
  set("class/hwmon/hwmon0/name", "ina219");
  set("class/hwmon/hwmon0/power1_input", "4000000");
  const auto reading = spent([] { std::this_thread::sleep_for(milliseconds(60)); });
  ASSERT_TRUE(reading.ok()) << reading.error().message;
  EXPECT_GE(reading->seconds, 0.06);
  EXPECT_NEAR(reading->joules, 4 * reading->seconds, 0.01 * reading->joules);
  EXPECT_GT(reading->readings, 5U);
  EXPECT_EQ(source().method, "sampled power");
  EXPECT_EQ(source().covers, "board rails: ina219 power1");
}

TEST_F(Energy, PowerRunsStraightBetweenReadings) {
  EnergyChannel channel;
  channel.first = root() / "power1_input";
  EnergyIntegral integral(channel);
  const auto read = [&](double seconds, const std::string& microwatts) {
    set("power1_input", microwatts);
    return integral.read(seconds).ok();
  };
  EXPECT_TRUE(read(0, "1000000"));
  EXPECT_TRUE(read(1, "3000000"));
  EXPECT_DOUBLE_EQ(integral.joules(), 2);
  EXPECT_FALSE(read(2, "spam"));
  EXPECT_TRUE(read(3, "3000000"));
  EXPECT_DOUBLE_EQ(integral.joules(), 8);
}

TEST_F(Energy, OfABoardIsThatOfItsInput) {
  set_jetson("class/hwmon/hwmon3");
  EXPECT_EQ(source().covers, "board input: VDD_IN");
  const auto reading = spent([] { std::this_thread::sleep_for(milliseconds(30)); });
  ASSERT_TRUE(reading.ok());
  EXPECT_NEAR(reading->joules, 6 * reading->seconds, 0.01 * reading->joules);
}

TEST_F(Energy, OfABoardWithoutAnInputIsThatOfItsRails) {
  set_jetson("class/hwmon/hwmon3");
  set("class/hwmon/hwmon3/in1_label", "VDD_GPU_SOC");
  set("class/hwmon/hwmon3/in2_label", "NC");
  set("class/hwmon/hwmon3/in3_enable", "0");
  set("class/hwmon/hwmon4/name", "ina226");
  set("class/hwmon/hwmon4/label", "5V_AUX");
  set("class/hwmon/hwmon4/power1_input", "1000000");
  EXPECT_EQ(source().covers, "board rails: VDD_GPU_SOC + 5V_AUX");
  EXPECT_THAT(source().name, HasSubstr("hwmon ina226, ina3221"));
}

TEST_F(Energy, MonitorsAreFoundOnTheBusAndCountOnce) {
  set_jetson("bus/i2c/devices/1-0040/hwmon/hwmon3");
  EXPECT_EQ(source().covers, "board input: VDD_IN");
  std::filesystem::create_directories(root() / "class/hwmon");
  std::filesystem::create_directory_symlink(root() / "bus/i2c/devices/1-0040/hwmon/hwmon3",
                                            root() / "class/hwmon/hwmon3");
  EXPECT_EQ(source().covers, "board input: VDD_IN");
}

TEST_F(Energy, OfAmdIsThatOfTheSockets) {
  set("class/hwmon/hwmon0/name", "amd_energy");
  for (const auto& [number, label] : {std::pair(1, "Ecore000"), std::pair(2, "Esocket0")}) {
    set(fmt::format("class/hwmon/hwmon0/energy{}_label", number), label);
    set(fmt::format("class/hwmon/hwmon0/energy{}_input", number), "1000000");
  }
  EXPECT_EQ(source().covers, "processor package: Esocket0");
  const auto reading = spent([&] {
    set("class/hwmon/hwmon0/energy1_input", "9000000");
    set("class/hwmon/hwmon0/energy2_input", "1500000");
  });
  ASSERT_TRUE(reading.ok());
  EXPECT_DOUBLE_EQ(reading->joules, 0.5);
}

TEST_F(Energy, AveragesOfAMeterCountWhereItHasNothingElse) {
  set("class/hwmon/hwmon0/name", "power_meter");
  set("class/hwmon/hwmon0/power1_average", "250000000");
  EXPECT_EQ(source().covers, "whole machine: power_meter power1");
}

TEST_F(Energy, OtherSensorsDoNotCount) {
  set("class/hwmon/hwmon0/name", "amdgpu");
  set("class/hwmon/hwmon0/power1_average", "250000000");
  set("class/hwmon/hwmon1/name", "BAT0");
  set("class/hwmon/hwmon1/power1_input", "9000000");
  set("class/hwmon/hwmon2/name", "inaudible");
  set("class/hwmon/hwmon2/power1_input", "9000000");
  EXPECT_THAT(reason(), HasSubstr("no power sensor of the board or the processor"));
  EXPECT_THAT(reason(), HasSubstr("(only BAT0, amdgpu, inaudible)"));
}

TEST_F(Energy, SensorsHelpWhereCountersAreNotReadable) {
  set("class/powercap/intel-rapl:0/name", "package-0");
  std::filesystem::create_directories(root() / "class/powercap/intel-rapl:0/energy_uj");
  EXPECT_THAT(reason(), HasSubstr("energy_uj is not readable"));
  set("class/hwmon/hwmon0/name", "power_meter");
  set("class/hwmon/hwmon0/power1_average", "250000000");
  EXPECT_THAT(source().name, HasSubstr("hwmon power_meter"));
}

TEST_F(Energy, SaysWhyItIsNotReadable) {
  EXPECT_THAT(reason(), HasSubstr("no RAPL package in"));
  EXPECT_THAT(EnergyMeter::open(root() / "none").error().message, HasSubstr("no RAPL package in"));
  for (const char* nonsense : {"spam", "", "-5", "12 monkeys", "99999999999999999999999"}) {
    set_package(0, nonsense);
    EXPECT_THAT(reason(), HasSubstr("energy_uj holds no number")) << nonsense;
  }
  set_package(0, "1");
  std::filesystem::remove(root() / "class/powercap/intel-rapl:0/max_energy_range_uj");
  EXPECT_THAT(reason(), HasSubstr("max_energy_range_uj is not readable"));
}

TEST_F(Energy, NonsensePowerIsRefused) {
  set("class/hwmon/hwmon0/name", "ina219");
  for (const char* nonsense : {"nan", "1e9", "9223372036854775807"}) {
    set("class/hwmon/hwmon0/power1_input", nonsense);
    EXPECT_THAT(reason(), Not(HasSubstr("readable\n"))) << nonsense;
    EXPECT_THAT(reason(), HasSubstr("power1_input")) << nonsense;
  }
}

TEST_F(Energy, ASensorThatVanishesIsSaid) {
  set("class/hwmon/hwmon0/name", "ina219");
  set("class/hwmon/hwmon0/power1_input", "4000000");
  const auto gone =
      spent([&] { std::filesystem::remove(root() / "class/hwmon/hwmon0/power1_input"); });
  ASSERT_FALSE(gone.ok());
  EXPECT_THAT(gone.error().message, HasSubstr("power1_input is not readable"));
}

TEST_F(Energy, ASensorThatIsMostlyAwayIsSaid) {
  set("class/hwmon/hwmon0/name", "ina219");
  set("class/hwmon/hwmon0/power1_input", "4000000");
  const auto away = spent([&] {
    set("class/hwmon/hwmon0/power1_input", "busy");
    std::this_thread::sleep_for(milliseconds(60));
    set("class/hwmon/hwmon0/power1_input", "4000000");
  });
  ASSERT_FALSE(away.ok());
  EXPECT_THAT(away.error().message, HasSubstr("readings failed"));
}

TEST_F(Energy, ACounterThatGoesBackIsSaid) {
  set("class/hwmon/hwmon0/name", "fam15h_power");
  set("class/hwmon/hwmon0/energy1_input", "1000");
  const auto back = spent([&] { set("class/hwmon/hwmon0/energy1_input", "10"); });
  ASSERT_FALSE(back.ok());
  EXPECT_THAT(back.error().message, HasSubstr("went back from 1000 to 10"));
}

TEST_F(Energy, IsMeasuredForAWhile) {
  set("class/hwmon/hwmon0/name", "ina219");
  set("class/hwmon/hwmon0/power1_input", "2000000");
  auto meter = EnergyMeter::open(root());
  ASSERT_TRUE(meter.ok());
  const auto energy = energy_of_forwards(*meter, []() -> Result<double> {
    std::this_thread::sleep_for(milliseconds(100));
    return 100.0;
  });
  ASSERT_TRUE(energy.ok());
  EXPECT_GE(energy->reading.seconds, 1);
  EXPECT_GE(energy->forwards, 3);
  EXPECT_NEAR(energy->reading.joules, 2 * energy->reading.seconds, 0.02);
  EXPECT_GE(energy->reading.readings, 10U);
}

TEST_F(Energy, OfAMadeUpTreeIsCalledThat) {
  set_package(0, "1");
  EXPECT_THAT(source().name, HasSubstr("RAPL below " + root().string()));
}

}  // namespace
}  // namespace qyolo::harness
