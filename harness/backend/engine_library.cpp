#include "harness/backend/backend.h"

extern "C" __attribute__((visibility("default"))) const qyolo::harness::EngineBackend*
qyolo_engine_backend() {
  using namespace qyolo;
  static constexpr harness::EngineBackend kBackend = {&engine::make_engine, &engine::onednn_version,
                                                      &engine::measure_peak_gflops};
  return &kBackend;
}
