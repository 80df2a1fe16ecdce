// How sure a difference in average precision is, given that it was measured on some images and not
// on others: a paired bootstrap over images (Efron & Tibshirani 1993, An Introduction to the
// Bootstrap, chapters 6, 13 and 16).
//
// A resample draws as many images as there are, with replacement. Both networks are evaluated on
// the same resamples, so that what makes an image hard for both cancels in the difference. How much
// the difference scatters over resamples is how much it would over other image sets of this size.
// AP of each resample is COCO's, not an approximation (weighted_ap.h).
//
// Intervals are expanded percentile intervals (Hesterberg 2015, What Teachers Should Know About the
// Bootstrap, The American Statistician 69:4): quantiles of the resampled differences, taken further
// out where the interval rests on few images, by as much as Student's t and the n / (n - 1) of a
// sample's variance ask for. Of those tried in simulation (benchmarks/bootstrap_coverage.cpp, 1,000
// image sets of each kind, so +-0.7) it is the one that held its level:
//   95 % intervals cover, in %    1,000 images   300   100    40   300 with few objects
//   expanded percentile                   95.4  94.4  94.6  96.0                   95.4
//   percentile                            95.4  94.0  93.0  93.6                   94.0
//   basic                                 95.4  93.5  93.1  93.5                   93.8
//   bias-corrected percentile             95.3  93.7  92.6  92.0                   93.8
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/result.h"
#include "metrics/matched_detections.h"

namespace qyolo::metrics {

struct BootstrapOptions {
  int resamples = 10000;  // from 100 to 1,000,000
  std::uint64_t seed = 1;
  double confidence = 0.95;  // of intervals, between 0 and 1
  int threads = 0;           // 0: all the host offers; results do not depend on it
};

// Adds to weights[i * stride], for each image i of `images`, how often resample number `resample`
// draws it. Draw j is the high word of images * x, where x is output j of SplitMix64 (Steele, Lea &
// Flood 2014) seeded with output `resample` of SplitMix64 seeded with `seed` (both from 0): any
// resample can be drawn by itself. Some images are likelier than others by less than images / 2^64.
// REQUIRES: images > 0.
void draw_resample(std::uint64_t seed, std::uint64_t resample, std::size_t images,
                   std::span<std::int32_t> weights, std::size_t stride);

// One network on all resamples. AP is a fraction, -1 where there is no object.
struct ResampledAp {
  std::vector<std::int64_t> image_ids;
  std::vector<std::int64_t> category_ids;   // K
  std::vector<std::int64_t> objects;        // K; that count
  std::vector<std::int64_t> object_images;  // K; that show one
  BootstrapOptions options;

  // On the images as they are.
  double ap = -1;
  double ap50 = -1;
  std::vector<double> class_ap;  // K

  // On each resample; B of them.
  std::vector<double> resampled_ap;        // B
  std::vector<double> resampled_ap50;      // B
  std::vector<double> resampled_class_ap;  // [K, B]
};

// Fails on options out of their range and where there are no images.
Result<ResampledAp> resample_ap(const MatchedDetections& matched,
                                const BootstrapOptions& options = {});

// Of AP, network minus baseline; fractions.
struct Difference {
  double value = 0;  // on the images as they are
  double low = 0;    // interval
  double high = 0;
  double standard_error = 0;
};

struct ClassDifference {
  std::int64_t category_id = 0;
  std::int64_t objects = 0;
  std::int64_t object_images = 0;  // images with at least one of them
  std::optional<Difference> ap;    // none with fewer than two such images
};

struct PairedDifference {
  BootstrapOptions options;
  double tolerance = 0;
  double margin = 0;             // of safety, taken off the tolerance where it is decided by
  std::optional<Difference> ap;  // none with fewer than two images, or without objects
  std::optional<Difference> ap50;
  std::vector<ClassDifference> classes;
  double loss_above_tolerance = 0;  // share of resamples that lose more AP than the tolerance
  std::int64_t images = 0;
  std::int64_t objects = 0;
  // How many images with objects the interval of AP rests on: fewer than `images` where rare
  // classes cause most of the scatter (Satterthwaite's degrees of freedom plus 1, a class of n
  // images with objects having n - 1; at most `images`).
  double effective_images = 0;
};

// A class is left out of the resamples in which it has no object. `tolerance` is a loss of AP that
// is still acceptable, as a fraction. Fails unless both are of the same images and categories,
// resampled with the same seed and number, and 0 <= tolerance <= 1.
Result<PairedDifference> paired_difference(const ResampledAp& baseline, const ResampledAp& network,
                                           double tolerance = 0.01);

}  // namespace qyolo::metrics
