#include "harness/backend/backend.h"

extern "C" __attribute__((visibility("default"))) const qyolo::harness::ImageBackend*
qyolo_image_backend() {
  using namespace qyolo;
  static constexpr harness::ImageBackend kBackend = {
      &datasets::read_image_size, &datasets::load_letterboxed, &harness::draw_boxes,
      &harness::draw_contact_sheets, &harness::draw_crops};
  return &kBackend;
}
