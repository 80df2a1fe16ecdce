#include "metrics/weighted_ap.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <utility>

namespace qyolo::metrics {
namespace {

constexpr std::size_t kThresholds = 10;
constexpr std::size_t kRecalls = 101;
constexpr std::uint16_t kAllThresholds = (1U << kThresholds) - 1;

bool same(const Outcome& a, const Outcome& b) {
  return a.true_positive == b.true_positive && a.false_positive == b.false_positive;
}

}  // namespace

class WeightedAp::Compiler {
 public:
  Compiler(std::size_t images, std::int32_t max_weight, std::vector<CopyRow>& copies)
      : images_(images), max_weight_(max_weight), copies_(copies) {}

  ClassProgram compile(const MatchedClass& matched) {
    program_ = {};
    program_.objects = matched.objects;
    program_.wrong_ends = {0};
    program_.curves.resize(kThresholds);
    pending_ = {};
    const std::span<const MatchedDetection> all(matched.detections);
    for (std::size_t begin = 0; begin < all.size();) {
      std::size_t end = begin + 1;
      while (end < all.size() && all[end].image == all[begin].image &&
             all[end].score == all[begin].score) {
        ++end;
      }
      add_equals(all.subspan(begin, end - begin));
      begin = end;
    }
    program_.wrong_rows.resize(program_.wrong_ends.back());
    for (Curve& curve : program_.curves) {
      curve.rows.resize(curve.steps.empty() ? 0 : curve.steps.back().right_end);
    }
    return std::move(program_);
  }

 private:
  // Detections of one image with equal scores.
  void add_equals(std::span<const MatchedDetection> equals) {
    const auto differs = [&](const MatchedDetection& d) {
      return !same(d.outcome, equals.front().outcome);
    };
    if (std::ranges::none_of(equals, differs)) {
      for (const MatchedDetection& d : equals) add(d.image, d.outcome);
      return;
    }
    const std::uint32_t first = first_copy_of(equals.front().image);
    for (std::int32_t copy = 0; copy < max_weight_; ++copy) {
      const std::uint32_t row = first + static_cast<std::uint32_t>(copy);
      for (const MatchedDetection& d : equals) add(row, d.outcome);
    }
  }

  // The row of the image's first copy; the others follow.
  std::uint32_t first_copy_of(std::uint32_t image) {
    const auto next = static_cast<std::uint32_t>(images_ + copies_.size());
    const auto [place, is_new] = first_copy_.try_emplace(image, next);
    if (is_new) {
      for (std::int32_t copy = 1; copy <= max_weight_; ++copy) copies_.push_back({image, copy});
    }
    return place->second;
  }

  void add(std::uint32_t row, const Outcome& outcome) {
    if (outcome.false_positive == kAllThresholds) {
      program_.wrong_rows.push_back(row);
      return;
    }
    if (program_.wrong_ends.back() != program_.wrong_rows.size()) {
      program_.wrong_ends.push_back(static_cast<std::uint32_t>(program_.wrong_rows.size()));
    }
    const auto wrong_at_all = static_cast<std::uint32_t>(program_.wrong_ends.size() - 1);
    for (std::size_t t = 0; t < kThresholds; ++t) {
      Curve& curve = program_.curves[t];
      if ((outcome.true_positive >> t & 1) != 0) {
        const auto place = static_cast<std::uint32_t>(curve.rows.size());
        curve.rows.push_back(row);
        if (pending_[t] || curve.steps.empty() || curve.steps.back().wrong_at_all != wrong_at_all) {
          curve.steps.push_back({place, place, wrong_at_all});
        }
        ++curve.steps.back().right_end;
        pending_[t] = false;
      } else if ((outcome.false_positive >> t & 1) != 0) {
        curve.rows.push_back(row);
        pending_[t] = true;
      }
    }
  }

