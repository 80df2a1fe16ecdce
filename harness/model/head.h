// The detection head: Detect, IDetect, IAuxDetect.
#pragma once

#include <vector>

#include "common/result.h"
#include "harness/model/layers.h"
#include "harness/model/module_record.h"
#include "harness/model/tensor_reader.h"

namespace qyolo::model {

[[nodiscard]] bool is_head(const ModuleRecord& module);

// Appends the head's output convolutions, and fills in graph.head, graph.head_type,
// graph.max_stride and graph.class_names. `network` is the models.yolo.Model around it, which knows
// the class names. Fails unless anchors, strides, channels and names fit together.
Status add_head(Plan& plan, const Layer& layer, const ModuleRecord& network, TensorReader& reader);

}  // namespace qyolo::model
