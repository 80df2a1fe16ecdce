#include "common/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qyolo {
namespace {

using ::testing::HasSubstr;

TEST(Yaml, IsReadAsTheJsonItCouldBe) {
  const auto document = parse_yaml(
      "# a comment\nnc: 2\nnames: {0: nut, 1: 'no'}\npath: \"7\"\nlist: [1.5, -2, true, ~, 007, "
      "on, "
      "1e3]\nanchor: &a {x: 1}\nagain: *a\n",
      "data.yaml");
  ASSERT_TRUE(document.ok()) << document.error().message;
  EXPECT_EQ(*document, Json::parse(R"({"nc": 2, "names": {"0": "nut", "1": "no"}, "path": "7",
      "list": [1.5, -2, true, null, "007", "on", 1000.0], "anchor": {"x": 1}, "again": {"x": 1}})"));
}

TEST(Yaml, WhatIsNoneIsOneSentence) {
  EXPECT_THAT(parse_yaml("a: [1, 2", "x.yaml").error().message,
              HasSubstr("x.yaml is not valid YAML"));
  EXPECT_THAT(parse_yaml("? [a, b]\n: 1", "x.yaml").error().message, HasSubstr("no plain value"));
  EXPECT_THAT(parse_yaml(std::string(100000, '['), "x.yaml").error().message, HasSubstr("x.yaml"));
  EXPECT_THAT(parse_yaml(std::string(5 << 20, ' '), "x.yaml").error().message, HasSubstr("bytes"));
}

TEST(Yaml, AliasesDoNotMultiplyWithoutEnd) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    bomb += fmt::format("a{0}: &a{0} [", i);
    for (int k = 0; k < 10; ++k) bomb += fmt::format("{}*a{}", k == 0 ? "" : ", ", i - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(parse_yaml(bomb, "x.yaml").error().message, HasSubstr("values"));
}

}  // namespace
}  // namespace qyolo
