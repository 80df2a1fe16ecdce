// What another runtime makes of an exported network: the report of scripts/judge.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/json.h"
#include "common/result.h"

namespace qyolo::results {

struct JudgedRecord {
  std::string runtime;                                      // "ONNX Runtime 1.32.0"
  std::int64_t images = 0;                                  // square inputs
  double ap = 0;                                            // there
  double qyolo_ap = 0;                                      // of the same file here
  std::int64_t convolutions = 0, integer_convolutions = 0;  // there, by the runtime's own account
  // Median milliseconds of a forward by who computes, interleaved: the runtime, "qyolo fp32", and
  // "qyolo int8" where the file has integer convolutions. May be empty.
  std::vector<std::pair<std::string, double>> milliseconds;

  // Of the runtime; none where it was not timed.
  [[nodiscard]] std::optional<double> median() const;
  // "qyolo fp32 12.1 ms, qyolo int8 6.0 ms"; empty where nothing was timed.
  [[nodiscard]] std::string own_medians() const;
};

template <class Fields>
void describe(Fields& fields, typename Fields::template Qualified<JudgedRecord>& judged) {
  fields("runtime", judged.runtime);
  fields("images", judged.images);
  fields("AP", judged.ap);
  fields("qyolo_AP", judged.qyolo_ap);
  fields("convolutions", judged.convolutions);
  fields("integer_convolutions", judged.integer_convolutions);
  fields.named("milliseconds", judged.milliseconds);
}

// What `scripts/judge --json` printed. Fails where it is no such document.
Result<JudgedRecord> parse_judged(const std::string& text);

// A list in Markdown, one item for each.
[[nodiscard]] std::string judged_text(const std::vector<JudgedRecord>& judged);

}  // namespace qyolo::results
