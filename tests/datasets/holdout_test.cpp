#include "datasets/holdout.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace qyolo::datasets {
namespace {

// Image i has i % 7 objects; every tenth one has one of a rare class, too.
Dataset sample(int images) {
  Dataset dataset;
  for (int i = 0; i < images; ++i) {
    dataset.truth.images.push_back({100 + i, "image", 10, 10});
    dataset.image_paths.emplace_back(std::to_string(i));
    for (int object = 0; object < i % 7; ++object)
      dataset.truth.annotations.push_back({1, 100 + i, 1 + object % 2, {}, 1, false});
    if (i % 10 == 0) dataset.truth.annotations.push_back({1, 100 + i, 9, {}, 1, false});
  }
  return dataset;
}

TEST(StratifiedHoldout, TakesItsShareOfEveryKind) {
  const Dataset dataset = sample(240);
  const std::vector<bool> held_out = stratified_holdout(dataset.truth, 1.0 / 3);
  ASSERT_EQ(held_out.size(), 240U);
  EXPECT_EQ(std::ranges::count(held_out, true), 80);
  EXPECT_EQ(held_out, stratified_holdout(dataset.truth, 1.0 / 3));
  int rare = 0;
  for (std::size_t i = 0; i < held_out.size(); i += 10) rare += held_out[i] ? 1 : 0;
  EXPECT_EQ(rare, 8);  // of 24
  const std::vector<bool> tenth = stratified_holdout(dataset.truth, 0.1);
  EXPECT_EQ(std::ranges::count(tenth, true), 24);
}

TEST(KeepImages, PartsShareNothingAndAreTheWhole) {
  const Dataset dataset = sample(31);
  const std::vector<bool> held_out = stratified_holdout(dataset.truth, 0.4);
  Dataset chosen_on = dataset, confirmed_on = dataset;
  keep_images(chosen_on, held_out, false);
  keep_images(confirmed_on, held_out, true);
  EXPECT_EQ(chosen_on.truth.images.size() + confirmed_on.truth.images.size(), 31U);
  EXPECT_EQ(chosen_on.truth.annotations.size() + confirmed_on.truth.annotations.size(),
            dataset.truth.annotations.size());
  for (const Dataset* part : {&chosen_on, &confirmed_on}) {
    ASSERT_EQ(part->image_paths.size(), part->truth.images.size());
    for (std::size_t i = 0; i < part->image_paths.size(); ++i)
      EXPECT_EQ(part->image_paths[i], std::to_string(part->truth.images[i].id - 100));
    for (const Annotation& annotation : part->truth.annotations) {
      EXPECT_TRUE(std::ranges::find(part->truth.images, annotation.image_id, &ImageInfo::id) !=
                  part->truth.images.end());
    }
  }
}

TEST(StratifiedHoldout, NothingAndOneImageAreNoTrouble) {
  EXPECT_TRUE(stratified_holdout({}, 0.5).empty());
  EXPECT_EQ(stratified_holdout(sample(1).truth, 0.3).size(), 1U);
}

}  // namespace
}  // namespace qyolo::datasets
