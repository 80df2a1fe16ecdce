#include "metrics/verdict.h"

#include <gtest/gtest.h>

namespace qyolo::metrics {
namespace {

// In points; `above` is the share of resamples that lose more than the tolerance.
PairedDifference measured(double value, double low, double high, double above,
                          double tolerance = 1) {
  PairedDifference difference;
  difference.ap = Difference{value / 100, low / 100, high / 100, (high - low) / 400};
  difference.loss_above_tolerance = above;
  difference.tolerance = tolerance / 100;
  difference.images = 1000;
  difference.effective_images = 500;
  difference.objects = 7000;
  return difference;
}

TEST(Verdict, WithinTheToleranceIsTheWholeInterval) {
  EXPECT_EQ(verdict(measured(-0.4, -0.93, 0.2, 0.028)),
            "within 1 point: 0.4 points lost (0.9 lost to 0.2 gained)");
  EXPECT_EQ(verdict(measured(0.4, -0.2, 1.1, 0)),
            "within 1 point: 0.4 points gained (0.2 lost to 1.1 gained)");
  EXPECT_EQ(verdict(measured(-0.4, -0.5, 0.2, 0.006, 0.5)),
            "within 0.5 points: 0.4 points lost (0.5 lost to 0.2 gained)");
}

// The share of resamples that lose more is no second rule.
TEST(Verdict, AnIntervalThatReachesBeyondTheToleranceIsUndecided) {
  EXPECT_EQ(decide(measured(-0.4, -1.0, 0.2, 0.05)), Decision::kWithin);
  EXPECT_EQ(decide(measured(-0.4, -1.01, 0.2, 0.001)), Decision::kUndecided);
  EXPECT_EQ(decide(measured(-3, -4, -1.01, 1)), Decision::kBeyond);
  EXPECT_EQ(decide(measured(-3, -4, -1.0, 1)), Decision::kUndecided);
}

TEST(Verdict, AMarginIsTakenOffTheToleranceAndSaid) {
  PairedDifference difference = measured(-0.4, -0.93, 0.2, 0.028);
  difference.margin = 0.001;
  EXPECT_EQ(decide(difference), Decision::kUndecided);
  difference.ap->low = -0.008;
  EXPECT_EQ(verdict(difference),
            "within 1 point less a margin of 0.1: 0.4 points lost (0.8 lost to 0.2 gained)");
  difference = measured(-3.2, -4.4, -2.1, 1);
  difference.margin = 0.001;
  EXPECT_EQ(verdict(difference),
            "loses 3.2 points (2.1 to 4.4), more than 1 point less a margin of 0.1");
}

TEST(Verdict, FewImagesAndFewObjectsAreACaution) {
  PairedDifference difference = measured(-0.4, -0.9, 0.2, 0);
  difference.images = 49;
  EXPECT_EQ(caution(difference), "caution: only 49 images");
  difference.classes.resize(3);
  difference.classes[0].objects = 9;
  difference.classes[1].objects = 10;
  EXPECT_EQ(verdict(difference),
            "within 1 point: 0.4 points lost (0.9 lost to 0.2 gained); caution: only 49 images, 1 "
            "class with fewer than 10 objects");
  difference.images = 50;
  difference.classes.clear();
  EXPECT_EQ(caution(difference), "");
}

TEST(Verdict, ADifferenceThatRoundsToZeroIsNoChange) {
  EXPECT_EQ(verdict(measured(0.01, -0.2, 0.2, 0)),
            "within 1 point: no change (0.2 lost to 0.2 gained)");
  EXPECT_EQ(verdict(measured(-0.04, -2, 2, 0.2)),
            "not enough images to tell: no change (2.0 lost to 2.0 gained); about 15,000 more for "
            "±0.5");
}

TEST(Verdict, ASmallLossThatIsCertainIsStillWithinTheTolerance) {
  EXPECT_EQ(verdict(measured(-0.4, -0.6, -0.2, 0)), "within 1 point: 0.4 points lost (0.2 to 0.6)");
}

TEST(Verdict, LossBeyondTheTolerance) {
  EXPECT_EQ(verdict(measured(-3.2, -4.4, -2.1, 1)),
            "loses 3.2 points (2.1 to 4.4), more than 1 point");
  EXPECT_EQ(verdict(measured(-3.2, -4.4, -2.1, 1, 0.5)),
            "loses 3.2 points (2.1 to 4.4), more than 0.5 points");
}

TEST(Verdict, Gain) {
  EXPECT_EQ(verdict(measured(1.3, 0.2, 2.4, 0)), "gains 1.3 points (0.2 to 2.4)");
}

TEST(Verdict, NotEnoughImagesSaysHowManyMore) {
  // +-1 point from 1,000 images: +-0.5 takes 4,000, that is 3,000 more.
  EXPECT_EQ(verdict(measured(-0.9, -1.9, 0.1, 0.4)),
            "not enough images to tell: 0.9 points lost (1.9 lost to 0.1 gained); about 3,000 more "
            "for ±0.5");
  // Wholly a loss, but neither clearly within nor clearly beyond.
  EXPECT_EQ(verdict(measured(-1.6, -2.6, -0.6, 0.85)),
            "not enough images to tell: 1.6 points lost (0.6 to 2.6); about 3,000 more for ±0.5");
  // A gain that may be a loss beyond the tolerance.
  EXPECT_EQ(verdict(measured(0.5, -4, 5, 0.3)),
            "not enough images to tell: 0.5 points gained (4.0 lost to 5.0 gained); about 80,000 "
            "more for ±0.5");
}

TEST(Verdict, TooCloseToTheToleranceThoughTheIntervalIsNarrow) {
  EXPECT_EQ(verdict(measured(-1.1, -1.4, -0.8, 0.7)),
            "loses 1.1 points (0.8 to 1.4), too close to 1 point to tell");
}

TEST(Verdict, NoTolerance) {
  EXPECT_EQ(verdict(measured(-3.2, -4.4, -2.1, 1, 0)), "loses 3.2 points (2.1 to 4.4)");
  EXPECT_EQ(verdict(measured(0.3, 0, 0.6, 0.03, 0)), "no loss: 0.3 points gained (0.0 to 0.6)");
  EXPECT_EQ(verdict(measured(-0.2, -0.5, 0.1, 0.9, 0)),
            "loses 0.2 points (0.5 lost to 0.1 gained), too close to none to tell");
  EXPECT_EQ(verdict(measured(-0.2, -1.2, 0.8, 0.7, 0)),
            "not enough images to tell: 0.2 points lost (1.2 lost to 0.8 gained); about 3,000 more "
            "for ±0.5");
}

TEST(Verdict, AFineToleranceGetsAnotherDecimal) {
  EXPECT_EQ(verdict(measured(-0.32, -0.44, -0.21, 1, 0.1)),
            "loses 0.32 points (0.21 to 0.44), more than 0.1 points");
}

TEST(Verdict, NoDifferenceAtAll) { EXPECT_EQ(verdict(measured(0, 0, 0, 0)), "no difference"); }

TEST(Verdict, FewImagesAreNotEnoughWhateverTheyShow) {
  PairedDifference difference = measured(-3, -3.2, -2.8, 1);
  difference.effective_images = 9.9;
  EXPECT_EQ(verdict(difference), "not enough images to tell: 3.0 points lost (2.8 to 3.2)");
  difference = measured(-3, -5, -1, 1);
  difference.images = 12;
  difference.effective_images = 9.9;
  EXPECT_EQ(verdict(difference),
            "not enough images to tell: 3.0 points lost (1.0 to 5.0); about 180 more for "
            "±0.5; caution: only 12 images");
}

TEST(Verdict, NothingToJudgeBy) {
  PairedDifference difference = measured(0, 0, 0, 0);
  difference.ap.reset();
  EXPECT_EQ(verdict(difference), "no verdict: one image says nothing about others");
  difference.objects = 0;
  EXPECT_EQ(verdict(difference), "no verdict: the images show no objects");
}

TEST(Decision, IsWhereTheIntervalLies) {
  EXPECT_EQ(decide(measured(-0.4, -0.99, 0.2, 0.05)), Decision::kWithin);
  EXPECT_EQ(decide(measured(-0.4, -1.01, 0.2, 0.05)), Decision::kUndecided);
  EXPECT_EQ(decide(measured(1.3, 0.2, 2.4, 0)), Decision::kWithin);
  EXPECT_EQ(decide(measured(0, 0, 0, 0)), Decision::kWithin);
  EXPECT_EQ(decide(measured(-3.2, -4.4, -1.01, 0.99)), Decision::kBeyond);
  EXPECT_EQ(decide(measured(-3.2, -4.4, -1, 0.99)), Decision::kUndecided);
  EXPECT_EQ(decide(measured(-1.1, -1.4, -0.8, 0.7)), Decision::kUndecided);
}

TEST(Decision, IsOpenWithoutEnoughImages) {
  for (const PairedDifference& certain :
       {measured(-3, -3.2, -2.8, 1), measured(0.4, 0.2, 0.6, 0)}) {
    PairedDifference difference = certain;
    difference.effective_images = 9.9;
    EXPECT_EQ(decide(difference), Decision::kUndecided);
    difference = certain;
    difference.objects = 0;
    EXPECT_EQ(decide(difference), Decision::kUndecided);
    difference = certain;
    difference.ap.reset();
    EXPECT_EQ(decide(difference), Decision::kUndecided);
  }
}

TEST(MoreImages, FollowTheSquareOfTheWidth) {
  const PairedDifference difference = measured(-1, -2, 0, 0.5);
  EXPECT_EQ(more_images_for(difference, 0.005), 3000);
  EXPECT_EQ(more_images_for(difference, 0.0025), 15000);
  EXPECT_EQ(more_images_for(difference, 0.02), 0);
}

}  // namespace
}  // namespace qyolo::metrics
