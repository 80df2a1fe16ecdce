// Files of tasks, with their checksum mended so that what is behind it is reached. What is read
// must be written as bytes that are read as the same.
#include <string>

#include "common/sha256.h"
#include "fuzz/fuzz.h"
#include "results/task_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qyolo;
  const std::string key(32, 'a');
  GroundTruth truth;
  for (const int id : {4, 9, 2}) truth.images.push_back({id, "image", 64, 64});
  truth.categories = {{1, "bolt"}, {5, "nut"}};
  const std::string_view text = fuzz::text_of(data, size);
  (void)results::decode_task(text, key, truth, "fuzzed");
  constexpr std::size_t kDigest = 64;
  if (size < kDigest) return 0;
  std::string mended(text.substr(0, size - kDigest));
  mended += sha256_hex(mended);
  const auto task = results::decode_task(mended, key, truth, "fuzzed");
  if (!task.ok()) return 0;
  const auto written = results::encode_task(*task, truth);
  fuzz::require(written.ok());
  const auto again = results::decode_task(*written, key, truth, "fuzzed");
  fuzz::require(again.ok());
  const auto twice = results::encode_task(*again, truth);
  fuzz::require(twice.ok() && *twice == *written);
  return 0;
}
