// A checkpoint whose graph is planned and whose weights are not read yet: what reading and writing
// weights start from.
#pragma once

#include "common/result.h"
#include "harness/model/layers.h"
#include "harness/model/module_record.h"
#include "harness/model/pickle.h"
#include "harness/model/tensor_reader.h"
#include "harness/model/zip_archive.h"

namespace qyolo::model {

// The records view the document. The archive must outlive it all.
struct PlannedCheckpoint {
  PickleDocument document;
  TensorReader reader;
  ModuleRecord network;  // the chosen one: `ema` where it is set, else `model`
  // `model`, where `ema` was chosen and the file has both; else null.
  const Value* other = nullptr;
  Plan plan;  // every convolution's weight and bias are empty
};

// Errors do not repeat the archive's name.
Result<PlannedCheckpoint> plan_checkpoint(const ZipArchive& archive);

}  // namespace qyolo::model
