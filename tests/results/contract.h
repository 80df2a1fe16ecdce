// What the tests of the record format have in common: every member of a document, one by one.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/json.h"
#include "tests/support/paths.h"

namespace qyolo::results {

using MemberPaths = std::vector<Json::json_pointer>;

// Of every member of every object, those of lists by their first item.
inline void collect_members(const Json& value, const Json::json_pointer& at, MemberPaths& paths) {
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) {
      paths.push_back(at / key);
      collect_members(inner, at / key, paths);
    }
  } else if (value.is_array() && !value.empty()) {
    collect_members(value[0], at / std::size_t{0}, paths);
  }
}

inline MemberPaths members_of(const Json& document) {
  MemberPaths paths;
  collect_members(document, Json::json_pointer(), paths);
  return paths;
}

inline Json without(Json document, const Json::json_pointer& path) {
  document[path.parent_pointer()].erase(path.back());
  return document;
}

// `as_read` makes a text of all that the readers make of a document; `elsewhere`: members that
// other readers read, or that follow from others.
template <class AsRead>
void expect_every_member_is_read(const OrderedJson& written, const AsRead& as_read,
                                 const std::set<std::string>& elsewhere) {
  const Json document = written;
  const std::string whole = as_read(document);
  for (const auto& path : members_of(document)) {
    if (elsewhere.contains(path.to_string()) || elsewhere.contains(path.back())) continue;
    EXPECT_TRUE(as_read(without(document, path)) != whole) << path.to_string() << " is not read";
  }
}

inline void expect_every_key_is_documented(const Json& document) {
  const auto text = read_file(testing::source_dir() / "docs/records.md");
  ASSERT_TRUE(text.ok()) << text.error().message;
  for (const auto& path : members_of(document)) {
    const std::string key = path.back();
    EXPECT_TRUE(text->find('"' + key + '"') != std::string::npos ||
                text->find('`' + key + '`') != std::string::npos)
        << "docs/records.md does not name " << path.to_string();
  }
}

}  // namespace qyolo::results
