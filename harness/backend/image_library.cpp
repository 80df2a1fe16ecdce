#include "harness/backend/backend.h"

extern "C" __attribute__((visibility("default"))) const qyolo::harness::ImageBackend*
qyolo_image_backend() {
  using namespace qyolo;
  static constexpr harness::ImageBackend kBackend = {
      &datasets::read_image_size,    &datasets::examine_image, &datasets::load_letterboxed,
      &datasets::letterbox_picture,  &harness::draw_boxes,     &harness::draw_boxes_on,
      &harness::draw_contact_sheets, &harness::draw_crops};
  return &kBackend;
}
