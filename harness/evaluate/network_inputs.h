// A network's inputs on a dataset, for other programs to run it on, exactly as evaluation makes
// them: one file 0000.npy per portion of images, uint8 [images, 3, height, width], RGB, to be
// divided by 255; and inputs.json, which says where in its input each image lies:
//   {"kind": "inputs", "image_size": 320, "square": true,
//    "portions": [{"file": "0000.npy", "height": 320, "width": 320,
//                  "images": [{"id": 1, "file": "0001.jpg", "width": 320, "height": 240,
//                              "ratio": 1.0, "pad_x": 0.0, "pad_y": 40.0}, ...]}, ...]}
// A point (x, y) of an image is at (x ratio + pad_x, y ratio + pad_y) of the input.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>

#include "common/result.h"
#include "harness/evaluate/evaluation.h"

namespace qyolo::harness {

struct WrittenInputs {
  std::size_t images = 0, portions = 0;
};

// The same portions in the same order as an Evaluator of this configuration. Creates the folder.
Result<WrittenInputs> write_network_inputs(
    const EvaluatorConfig& config, const std::filesystem::path& folder,
    const std::function<void(std::size_t done, std::size_t total)>& progress = {});

// Makes executors that do not run a network but give what another program made of the inputs in
// that order: of portion 0000.npy either 0000.npy, FP32 [images, rows, 5 + classes] as
// model::decode_rows() has it, or 0000.0.npy, 0000.1.npy, ..., the raw values of each level of the
// head. Forwards fail where a file is missing or has another shape.
[[nodiscard]] ExecutorFactory recorded_outputs(const std::filesystem::path& folder);

}  // namespace qyolo::harness
