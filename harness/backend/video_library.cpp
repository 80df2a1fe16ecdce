#include "harness/backend/backend.h"

extern "C" __attribute__((visibility("default"))) const qyolo::harness::VideoBackend*
qyolo_video_backend() {
  using namespace qyolo;
  static constexpr harness::VideoBackend kBackend = {&harness::open_video};
  return &kBackend;
}