  std::size_t images_;
  std::int32_t max_weight_;
  std::vector<CopyRow>& copies_;
  std::map<std::uint32_t, std::uint32_t> first_copy_;
  ClassProgram program_;
  std::array<bool, kThresholds> pending_{};  // false positives since the last true positive
};

namespace {

struct Scratch {
  const std::int32_t* rows;
  std::size_t images;
  const unsigned char* empty_copies;
  std::int32_t* wrong;    // [wrong_ends]
  std::int32_t* found;    // [steps]: true positives up to the end of a step
  std::int32_t* counted;  // [steps]: those and the false positives
};

// Everything below is compiled once per instruction set; kBytes is the width of its registers.
// Plain pointers and no calls, so that all of it ends up inside the function that carries the
// target.
template <std::size_t kBytes>
struct Vectors {
  static constexpr std::size_t kInts = kBytes / sizeof(std::int32_t);
  static constexpr std::size_t kDoubles = kBytes / sizeof(double);
  using Ints [[gnu::vector_size(kBytes)]] = std::int32_t;
  using HalfInts [[gnu::vector_size(kBytes / 2)]] = std::int32_t;
  using Doubles [[gnu::vector_size(kBytes)]] = double;
};

// From the last step back to the first: the sum of the envelope's precision at the recall
// thresholds that are reached.
template <std::size_t kBytes>
[[gnu::always_inline]] inline void sum_envelope(const std::int32_t* found,
                                                const std::int32_t* counted, std::size_t steps,
                                                const double* positives, double* sums) {
  using HalfInts = typename Vectors<kBytes>::HalfInts;
  using Doubles = typename Vectors<kBytes>::Doubles;
  constexpr std::size_t kStride = Vectors<kBytes>::kInts;
  const double to_integer = 0x1.8p52;  // adding and subtracting it rounds to an integer
  Doubles total;
  std::memcpy(&total, positives, sizeof total);
  Doubles largest{}, sum{}, reached_after{};
  for (std::size_t i = steps; i > 0; --i) {
    HalfInts found_ints, counted_ints;
    std::memcpy(&found_ints, found + (i - 1) * kStride, sizeof found_ints);
    std::memcpy(&counted_ints, counted + (i - 1) * kStride, sizeof counted_ints);
    const Doubles tp = __builtin_convertvector(found_ints, Doubles);
    const Doubles all = __builtin_convertvector(counted_ints, Doubles);
    // Recall thresholds r * 0.01 that this recall reaches: only the one nearest to it is in doubt.
    const Doubles recall = tp / total;
    const Doubles nearest = (recall * 100.0 + to_integer) - to_integer;
    const Doubles reached = nearest * 0.01 > recall ? nearest : nearest + 1.0;
    sum += largest * (reached_after - reached);
    const Doubles precision = tp / (all + std::numeric_limits<double>::epsilon());
    largest = precision > largest ? precision : largest;
    reached_after = reached;
  }
  // Recall 0 is reached with the first step, and so is whatever the first step reaches.
  sum += largest * reached_after;
  std::memcpy(sums, &sum, sizeof sum);
}

// The choices of one register.
template <std::size_t kBytes>
[[gnu::always_inline]] inline void evaluate_part(const WeightedAp::ClassProgram& program,
                                                 const Scratch& scratch, std::size_t first,
                                                 WeightedAp::ClassAp& result) {
  using Ints = typename Vectors<kBytes>::Ints;
  constexpr std::size_t kInts = Vectors<kBytes>::kInts;
  constexpr std::size_t kDoubles = Vectors<kBytes>::kDoubles;
  const std::int32_t* rows = scratch.rows + first;
  Ints weight, objects{};
  const std::size_t images_with_objects = program.objects.size();
  const ObjectCount* object_counts = program.objects.data();
  for (std::size_t i = 0; i < images_with_objects; ++i) {
    std::memcpy(&weight, rows + std::size_t{object_counts[i].image} * kChoices, sizeof weight);
    objects += weight * object_counts[i].objects;
  }
  double positives[kInts], ap[kInts], ap50[kInts];
  for (std::size_t i = 0; i < kInts; ++i) {
    positives[i] = static_cast<double>(objects[i]);
    ap[i] = ap50[i] = 0;
  }

  Ints wrong_at_all{};
  const std::uint32_t* wrong_rows = program.wrong_rows.data();
  const std::uint32_t* wrong_ends = program.wrong_ends.data();
  const std::size_t ends = program.wrong_ends.size();
  for (std::size_t e = 0, row = 0; e < ends; ++e) {
    for (; row < wrong_ends[e]; ++row) {
      std::memcpy(&weight, rows + std::size_t{wrong_rows[row]} * kChoices, sizeof weight);
      wrong_at_all += weight;
    }
    std::memcpy(scratch.wrong + e * kInts, &wrong_at_all, sizeof wrong_at_all);
  }

  const WeightedAp::Curve* curves = program.curves.data();
  for (std::size_t t = 0; t < kThresholds; ++t) {
    const std::uint32_t* curve_rows = curves[t].rows.data();
    const WeightedAp::Step* steps = curves[t].steps.data();
    const std::size_t count = curves[t].steps.size();
    std::size_t kept = 0;  // steps that some choice makes
    Ints found{}, wrong{};
    for (std::size_t s = 0, row = 0; s < count; ++s) {
      for (; row < steps[s].wrong_end; ++row) {
        const std::size_t r = curve_rows[row];
        if (r >= scratch.images && scratch.empty_copies[r - scratch.images] != 0) continue;
        std::memcpy(&weight, rows + r * kChoices, sizeof weight);
        wrong += weight;
      }
      bool any = false;
      for (; row < steps[s].right_end; ++row) {
        const std::size_t r = curve_rows[row];
        if (r >= scratch.images && scratch.empty_copies[r - scratch.images] != 0) continue;
        std::memcpy(&weight, rows + r * kChoices, sizeof weight);
        found += weight;
        any = true;
      }
      if (!any) continue;
      std::memcpy(&weight, scratch.wrong + steps[s].wrong_at_all * kInts, sizeof weight);
      const Ints counted = found + wrong + weight;
      std::memcpy(scratch.found + kept * kInts, &found, sizeof found);
      std::memcpy(scratch.counted + kept * kInts, &counted, sizeof counted);
      ++kept;
    }
    double sums[kInts] = {};
    // Without rows there is nothing to point at.
    for (std::size_t half = 0; kept > 0 && half < kInts; half += kDoubles) {
      sum_envelope<kBytes>(scratch.found + half, scratch.counted + half, kept, positives + half,
                           sums + half);
    }
    for (std::size_t i = 0; i < kInts; ++i) {
      if (t == 0) ap50[i] = sums[i];
      ap[i] += sums[i];
    }
  }
  for (std::size_t i = 0; i < kInts; ++i) {
    const bool undefined = objects[i] == 0;
    result.ap[first + i] = undefined ? -1.0 : ap[i] / (kRecalls * kThresholds);
    result.ap50[first + i] = undefined ? -1.0 : ap50[i] / kRecalls;
  }
}

template <std::size_t kBytes>
[[gnu::always_inline]] inline void evaluate_class(const WeightedAp::ClassProgram& program,
                                                  const Scratch& scratch,
                                                  WeightedAp::ClassAp& result) {
  for (std::size_t first = 0; first < kChoices; first += Vectors<kBytes>::kInts) {
    evaluate_part<kBytes>(program, scratch, first, result);
  }
}

using Kernel = void (*)(const WeightedAp::ClassProgram&, const Scratch&, WeightedAp::ClassAp&);

void evaluate_class_16_bytes(const WeightedAp::ClassProgram& program, const Scratch& scratch,
                             WeightedAp::ClassAp& result) {
  evaluate_class<16>(program, scratch, result);
}

#if defined(__x86_64__)

[[gnu::target("avx2")]] void evaluate_class_32_bytes(const WeightedAp::ClassProgram& program,
                                                     const Scratch& scratch,
                                                     WeightedAp::ClassAp& result) {
  evaluate_class<32>(program, scratch, result);
}

[[gnu::target("avx512f,avx512dq,avx512vl,avx512bw")]] void evaluate_class_64_bytes(
    const WeightedAp::ClassProgram& program, const Scratch& scratch, WeightedAp::ClassAp& result) {
  evaluate_class<64>(program, scratch, result);
}

std::vector<int> supported_widths() {
  std::vector<int> widths{16};
  if (__builtin_cpu_supports("avx2")) widths.push_back(32);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) {
    widths.push_back(64);
  }
  return widths;
}

Kernel kernel_of_width(int width) {
  if (width == 64) return evaluate_class_64_bytes;
  return width == 32 ? evaluate_class_32_bytes : evaluate_class_16_bytes;
}

#else

std::vector<int> supported_widths() { return {16}; }
Kernel kernel_of_width(int) { return evaluate_class_16_bytes; }

#endif

}  // namespace

