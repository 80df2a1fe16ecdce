#include "results/pareto.h"

#include <gmock/gmock.h>

namespace qyolo::results {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Row row(std::optional<double> bytes, std::optional<double> ap) {
  Row result;
  result.true_bytes = bytes;
  result.ap = ap;
  return result;
}

TEST(ParetoFront, KeepsWhatNothingBeatsAscendingInBytes) {
  const std::vector<Row> rows = {row(30, 0.7), row(10, 0.2), row(20, 0.6), row(25, 0.5),
                                 row(40, 0.7)};
  EXPECT_THAT(pareto_front(rows), ElementsAre(1, 2, 0));
}

TEST(ParetoFront, OfTheSameSizeTheMoreAccurateStays) {
  const std::vector<Row> rows = {row(10, 0.2), row(10, 0.3)};
  EXPECT_THAT(pareto_front(rows), ElementsAre(1));
}

TEST(ParetoFront, EqualRowsAreAllMembers) {
  const std::vector<Row> rows = {row(10, 0.2), row(10, 0.2)};
  EXPECT_THAT(pareto_front(rows), ElementsAre(0, 1));
}

TEST(ParetoFront, LeavesOutRowsWithoutNumbers) {
  const std::vector<Row> rows = {row(10, std::nullopt), row(std::nullopt, 0.2)};
  EXPECT_THAT(pareto_front(rows), IsEmpty());
}

}  // namespace
}  // namespace qyolo::results
