#include "harness/onnx/metadata.h"

#include <vector>

namespace qyolo::harness {
namespace {

constexpr const char* kPreprocessing =
    "decode as 8-bit RGB; resize so that the longer side is imgsz, keeping the ratio (bilinear up, "
    "area down); pad to the input's size with 114 on both sides alike; NCHW; divide by 255";

// As a dictionary of Python: {0: 'bolt', 1: 'nut'}.
std::string names_text(const std::vector<std::string>& names) {
  std::vector<std::string> entries;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::string escaped;
    for (const char c : names[i]) {
      if (c == '\\' || c == '\'') escaped += '\\';
      escaped += c;
    }
    entries.push_back(fmt::format("{}: '{}'", i, escaped));
  }
  return fmt::format("{{{}}}", fmt::join(entries, ", "));
}

}  // namespace

std::map<std::string, std::string> onnx_metadata(const OnnxDescription& description,
                                                 const std::string& tensor_sum) {
  const OnnxOptions& options = description.options;
  std::map<std::string, std::string> entries = {
      {std::string(kOnnxDescription), onnx_description_json(description).dump()},
      {std::string(kOnnxTensorSum), tensor_sum},
      {"cell", description.cell.label()},
      {"checkpoint_sha256", description.checkpoint_sha256},
      {"names", names_text(description.graph.class_names)},
      {"preprocessing", kPreprocessing},
      {"stride", std::to_string(description.graph.max_stride)},
      {"task", "detect"}};
  if (options.height > 0) entries["imgsz"] = fmt::format("[{}, {}]", options.height, options.width);
  return entries;
}

}  // namespace qyolo::harness
