#include "harness/quant/region_coding.h"

#include <algorithm>
#include <array>

namespace qyolo::quant {
namespace {

// Probabilities that a bit is 1, in units of 2^-16. In the logistic domain, x stands for
// ln(p / (1 - p)) in units of 1/256, limited to (-8, 8).
constexpr int kDomain = 2048;

// 2^32 e^(-x / 256) for x = 0 ... kDomain.
constexpr std::array<std::uint64_t, kDomain + 1> make_exponentials() {
  constexpr std::uint64_t kStep = 4278222805;  // 2^32 e^(-1 / 256)
  std::array<std::uint64_t, kDomain + 1> table{};
  table[0] = std::uint64_t{1} << 32;
  for (std::size_t x = 1; x < table.size(); ++x) table[x] = (table[x - 1] * kStep) >> 32;
  return table;
}

// 2^16 / (1 + e^(-x / 256)) at index x + kDomain.
constexpr std::array<std::uint16_t, 2 * kDomain> make_squash() {
  const auto exponentials = make_exponentials();
  std::array<std::uint16_t, 2 * kDomain> table{};
  for (int x = -kDomain; x < kDomain; ++x) {
    const std::uint64_t one = std::uint64_t{1} << 32;
    const std::uint64_t e = exponentials[static_cast<std::size_t>(x < 0 ? -x : x)];
    const std::uint64_t p = ((x < 0 ? e : one) << 16) / (one + e);
    table[static_cast<std::size_t>(x + kDomain)] = static_cast<std::uint16_t>(p);
  }
  return table;
}
constexpr auto kSquash = make_squash();

// The inverse, at index p >> 4.
constexpr std::array<std::int16_t, 4096> make_stretch() {
  std::array<std::int16_t, 4096> table{};
  int x = -kDomain;
  for (std::size_t i = 0; i < table.size(); ++i) {
    while (x < kDomain - 1 && kSquash[static_cast<std::size_t>(x + kDomain)] < i * 16 + 8) ++x;
    table[i] = static_cast<std::int16_t>(x);
  }
  return table;
}
constexpr auto kStretch = make_stretch();

// 2^16 / (n + 1.5): the step of an estimate that has seen n bits.
constexpr int kMemory = 255;
constexpr std::array<std::int32_t, kMemory + 1> make_steps() {
  std::array<std::int32_t, kMemory + 1> table{};
  for (int n = 0; n <= kMemory; ++n) table[static_cast<std::size_t>(n)] = (2 << 16) / (2 * n + 3);
  return table;
}
constexpr auto kSteps = make_steps();

// How often the bit was 1 in one context: a running mean that forgets after kMemory bits.
struct Estimate {
  std::uint16_t probability = 1 << 13;
  std::uint16_t seen = 0;

  void update(int bit) {
    const std::int64_t target = bit != 0 ? 65535 : 0;
    const std::int64_t change = (target - probability) * kSteps[seen] / 65536;
    probability = static_cast<std::uint16_t>(probability + change);
    if (seen < kMemory) ++seen;
  }
};

class Model {
 public:
  explicit Model(const Shape& shape)
      : kernel_(static_cast<std::size_t>(shape.kh * shape.kw)),
        filter_(static_cast<std::size_t>(shape.c) * kernel_),
        channels_(static_cast<std::size_t>(shape.c)),
        positions_(filter_) {
    weights_.fill(kOne / 3);
  }

  // The probability that the bit of weight `at` is 1, in [1, 65535]. tails: the bits before it.
  [[nodiscard]] std::uint32_t predict(std::span<const std::uint8_t> tails, std::size_t at,
                                      std::uint8_t field) {
    const auto before = [&](std::size_t distance) -> std::size_t {
      return distance <= at ? tails[at - distance] : 0;
    };
    const std::size_t near = before(1) | before(2) << 1 | before(3) << 2;
    const std::size_t across = before(kernel_) | before(2 * kernel_) << 1;
    const std::size_t filters = before(filter_) | before(2 * filter_) << 1;
    const std::size_t in_filter = at % filter_;
    contexts_ = {&fields_[field], &neighbours_[near | across << 3 | filters << 5],
                 &channels_[in_filter / kernel_], &positions_[in_filter],
                 &recent_[static_cast<std::size_t>(recent_rate_ >> 10)]};
    std::int64_t sum = std::int64_t{bias_} * kBiasInput;
    for (std::size_t i = 0; i < kInputs; ++i) {
      inputs_[i] = kStretch[contexts_[i]->probability >> 4];
      sum += std::int64_t{weights_[i]} * inputs_[i];
    }
    const std::int64_t x = std::clamp<std::int64_t>(sum / kOne, 1 - kDomain, kDomain - 1);
    probability_ = kSquash[static_cast<std::size_t>(x + kDomain)];
    return std::clamp<std::uint32_t>(probability_, 16, 65520);
  }

