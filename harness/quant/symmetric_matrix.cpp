#include "harness/quant/symmetric_matrix.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "common/parallel.h"
#include "harness/quant/fused_loops.h"

namespace qyolo::quant {
namespace {

constexpr std::size_t kPanel = 8;       // columns of a panel: one vector of doubles
constexpr std::size_t kDepth = 256;     // rows of a panel that are summed at once
constexpr std::size_t kBlock = 64;      // columns that are factorized at once
constexpr std::size_t kStripe = 128;    // rows and columns of the tiles that threads take,
constexpr std::size_t kFewStripe = 32;  // and of a small matrix
constexpr std::size_t kFew = 256;

using Vector [[gnu::vector_size(64)]] = double;

// A matrix [depth, columns] in panels of kPanel columns, the last one filled up with zeros, in the
// memory that this thread's last one had: they are many, and fresh memory is slow.
class Panels {
 public:
  Panels(std::size_t depth, std::size_t columns)
      : depth_(depth), panels_((columns + kPanel - 1) / kPanel), values_(std::move(spare())) {
    values_.resize(panels_ * depth * kPanel);
    if (columns % kPanel != 0) std::fill_n(panel(panels_ - 1), depth * kPanel, 0.0);
  }
  ~Panels() { spare() = std::move(values_); }
  Panels(const Panels&) = delete;
  Panels& operator=(const Panels&) = delete;

  [[nodiscard]] std::size_t depth() const { return depth_; }
  [[nodiscard]] std::size_t count() const { return panels_; }
  [[nodiscard]] double* panel(std::size_t index) {
    return values_.data() + index * depth_ * kPanel;
  }
  [[nodiscard]] const double* panel(std::size_t index) const {
    return values_.data() + index * depth_ * kPanel;
  }

 private:
  static std::vector<double>& spare() {
    thread_local std::vector<double> values;
    return values;
  }

  std::size_t depth_, panels_;
  std::vector<double> values_;
};

// sums[i][j] = sum over p of a[p][i] b[p][j]
QYOLO_FUSED_LOOPS
void multiply_panels(const double* a, const double* b, std::size_t depth, double* sums) {
  Vector sum[kPanel] = {};
  for (std::size_t p = 0; p < depth; ++p) {
    Vector right;
    std::memcpy(&right, b + p * kPanel, sizeof right);
    const double* const left = a + p * kPanel;
    for (std::size_t i = 0; i < kPanel; ++i) sum[i] += left[i] * right;
  }
  std::memcpy(sums, sum, sizeof sum);
}

// matrix(first + i, first + j) += sign * sum over p of x[p][i] x[p][j], for j <= i.
void add_products(const Panels& x, std::size_t first, double sign, SymmetricMatrix& matrix,
                  int threads) {
  const std::size_t each = (x.count() * kPanel <= kFew ? kFewStripe : kStripe) / kPanel;  // panels
  const std::size_t stripes = (x.count() + each - 1) / each;
  const std::size_t size = matrix.size();
  const auto tile = [&](std::size_t row_stripe, std::size_t column_stripe) {
    double sums[kPanel * kPanel];
    const std::size_t rows_end = std::min((row_stripe + 1) * each, x.count());
    const std::size_t columns_end = std::min((column_stripe + 1) * each, x.count());
    for (std::size_t a = row_stripe * each; a < rows_end; ++a) {
      for (std::size_t b = column_stripe * each; b < std::min(columns_end, a + 1); ++b) {
        multiply_panels(x.panel(a), x.panel(b), x.depth(), sums);
        const std::size_t row = first + a * kPanel, column = first + b * kPanel;
        for (std::size_t i = 0; i < kPanel && row + i < size; ++i) {
          for (std::size_t j = 0; j < kPanel && column + j <= row + i; ++j)
            matrix.at(row + i, column + j) += sign * sums[i * kPanel + j];
        }
      }
    }
  };
  // Tiles of the lower triangle, row by row.
  parallel_for(stripes * (stripes + 1) / 2, threads, [&](std::size_t index) {
    std::size_t row = 0;
    while ((row + 1) * (row + 2) / 2 <= index) ++row;
    tile(row, index - row * (row + 1) / 2);
  });
}

// `rows` [x.depth(), size]
void fill_panels(std::span<const float> rows, std::size_t size, int threads, Panels& x) {
  const std::size_t depth = x.depth();
  parallel_for(
      x.count(), threads,
      [&](std::size_t panel) {
        double* to = x.panel(panel);
        const std::size_t columns = std::min(kPanel, size - panel * kPanel);
        for (std::size_t p = 0; p < depth; ++p) {
          const float* from = rows.data() + p * size + panel * kPanel;
          for (std::size_t i = 0; i < columns; ++i)
            to[p * kPanel + i] = static_cast<double>(from[i]);
        }
      },
      16);
}

}  // namespace

std::vector<double> SymmetricMatrix::diagonal() const {
  std::vector<double> values(size_);
  for (std::size_t i = 0; i < size_; ++i) values[i] = at(i, i);
  return values;
}

void SymmetricMatrix::add_outer_products(std::span<const float> rows, int threads) {
  if (size_ == 0) return;
  const std::size_t count = rows.size() / size_;
  for (std::size_t begin = 0; begin < count; begin += kDepth) {
    const std::size_t depth = std::min(kDepth, count - begin);
    Panels x(depth, size_);
    fill_panels(rows.subspan(begin * size_, depth * size_), size_, threads, x);
    add_products(x, 0, 1, *this, threads);
  }
}

void SymmetricMatrix::mirror() {
  for (std::size_t i = 0; i < size_; ++i) {
    for (std::size_t j = 0; j < i; ++j) at(j, i) = at(i, j);
  }
}

SymmetricMatrix SymmetricMatrix::permuted(std::span<const std::size_t> order) const {
  SymmetricMatrix result(size_);
  for (std::size_t i = 0; i < size_; ++i) {
    const std::span<const double> from = row(order[i]);
    for (std::size_t j = 0; j < size_; ++j) result.at(i, j) = from[order[j]];
  }
  return result;
}

bool SymmetricMatrix::factorize(int threads) {
  for (std::size_t begin = 0; begin < size_; begin += kBlock) {
    const std::size_t width = std::min(kBlock, size_ - begin);
    const std::size_t end = begin + width;
    for (std::size_t j = begin; j < end; ++j) {
      double pivot = at(j, j);
      for (std::size_t k = begin; k < j; ++k) pivot -= at(j, k) * at(j, k);
      if (!(pivot > 0)) return false;
      const double root = std::sqrt(pivot);
      at(j, j) = root;
      for (std::size_t i = j + 1; i < end; ++i) {
        double value = at(i, j);
        for (std::size_t k = begin; k < j; ++k) value -= at(i, k) * at(j, k);
        at(i, j) = value / root;
      }
    }
    if (end == size_) break;
    // The rows below, and their transpose in panels for what is right of them.
    Panels below(width, size_ - end);
    parallel_for(
        below.count(), threads,
        [&](std::size_t panel) {
          double* to = below.panel(panel);
          const std::size_t first = end + panel * kPanel;
          for (std::size_t i = first; i < std::min(first + kPanel, size_); ++i) {
            for (std::size_t j = begin; j < end; ++j) {
              double value = at(i, j);
              for (std::size_t k = begin; k < j; ++k) value -= at(i, k) * at(j, k);
              at(i, j) = value / at(j, j);
              to[(j - begin) * kPanel + i - first] = at(i, j);
            }
          }
        },
        8);
    add_products(below, end, -1, *this, threads);
  }
  return true;
}

}  // namespace qyolo::quant
