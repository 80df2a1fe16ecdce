// The values that the codes of one group stand for, where they are stored with it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>

namespace qyolo::quant {

// A pointer large where it is empty, as it is under most schemes: a tensor may have a group for
// each of its weights.
class Codebook {
 public:
  static constexpr std::size_t kMost = 16;

  Codebook() = default;
  // REQUIRES: at most kMost values.
  explicit Codebook(std::span<const float> values) : entries_(std::make_unique<Entries>()) {
    entries_->count = values.size();
    std::ranges::copy(values, entries_->values.begin());
  }
  Codebook(const Codebook& other)
      : entries_(other.entries_ ? std::make_unique<Entries>(*other.entries_) : nullptr) {}
  Codebook(Codebook&&) noexcept = default;
  Codebook& operator=(const Codebook& other) {
    if (this != &other)
      entries_ = other.entries_ ? std::make_unique<Entries>(*other.entries_) : nullptr;
    return *this;
  }
  Codebook& operator=(Codebook&&) noexcept = default;
  ~Codebook() = default;

  [[nodiscard]] std::span<const float> values() const {
    if (!entries_) return {};
    return std::span(entries_->values).first(entries_->count);
  }
  bool operator==(const Codebook& other) const {
    return std::ranges::equal(values(), other.values());
  }

 private:
  struct Entries {
    std::size_t count = 0;
    std::array<float, kMost> values{};
  };
  std::unique_ptr<Entries> entries_;
};

}  // namespace qyolo::quant
