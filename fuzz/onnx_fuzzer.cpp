// ONNX files: the messages, the description, and behind a checksum that fits, the graph and its
// tensors.
#include <cstring>
#include <string>

#include "common/sha256.h"
#include "fuzz/fuzz.h"
#include "harness/onnx/metadata.h"
#include "harness/onnx/model_file.h"
#include "harness/onnx/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qyolo;
  constexpr std::size_t kDigits = 64;
  std::string file(fuzz::text_of(data, size));
  const auto load = [&] {
    (void)harness::load_onnx(std::as_bytes(std::span(file.data(), file.size())), "fuzzed");
  };
  load();
  const auto model = harness::parse_onnx_model(file);
  if (!model.ok()) return 0;
  (void)harness::operations_of(*model);
  const auto sum = model->metadata.find(harness::kOnnxTensorSum);
  if (sum == model->metadata.end() || sum->second.size() != kDigits) return 0;
  Sha256 hash;
  for (const harness::RawTensor& tensor : model->tensors) hash.update(tensor.data);
  const std::string digits = hash.hex();
  std::memcpy(file.data() + (sum->second.data() - file.data()), digits.data(), kDigits);
  load();
  return 0;
}
