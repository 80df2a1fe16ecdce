#include "harness/quant/symmetric_matrix.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

namespace qyolo::quant {
namespace {

std::vector<float> random_rows(std::size_t count, std::size_t size) {
  std::mt19937 generator(7);
  std::normal_distribution<float> normal;
  std::vector<float> rows(count * size);
  for (float& value : rows) value = normal(generator);
  return rows;
}

SymmetricMatrix moments(const std::vector<float>& rows, std::size_t size, int threads) {
  SymmetricMatrix matrix(size);
  matrix.add_outer_products(rows, threads);
  matrix.mirror();
  return matrix;
}

TEST(SymmetricMatrix, SumsOuterProducts) {
  for (const std::size_t size : {1U, 5U, 8U, 27U, 131U}) {
    const std::size_t count = 300;
    const std::vector<float> rows = random_rows(count, size);
    const SymmetricMatrix matrix = moments(rows, size, 1);
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = 0; j < size; ++j) {
        double expected = 0;
        for (std::size_t p = 0; p < count; ++p) {
          expected +=
              static_cast<double>(rows[p * size + i]) * static_cast<double>(rows[p * size + j]);
        }
        EXPECT_NEAR(matrix.at(i, j), expected, 1e-9) << size << " " << i << " " << j;
      }
    }
  }
}

TEST(SymmetricMatrix, ThreadsDoNotChangeTheSums) {
  const std::size_t size = 301;
  const std::vector<float> rows = random_rows(700, size);
  SymmetricMatrix one = moments(rows, size, 1), three = moments(rows, size, 3);
  ASSERT_TRUE(one.factorize(1));
  ASSERT_TRUE(three.factorize(3));
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) EXPECT_EQ(one.at(i, j), three.at(i, j));
  }
}

TEST(SymmetricMatrix, FactorTimesItsTransposeIsTheMatrix) {
  for (const std::size_t size : {1U, 7U, 64U, 65U, 200U}) {
    const SymmetricMatrix matrix = moments(random_rows(2 * size + 3, size), size, 1);
    SymmetricMatrix factor = matrix;
    ASSERT_TRUE(factor.factorize(2));
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        double product = 0;
        for (std::size_t k = 0; k <= j; ++k) product += factor.at(i, k) * factor.at(j, k);
        EXPECT_NEAR(product, matrix.at(i, j), 1e-9 * matrix.at(i, i) + 1e-9);
      }
    }
  }
}

TEST(SymmetricMatrix, WhatIsNotPositiveDefiniteHasNoFactor) {
  SymmetricMatrix zero(3);
  EXPECT_FALSE(zero.factorize());
  SymmetricMatrix rank_one = moments({1, 2, 3}, 3, 1);
  EXPECT_FALSE(rank_one.factorize());
}

TEST(SymmetricMatrix, PermutesRowsAndColumns) {
  const SymmetricMatrix matrix = moments(random_rows(9, 4), 4, 1);
  const std::vector<std::size_t> order = {2, 0, 3, 1};
  const SymmetricMatrix permuted = matrix.permuted(order);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) EXPECT_EQ(permuted.at(i, j), matrix.at(order[i], order[j]));
  }
}

}  // namespace
}  // namespace qyolo::quant
