#include "harness/evaluate/rounding_images.h"

#include "harness/evaluate/calibration.h"

namespace qyolo::harness {

Status RoundingImages::load(const RoundingRequest& request, const ExecutorFactory& factory,
                            SourceNetwork& source) {
  if (!request.calibration)
    return error("{}: rounding by inputs takes calibration images; none are given",
                 request.cell.label());
  QYOLO_TRY(executor, factory(source.graph(), request.threads));
  EvaluationOptions options;
  options.image_size = request.image_size;
  QYOLO_TRY(batches, load_calibration_batches(*request.calibration, options,
                                              source.graph().max_stride, request.threads));
  source.set_calibrator([this]() -> Result<RoundingCalibration> {
    return RoundingCalibration{batches, executor.get()};
  });
  return {};
}

}  // namespace qyolo::harness
