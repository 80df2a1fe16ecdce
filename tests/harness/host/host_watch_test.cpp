#include "harness/host/host_watch.h"

#include <gmock/gmock.h>

namespace qyolo::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(HostUse, IsReadFromTheLineOfAllProcessors) {
  const auto use = HostUse::parse("cpu  10 20 30 400 50 6 7 8 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n");
  ASSERT_TRUE(use);
  EXPECT_EQ(use->busy, 73U);
  EXPECT_EQ(use->steal, 8U);
  EXPECT_EQ(use->total, 531U);
  EXPECT_FALSE(HostUse::parse("intr 1 2 3\n"));
  EXPECT_FALSE(HostUse::parse("cpu  10 20\n"));
}

TEST(HostUse, AQuietMachineDisturbsNothing) {
  EXPECT_THAT(disturbances({1000, 10000, 0, 500, 3}, {1960, 11000, 5, 1450, 3.1}), IsEmpty());
  EXPECT_THAT(disturbances({}, {}), IsEmpty());
}

TEST(HostUse, OtherProgramsAHypervisorAndTheClockDo) {
  EXPECT_THAT(disturbances({1000, 10000, 0, 500, 3}, {1900, 11000, 120, 1100, 2.4}),
              ElementsAre("other programs used 30 % of the processors",
                          "a hypervisor took 12 % of the processors for others",
                          "the clock went from 3.00 to 2.40 GHz"));
}

TEST(Outliers, AreFarFromTheMedianInItsOwnSpread) {
  const std::vector<std::vector<double>> quiet = {{10, 10.1, 9.9, 10.05, 10.2}, {5, 5, 5}};
  EXPECT_FALSE(outlier_note(quiet));
  const std::vector<std::vector<double>> disturbed = {{10, 10.1, 9.9, 10.05, 14}, {5, 5, 5}};
  EXPECT_EQ(outlier_note(disturbed), "1 of 8 forwards are far from the median");
}

TEST(HostWatch, NamesOutliersWhateverTheMachineTells) {
  const HostWatch watch;
  const std::vector<std::vector<double>> disturbed = {{10, 10.1, 9.9, 10.05, 14}};
  EXPECT_THAT(watch.warning(disturbed),
              AllOf(HasSubstr("the times are not to be trusted: "), HasSubstr("1 of 5 forwards")));
}

}  // namespace
}  // namespace qyolo::harness
