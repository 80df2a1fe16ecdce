// What is read back from run folders and devices: manifest and records (one zero byte between
// them), device files; and every table made of them.
#include "fuzz/fuzz.h"
#include "results/device.h"
#include "results/record.h"
#include "results/tables.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qyolo;
  (void)results::parse_device(fuzz::text_of(data, size), "fuzzed");
  const auto [manifest, records] = fuzz::two_texts(data, size);
  const auto run = results::parse_run(manifest, records, "/nowhere");
  if (!run.ok()) return 0;
  for (const std::string& name : results::table_format_names()) {
    const auto format = results::parse_table_format(name);
    fuzz::require(format.ok());
    (void)results::emit_table(*run, *format);
  }
  return 0;
}