WeightedAp::WeightedAp(const MatchedDetections& matched, std::int32_t max_weight)
    : images_(matched.image_ids.size()), max_weight_(max_weight) {
  Compiler compiler(images_, max_weight_, copies_);
  programs_.reserve(matched.classes.size());
  for (const MatchedClass& of_class : matched.classes) {
    programs_.push_back(compiler.compile(of_class));
  }
}

WeightedAp::Workspace WeightedAp::workspace() const {
  std::size_t ends = 0, steps = 0;
  for (const ClassProgram& program : programs_) {
    ends = std::max(ends, program.wrong_ends.size());
    for (const Curve& curve : program.curves) steps = std::max(steps, curve.steps.size());
  }
  Workspace workspace;
  workspace.images_ = images_;
  workspace.rows_.resize((images_ + copies_.size()) * kChoices);
  workspace.empty_copies_.resize(copies_.size());
  workspace.wrong_.resize(ends * kChoices);
  workspace.found_.resize(steps * kChoices);
  workspace.counted_.resize(steps * kChoices);
  return workspace;
}

const std::vector<int>& WeightedAp::register_widths() {
  static const std::vector<int> widths = supported_widths();
  return widths;
}

void WeightedAp::evaluate(Workspace& workspace, std::span<ClassAp> results,
                          int register_width) const {
  const Kernel kernel =
      kernel_of_width(register_width == 0 ? register_widths().back() : register_width);
  for (std::size_t i = 0; i < copies_.size(); ++i) {
    const std::int32_t* image = workspace.rows_.data() + copies_[i].image * kChoices;
    std::int32_t* row = workspace.rows_.data() + (images_ + i) * kChoices;
    std::int32_t any = 0;
    for (std::size_t c = 0; c < kChoices; ++c) {
      row[c] = image[c] >= copies_[i].copy ? 1 : 0;
      any |= row[c];
    }
    workspace.empty_copies_[i] = any == 0 ? 1 : 0;
  }
  const Scratch scratch{workspace.rows_.data(),         images_,
                        workspace.empty_copies_.data(), workspace.wrong_.data(),
                        workspace.found_.data(),        workspace.counted_.data()};
  for (std::size_t k = 0; k < programs_.size(); ++k) kernel(programs_[k], scratch, results[k]);
}

double mean_ap(std::span<const double> ap_of_classes) {
  double sum = 0;
  double count = 0;
  for (const double ap : ap_of_classes) {
    if (ap < 0) continue;
    sum += ap;
    count += 1;
  }
  return count == 0 ? -1 : sum / count;
}

}  // namespace qyolo::metrics
