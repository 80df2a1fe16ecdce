#include "datasets/sample.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

namespace qyolo::datasets {
namespace {

// Image i shows the class i % 4; every twentieth shows the rare class 9, too, and every tenth
// nothing.
struct Scenes {
  std::vector<std::int64_t> ids;
  std::vector<Annotation> annotations;

  Scenes() {
    for (std::int64_t i = 0; i < 400; ++i) {
      ids.push_back(1000 + i);
      if (i % 10 == 3) continue;
      add(ids.back(), i % 4);
      if (i % 20 == 0) add(ids.back(), 9);
    }
  }
  void add(std::int64_t image, std::int64_t category) {
    Annotation& one = annotations.emplace_back();
    one.image_id = image;
    one.category_id = category;
  }
  [[nodiscard]] std::vector<bool> marks(std::int64_t images, std::uint64_t seed = 1,
                                        bool first = false) const {
    return limited_images(ids, annotations, {images, first, seed});
  }
};

std::ptrdiff_t count(const std::vector<bool>& marks) { return std::ranges::count(marks, true); }

TEST(Sample, HasAsManyImagesAsAreAskedFor) {
  const Scenes scenes;
  for (const int wanted : {1, 2, 37, 200, 399})
    EXPECT_EQ(count(scenes.marks(wanted)), wanted) << wanted;
  for (const int all : {0, 400, 1000}) EXPECT_EQ(count(scenes.marks(all)), 400) << all;
}

TEST(Sample, OfTheFirstIsTheFirst) {
  const std::vector<bool> marks = Scenes().marks(7, 1, true);
  EXPECT_EQ(count(marks), 7);
  EXPECT_TRUE(std::all_of(marks.begin(), marks.begin() + 7, [](bool mark) { return mark; }));
}

TEST(Sample, EveryKindOfImageGivesItsShare) {
  const Scenes scenes;
  for (const std::uint64_t seed : {1U, 2U, 99U}) {
    const std::vector<bool> marks = scenes.marks(40, seed);
    std::map<bool, int> empty, rare;
    for (std::size_t i = 0; i < marks.size(); ++i) {
      if (!marks[i]) continue;
      ++empty[i % 10 == 3];
      ++rare[i % 20 == 0];
    }
    EXPECT_NEAR(empty[true], 4, 1) << seed;
    EXPECT_NEAR(rare[true], 2, 1) << seed;
  }
}

TEST(Sample, IsTheSeeds) {
  const Scenes scenes;
  EXPECT_EQ(scenes.marks(40, 5), scenes.marks(40, 5));
  EXPECT_NE(scenes.marks(40, 5), scenes.marks(40, 6));
  EXPECT_NE(scenes.marks(40), scenes.marks(40, 1, true));
}

// 10 % of 400 images, 2,000 seeds: each image 200 times, standard deviation 13.4.
TEST(Sample, EveryImageIsAsLikely) {
  const Scenes scenes;
  std::vector<int> drawn(scenes.ids.size());
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const std::vector<bool> marks = scenes.marks(40, seed);
    for (std::size_t i = 0; i < marks.size(); ++i) drawn[i] += marks[i] ? 1 : 0;
  }
  EXPECT_GT(*std::ranges::min_element(drawn), 200 - 5 * 14);
  EXPECT_LT(*std::ranges::max_element(drawn), 200 + 5 * 14);
}

TEST(Sample, WorksWithoutAnnotations) {
  const std::vector<std::int64_t> ids = {3, 1, 2};
  EXPECT_EQ(count(limited_images(ids, {}, {2, false, 1})), 2);
}

}  // namespace
}  // namespace qyolo::datasets
