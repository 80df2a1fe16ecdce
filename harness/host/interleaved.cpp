#include "harness/host/interleaved.h"

namespace qyolo::harness {

Result<std::vector<std::vector<double>>> time_interleaved(const TimedCases& cases,
                                                          const Interleaving& options,
                                                          const TimingProgress& progress) {
  std::vector<std::vector<double>> samples(cases.count);
  const auto rounds = static_cast<std::size_t>(options.rounds);
  std::size_t done = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t turn = 0; turn < cases.count; ++turn) {
      const std::size_t i = (turn + round) % cases.count;
      if (cases.prepare) QYOLO_CHECK_OK(cases.prepare(i));
      for (int j = 0; j < options.warmup; ++j) {
        QYOLO_TRY([[maybe_unused]] const double untimed, cases.time(i));
      }
      QYOLO_TRY(const double milliseconds, cases.time(i));
      samples[i].push_back(milliseconds);
      if (progress) progress(++done, cases.count * rounds);
    }
  }
  return samples;
}

}  // namespace qyolo::harness
