#include "harness/backend/backend.h"

extern "C" __attribute__((visibility("default"))) const qyolo::harness::TorchBackend*
qyolo_torch_backend() {
  using namespace qyolo;
  static constexpr harness::TorchBackend kBackend = {&model::make_torch_executor};
  return &kBackend;
}
