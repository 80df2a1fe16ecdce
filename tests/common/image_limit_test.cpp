#include "common/image_limit.h"

#include <gmock/gmock.h>

namespace qyolo {
namespace {

using ::testing::HasSubstr;

TEST(ImageLimit, IsANumberASeedOrTheFirst) {
  EXPECT_EQ(parse_image_limit("0").value(), ImageLimit());
  EXPECT_EQ(parse_image_limit("60").value(), (ImageLimit{60, false, 1}));
  EXPECT_EQ(parse_image_limit("60:7").value(), (ImageLimit{60, false, 7}));
  EXPECT_EQ(parse_image_limit("first:60").value(), (ImageLimit{60, true, 1}));
}

TEST(ImageLimit, IsWrittenAsItIsRead) {
  for (const char* text : {"0", "60", "60:7", "first:60"}) {
    const ImageLimit limit = parse_image_limit(text).value();
    EXPECT_EQ(limit.text(), text);
    EXPECT_EQ(image_limit_from(limit.as_json(), "limit").value(), limit);
  }
  EXPECT_TRUE(parse_image_limit("60").value().as_json().is_number_integer());
}

TEST(ImageLimit, SaysInASentenceWhichImagesItLeaves) {
  EXPECT_EQ(parse_image_limit("60").value().sentence(240), "60 images drawn by seed 1 of 240");
  EXPECT_EQ(parse_image_limit("first:60").value().sentence(240), "the first 60 of 240 images");
  EXPECT_EQ(parse_image_limit("240").value().sentence(240), "");
}

TEST(ImageLimit, RefusesEverythingElseInOneSentence) {
  for (const char* text : {"", "-1", "1.5", "sixty", "first", "first:", "first:6:1", "6:", ":6",
                           "6:x", "99999999999", " 6", "6 "}) {
    const auto limit = parse_image_limit(text);
    ASSERT_FALSE(limit.ok()) << text;
    EXPECT_THAT(limit.error().message, HasSubstr("expected N (a random sample)")) << text;
  }
  EXPECT_THAT(image_limit_from(Json(1.5), "here").error().message, HasSubstr("here: "));
  EXPECT_FALSE(image_limit_from(Json(-3), "here").ok());
}

}  // namespace
}  // namespace qyolo
