// How sure a network still is of what the unquantized one says: the divergence of its head's
// scores, image by image, and which of the head's top detections change. As llama.cpp's perplexity
// tool reports it for tokens; no annotations are looked at.
//
// Scores are Bernoulli distributions, as the network is trained. The divergence of an image is the
// sum over all anchors of the objectness' Kullback-Leibler divergence and, where the reference's
// objectness is at least 0.001, its objectness times that of the class scores, in nats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace qyolo::harness {

// KL divergence of Bernoulli(q) from Bernoulli(p), nats; probabilities within 1e-7 of 0 and 1 are
// taken as that far from them.
[[nodiscard]] double bernoulli_kl(double p, double q);

// Of one image.
struct HeadComparison {
  double kl = 0;  // infinite where a score is no number
  // Anchors that one of the networks scores at kTopScore or above (before non-maximum suppression),
  // and how many of them the other one does not, or with another class on top.
  std::int64_t top = 0;
  std::int64_t changed = 0;
};
inline constexpr float kTopScore = 0.25F;  // what the official detect.py shows from

// Over images.
struct HeadCertainty {
  std::int64_t images = 0;
  double kl = 0, kl_standard_error = 0, kl_median = 0, kl_p999 = 0, kl_max = 0;
  std::int64_t top = 0;
  double changed = 0;  // share of them; 0 of none
  double changed_standard_error = 0;
};
// The standard error of the share is that of a ratio of sums over images. None of no images, and
// where a divergence is not finite.
[[nodiscard]] std::optional<HeadCertainty> summarize(std::span<const HeadComparison> images);

// The unquantized network's scores on some images, without what a comparison has no use for.
class ReferenceScores {
 public:
  // `classes`: scores behind box and objectness in a row.
  explicit ReferenceScores(std::size_t images, std::size_t classes)
      : classes_(classes), images_(images) {}

  // Rows as model::decode_rows() makes them.
  void keep(std::size_t image, std::span<const float> rows);
  [[nodiscard]] bool has(std::size_t image) const { return !images_[image].objectness.empty(); }
  // REQUIRES: has(image), and as many rows.
  [[nodiscard]] HeadComparison compare(std::size_t image, std::span<const float> rows) const;

 private:
  struct Image {
    std::vector<float> objectness;    // of each anchor
    std::vector<float> class_scores;  // of those that may become detections, one after the other
  };
  struct Top {
    float score = 0;
    std::size_t class_index = 0;
  };
  [[nodiscard]] Top top_of(float objectness, std::span<const float> class_scores) const;

  std::size_t classes_;
  std::vector<Image> images_;
};

// Which of `count` images are looked at: all, or as many as are enough, evenly spread.
[[nodiscard]] std::vector<bool> images_looked_at(std::size_t count);

}  // namespace qyolo::harness
