// Dense symmetric matrices in FP64: sums of outer products, and the Cholesky factor. Sums run in
// one fixed order, so that results do not depend on the number of threads; products are fused with
// additions where the CPU can (which changes no sum of outer products of floats: those products are
// exact).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace qyolo::quant {

class SymmetricMatrix {
 public:
  SymmetricMatrix() = default;
  explicit SymmetricMatrix(std::size_t size) : size_(size), values_(size * size) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  // REQUIRES: mirrored, or column <= row.
  [[nodiscard]] double at(std::size_t row, std::size_t column) const {
    return values_[row * size_ + column];
  }
  [[nodiscard]] double& at(std::size_t row, std::size_t column) {
    return values_[row * size_ + column];
  }
  [[nodiscard]] std::span<const double> row(std::size_t index) const {
    return std::span(values_).subspan(index * size_, size_);
  }
  [[nodiscard]] std::vector<double> diagonal() const;

  // Adds x x^T of every row x of `rows` [count, size] to the lower triangle. threads 0: all.
  void add_outer_products(std::span<const float> rows, int threads = 0);
  // Copies the lower triangle to the upper one.
  void mirror();
  // Rows and columns in this order: at(i, j) of the result is at(order[i], order[j]) of this.
  // REQUIRES: mirrored, and a permutation.
  [[nodiscard]] SymmetricMatrix permuted(std::span<const std::size_t> order) const;
  // Replaces the lower triangle by the L of L L^T; false where a pivot is not positive, and then
  // what is left is not defined. Needs no upper triangle, and leaves it alone.
  [[nodiscard]] bool factorize(int threads = 0);

 private:
  std::size_t size_ = 0;
  std::vector<double> values_;
};

}  // namespace qyolo::quant
