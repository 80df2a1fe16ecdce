#include "common/file_kind.h"

#include <gtest/gtest.h>

#include <string>

#include "common/class_rules.h"

namespace qyolo {
namespace {

TEST(FileKind, NamesWhatADownloadOftenIsInstead) {
  const std::pair<std::string, std::string> files[] = {
      {"<!DOCTYPE html><html>", "HTML"},
      {"PK\x03\x04rest", "ZIP"},
      {"\x1F\x8B\x08rest", "gzip"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:00", "LFS"},
  };
  for (const auto& [content, word] : files) {
    const auto kind = kind_of_file(content);
    ASSERT_TRUE(kind.has_value()) << word;
    EXPECT_NE(std::string(kind->name).find(word), std::string::npos) << kind->name;
  }
  for (const char* plain : {"", "{\"images\": []}", "  [1, 2]"}) EXPECT_FALSE(kind_of_file(plain));
}

TEST(ClassMap, IsAnObjectOfNames) {
  const auto map = class_map_from(Json::parse(R"({"screw": "bolt"})"), "map");
  ASSERT_TRUE(map.ok());
  EXPECT_EQ(map->at("screw"), "bolt");
  for (const char* wrong : {"[]", R"({"screw": 1})", "3"})
    EXPECT_FALSE(class_map_from(Json::parse(wrong), "map").ok()) << wrong;
}

}  // namespace
}  // namespace qyolo
