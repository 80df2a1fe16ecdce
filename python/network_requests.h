// evaluate() and quantize() of the package: what `qyolo eval` and `qyolo quantize` do, in this
// process.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace qyolo::python {

struct Answer {
  std::string document;  // JSON
  std::vector<std::string> warnings;
};

// Images done and in all.
using Progress = std::function<void(std::size_t done, std::size_t total)>;

// A request is a JSON object with the command's options by their names ("img", "save_detections"),
// and "cell", a block of an experiment's matrix with single values. Keys that are absent have the
// command's defaults; "class_map" may be an object. Fails with one sentence that names the key.
Result<Answer> evaluate_network(std::string_view request, const Progress& progress);
Result<Answer> quantize_network(std::string_view request);

}  // namespace qyolo::python