  void update(int bit) {
    const std::int32_t error = (bit << 16) - static_cast<std::int32_t>(probability_);
    const auto learn = [&](std::int32_t& weight, std::int32_t input) {
      constexpr std::int64_t kRate = 1 << 14;
      weight = static_cast<std::int32_t>(std::clamp<std::int64_t>(
          weight + std::int64_t{input} * error / kRate, -16 * kOne, 16 * kOne));
    };
    for (std::size_t i = 0; i < kInputs; ++i) {
      learn(weights_[i], inputs_[i]);
      contexts_[i]->update(bit);
    }
    learn(bias_, kBiasInput);
    recent_rate_ += ((bit << 16) - recent_rate_) / 32;
  }

 private:
  static constexpr std::size_t kInputs = 5;
  static constexpr std::int32_t kOne = 1 << 16;
  static constexpr std::int32_t kBiasInput = 256;

  std::size_t kernel_, filter_;  // weights in a kernel, and in a filter
  std::array<Estimate, 256> fields_{};
  std::array<Estimate, 128> neighbours_{};
  std::vector<Estimate> channels_, positions_;
  std::array<Estimate, 65> recent_{};
  std::int32_t recent_rate_ = 1 << 13;  // of tails among the last bits, in units of 2^-16

  std::array<std::int32_t, kInputs> weights_{};
  std::int32_t bias_ = 0;
  std::array<Estimate*, kInputs> contexts_{};
  std::array<std::int32_t, kInputs> inputs_{};
  std::uint32_t probability_ = 0;
};

// The interval of an arithmetic coder: [low, high] of 64 bits, of which both ends' common leading
// bytes have been moved out. After narrow(), low < high again.
class CodingInterval {
 public:
  // The last position that means 1.
  [[nodiscard]] std::uint64_t split(std::uint32_t probability) const {
    return low_ + ((high_ - low_) >> 16) * probability;
  }
  // Calls shift(byte) for each leading byte that is settled.
  template <class Shift>
  void narrow(int bit, std::uint64_t split, Shift&& shift) {
    (bit != 0 ? high_ : low_) = bit != 0 ? split : split + 1;
    while ((low_ ^ high_) >> 56 == 0) {
      shift(static_cast<std::byte>(low_ >> 56));
      low_ <<= 8;
      high_ = high_ << 8 | 0xFF;
    }
  }
  // The byte that, followed by zeros, lies inside; none is needed where zeros alone do.
  [[nodiscard]] bool needs_end() const { return low_ != 0; }
  [[nodiscard]] std::byte end() const { return static_cast<std::byte>((low_ >> 56) + 1); }

 private:
  std::uint64_t low_ = 0;
  std::uint64_t high_ = ~std::uint64_t{0};
};

// A coded stream, with zeros behind its end.
class Source {
 public:
  explicit Source(std::span<const std::byte> coded) : coded_(coded) {
    for (int i = 0; i < 8; ++i) shift();
  }
  [[nodiscard]] std::uint64_t window() const { return window_; }
  void shift() {
    const std::uint64_t next =
        at_ < coded_.size() ? std::to_integer<std::uint64_t>(coded_[at_]) : 0;
    window_ = window_ << 8 | next;
    ++at_;
  }
  // Bytes that have left the window.
  [[nodiscard]] std::size_t done() const { return at_ - 8; }

 private:
  std::span<const std::byte> coded_;
  std::size_t at_ = 0;
  std::uint64_t window_ = 0;
};

}  // namespace

std::vector<std::byte> encode_regions(std::span<const std::uint8_t> tails,
                                      std::span<const std::uint8_t> fields, const Shape& shape) {
  Model model(shape);
  CodingInterval interval;
  std::vector<std::byte> coded;
  for (std::size_t i = 0; i < tails.size(); ++i) {
    const std::uint64_t split = interval.split(model.predict(tails, i, fields[i]));
    interval.narrow(tails[i], split, [&](std::byte byte) { coded.push_back(byte); });
    model.update(tails[i]);
  }
  if (interval.needs_end()) coded.push_back(interval.end());
  return coded;
}

Status decode_regions(std::span<const std::byte> coded, std::span<const std::uint8_t> fields,
                      const Shape& shape, std::span<std::uint8_t> tails) {
  Model model(shape);
  CodingInterval interval;
  Source source(coded);
  for (std::size_t i = 0; i < tails.size(); ++i) {
    const std::uint64_t split = interval.split(model.predict(tails, i, fields[i]));
    const int bit = source.window() <= split ? 1 : 0;
    interval.narrow(bit, split, [&](std::byte) { source.shift(); });
    tails[i] = static_cast<std::uint8_t>(bit);
    model.update(bit);
  }
  const bool ends = interval.needs_end();
  const std::uint64_t last = ends ? std::to_integer<std::uint64_t>(interval.end()) << 56 : 0;
  if (source.window() != last || coded.size() != source.done() + (ends ? 1U : 0U))
    return error("the coded regions do not end where the tensor does");
  return {};
}

}  // namespace qyolo::quant
