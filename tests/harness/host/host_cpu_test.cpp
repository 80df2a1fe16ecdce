#include "harness/host/host_cpu.h"

#include <gmock/gmock.h>

#include <string>

namespace qyolo::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(HostCpu, OfAPcHasANameCoresAndFlags) {
  const std::string thread =
      "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 9B14\nphysical id\t: 0\n"
      "core id\t\t: 3\nflags\t\t: fpu sse4_1 avx2 fma avx512f avx512_vnni\n\n";
  const CpuDescription cpu = describe_cpu(thread + thread);
  EXPECT_EQ(cpu.name, "AMD EPYC 9B14");
  EXPECT_EQ(cpu.cores, 1) << "two threads of one core";
  EXPECT_THAT(cpu.flags, ElementsAre("avx2", "fma", "avx512f", "avx512_vnni"));
}

std::string arm_core(const std::string& part) {
  return "processor\t: 0\nBogoMIPS\t: 108.00\n"
         "Features\t: fp asimd evtstrm crc32 asimdhp cpuid asimddp\n"
         "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x4\nCPU part\t: " +
         part + "\nCPU revision\t: 1\n\n";
}

TEST(HostCpu, OfAnArmBoardIsNamedByItsNumbers) {
  const std::string core = arm_core("0xd0b");
  const CpuDescription cpu = describe_cpu(core + core + core + core +
                                          "Hardware\t: BCM2835\nRevision\t: c04170\n"
                                          "Model\t\t: Raspberry Pi 5 Model B Rev 1.0\n");
  EXPECT_EQ(cpu.name, "Cortex-A76");
  EXPECT_EQ(cpu.cores, 0) << "the file does not say";
  EXPECT_THAT(cpu.flags, ElementsAre("asimd", "asimdhp", "asimddp"));
}

TEST(HostCpu, WithCoresOfSeveralKindsNamesThemAll) {
  EXPECT_EQ(describe_cpu(arm_core("0xd05") + arm_core("0xd05") + arm_core("0xd0b")).name,
            "2 x Cortex-A55, 1 x Cortex-A76");
}

TEST(HostCpu, WithoutAKnownNumberSaysTheNumber) {
  EXPECT_EQ(describe_cpu(arm_core("0xfff")).name, "ARM implementer 0x41 part 0xfff");
  EXPECT_EQ(describe_cpu(arm_core("")).name, "ARM implementer 0x41 part ");
}

TEST(HostCpu, IsUnknownWithoutAFile) {
  EXPECT_THAT(describe_cpu("").name, IsEmpty());
  EXPECT_THAT(describe_cpu("no field\n: \n").flags, IsEmpty());
}

}  // namespace
}  // namespace qyolo::harness
