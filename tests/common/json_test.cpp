#include "common/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/file.h"
#include "tests/support/paths.h"

namespace qyolo {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Json document(std::string_view text) {
  auto parsed = parse_json(text, "test.json");
  EXPECT_TRUE(parsed.ok()) << parsed.error().message;
  return std::move(parsed).value();
}

TEST(ParseJson, NamesTheDocumentThatIsNotJson) {
  const auto parsed = parse_json("{\"a\": }", "test.json");
  ASSERT_FALSE(parsed.ok());
  EXPECT_THAT(parsed.error().message, StartsWith("test.json is not valid JSON: "));
  EXPECT_THAT(parsed.error().message, HasSubstr("column 7"));
}

TEST(ParseJson, RefusesTheEmptyDocumentAndTrailingText) {
  EXPECT_FALSE(parse_json("", "test.json").ok());
  EXPECT_FALSE(parse_json("{} {}", "test.json").ok());
}

TEST(ParseJson, RefusesTextThatIsNotUtf8) {
  EXPECT_FALSE(parse_json("\"\xC3\x28\"", "test.json").ok());
}

TEST(ParseJson, AcceptsSixtyFourLevelsAndRefusesMore) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parse_json(nested(64), "test.json").ok());
  const auto refused = parse_json(nested(65), "test.json");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "test.json is nested deeper than 64 levels");
  EXPECT_FALSE(parse_json(std::string(10'000'000, '['), "test.json").ok());
}

TEST(ParseJson, DoesNotCountBracketsInsideStrings) {
  const std::string brackets(100, '[');
  EXPECT_EQ(document("[\"\\\"" + brackets + "\\\\\"]")[0], "\"" + brackets + "\\");
}

TEST(ReadJson, NamesTheFile) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "broken.json";
  ASSERT_TRUE(write_file(path, "[1, 2").ok());
  EXPECT_THAT(read_json(path).error().message, StartsWith(path.string() + " is not valid JSON"));
}

TEST(JsonObject, ReadsTypedMembers) {
  const Json json = document(R"({"s": "x", "n": 1.5, "i": -3, "b": true, "o": {"k": 2}})");
  const auto object = JsonObject::from(json, "test.json");
  ASSERT_TRUE(object.ok());
  EXPECT_TRUE(object->has("s"));
  EXPECT_FALSE(object->has("S"));
  EXPECT_EQ(*object->string("s"), "x");
  EXPECT_EQ(*object->number("n"), 1.5);
  EXPECT_EQ(*object->number("i"), -3.0);
  EXPECT_EQ(*object->integer("i", -3, 10), -3);
  EXPECT_EQ(*object->boolean("b"), true);
  const auto inner = object->object("o");
  ASSERT_TRUE(inner.ok());
  EXPECT_EQ(*inner->integer("k", 0, 2), 2);
  EXPECT_EQ(inner->place(), "test.json: 'o'");
}

TEST(JsonObject, NamesThePlaceTheKeyAndWhatWasExpected) {
  const Json json = document(R"({"s": 1, "n": "x", "i": 2.0, "b": 0, "o": []})");
  const auto object = JsonObject::from(json, "test.json");
  ASSERT_TRUE(object.ok());
  EXPECT_EQ(object->string("t").error().message, "test.json: the key 't' is missing");
  EXPECT_EQ(object->string("s").error().message, "test.json: 's' is number, expected a string");
  EXPECT_EQ(object->number("n").error().message, "test.json: 'n' is \"x\", expected a number");
  EXPECT_EQ(object->integer("i", 0, 9).error().message,
            "test.json: 'i' is 2.0, expected an integer from 0 to 9");
  EXPECT_EQ(object->boolean("b").error().message, "test.json: 'b' is 0, expected true or false");
  EXPECT_EQ(object->object("o").error().message, "test.json: 'o' is array, expected an object");
  EXPECT_EQ(JsonObject::from(json["o"], "here").error().message,
            "here is array, expected an object");
}

TEST(JsonObject, RefusesIntegersOutsideTheRangeAlsoBeyond64Bits) {
  const Json json = document(R"({"low": -1, "high": 10, "huge": 18446744073709551615})");
  const auto object = JsonObject::from(json, "test.json");
  ASSERT_TRUE(object.ok());
  EXPECT_FALSE(object->integer("low", 0, 9).ok());
  EXPECT_FALSE(object->integer("high", 0, 9).ok());
  EXPECT_FALSE(object->integer("huge", INT64_MIN, INT64_MAX).ok());
  EXPECT_TRUE(object->integer("high", 10, 10).ok());
}

TEST(JsonObject, ListsTheAllowedKeysForAnUnknownOne) {
  const Json json = document(R"({"bits": 4, "bit": 8})");
  const auto object = JsonObject::from(json, "quant");
  ASSERT_TRUE(object.ok());
  EXPECT_TRUE(object->only({"bit", "bits"}).ok());
  EXPECT_EQ(object->only({"bits", "scheme"}).error().message,
            "quant: unknown key 'bit', expected one of: bits, scheme; did you mean 'bits'?");
}

}  // namespace
}  // namespace qyolo
