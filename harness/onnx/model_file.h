// The bytes of an ONNX file (a protocol-buffers message, docs/IR.md of ONNX) taken apart without
// copying what is large, and without believing what they say: what is made of them is never more
// than a small multiple of them, and counts are limited.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"

namespace qyolo::harness {

// Views are into the bytes.
struct RawTensor {
  std::string_view name;
  std::int64_t type = 0;
  std::vector<std::int64_t> dims;
  std::string_view data;   // raw_data
  bool elsewhere = false;  // in another file
};

struct RawModel {
  std::int64_t ir_version = 0;
  std::string_view producer;
  std::map<std::string_view, std::string_view> metadata;
  std::vector<std::pair<std::string_view, std::int64_t>> opsets;  // domain, version
  std::vector<std::string_view> nodes, inputs, outputs;           // messages
  std::vector<RawTensor> tensors;
  bool other_fields = false;  // fields that no file of ours has
};

// Fails, in a sentence about "the file", where this is no such message or is truncated.
Result<RawModel> parse_onnx_model(std::string_view bytes);

// The operations that the nodes are, each once, in alphabetical order; names are printable.
Result<std::vector<std::string>> operations_of(const RawModel& model);

}  // namespace qyolo::harness
