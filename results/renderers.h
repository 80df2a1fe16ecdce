// One result, several renderers: whoever asks for a format calls one of them.
#pragma once

#include <functional>
#include <string>

#include "common/json.h"

namespace qyolo::results {

// Empty ones: the result has no such format. They hold what they render, or refer to what outlives
// them.
struct Renderers {
  std::function<std::string()> text;  // for people: plain text, or Markdown
  std::function<std::string()> csv;   // unrounded
  std::function<std::string()> json;  // all of it, unrounded
  std::function<std::string()> latex = {};
};

// A JSON document as it is printed and written to files. Invalid UTF-8 is replaced.
[[nodiscard]] inline std::string document_text(const OrderedJson& document) {
  return document.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + '\n';
}

}  // namespace qyolo::results
