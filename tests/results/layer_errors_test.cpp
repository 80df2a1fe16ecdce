#include "results/layer_errors.h"

#include <gtest/gtest.h>

#include "tests/results/fixture.h"

namespace qyolo::results {
namespace {

using testing::accuracy_record;
using testing::kPwlq;
using testing::manifest_of;
using testing::run_of;

OrderedJson record_of(const OrderedJson& layers) {
  OrderedJson record = accuracy_record(kPwlq, 0.5, 1e6);
  record["weight_error"]["layers"] = layers;
  return record;
}

std::vector<LayerSqnr> read(const std::vector<OrderedJson>& records) {
  const Run run = run_of(manifest_of({kPwlq}), records);
  return layer_errors(run, run.rows.at(0));
}

TEST(LayerErrors, AreThoseOfTheNewestRecordInItsOrder) {
  const auto layers = read(
      {record_of({{{"name", "old"}, {"sqnr_db", 1}}}),
       record_of({{{"name", "b"},
                   {"shape", {8, 4, 1, 1}},
                   {"weights", 32},
                   {"groups", 8},
                   {"sqnr_db", 21.5},
                   {"mse", 0.25}},
                  {{"name", "a"}, {"shape", {8, 4, 1, 3}}, {"sqnr_db", nullptr}, {"mse", 0}}})});
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_EQ(layers[0].name, "b");
  EXPECT_EQ(layers[0].sqnr_db, 21.5);
  EXPECT_EQ(layers[0].weights, 32);
  EXPECT_EQ(layers[0].groups, 8);
  EXPECT_TRUE(layers[0].pointwise());
  EXPECT_EQ(layers[1].name, "a");
  EXPECT_FALSE(layers[1].sqnr_db);
  EXPECT_FALSE(layers[1].pointwise());
}

TEST(LayerErrors, WithoutAShapeAreNotPointwise) {
  const auto layers = read({record_of({{{"name", "a"}, {"sqnr_db", 3}}})});
  ASSERT_EQ(layers.size(), 1U);
  EXPECT_FALSE(layers[0].shape);
  EXPECT_FALSE(layers[0].pointwise());
}

TEST(LayerErrors, LeaveOutWhatIsMalformed) {
  const OrderedJson bad = {{{"name", "a"}, {"sqnr_db", nullptr}, {"mse", 0.5}},
                           {{"name", "b"}, {"sqnr_db", "3"}},
                           {{"name", "c"}},
                           {{"sqnr_db", 3}},
                           3,
                           {{"name", "good"}, {"sqnr_db", 3}},
                           {{"name", "good"}, {"sqnr_db", 4}}};
  const auto layers = read({record_of(bad)});
  ASSERT_EQ(layers.size(), 1U);
  EXPECT_EQ(layers[0].sqnr_db, 3);
  EXPECT_TRUE(read({record_of("none")}).empty());
  EXPECT_TRUE(read({}).empty());
}

TEST(LayerErrors, OfACellThatFailedLastAreNone) {
  EXPECT_TRUE(
      read({record_of({{{"name", "a"}, {"sqnr_db", 3}}}), testing::failed_record(kPwlq, "no")})
          .empty());
}

}  // namespace
}  // namespace qyolo::results
