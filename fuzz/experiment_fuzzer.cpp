// Experiments, and the cells and rules in them. What a cell writes must be the cell again.
#include "common/json.h"
#include "fuzz/fuzz.h"
#include "harness/cell/experiment.h"
#include "harness/cell/rule_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qyolo;
  const std::string_view text = fuzz::text_of(data, size);
  (void)harness::parse_override(text);
  (void)harness::rule_from_text(text, "fuzzed");
  auto json = parse_json(text, "fuzzed", DuplicateKeys::kRefused);
  if (!json.ok()) return 0;
  (void)harness::read_cell(*json, "fuzzed");
  const auto experiment = harness::parse_experiment(std::move(*json), "fuzzed", "/nowhere");
  if (!experiment.ok()) return 0;
  for (const harness::Cell& cell : experiment->cells) {
    const Json written = Json::parse(cell.as_json().dump());
    const auto again = harness::cell_from_json(written, "fuzzed");
    fuzz::require(again.ok() && again->as_json() == cell.as_json());
  }
  return 0;
}
