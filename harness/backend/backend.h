// harness/backend/: what needs LibTorch or OpenCV, in a shared library of its own that the qyolo
// binary loads when one of these functions is called for the first time. Loading the two takes
// longer than many a command that has no use for them (score, tables, plot, inspect, --help).
//
// backend_loader.cpp defines the functions declared in harness/model/executor.h
// (make_torch_executor, torch_version), in datasets/image_pipeline.h (read_image_size,
// load_letterboxed), in harness/detector.h (draw_boxes), in harness/contact_sheet.h and in
// harness/crops.h by calls through this table; tests link the real ones. A new one is one member
// here and one line in each of the two .cpp files.
#pragma once

#include "datasets/image_pipeline.h"
#include "harness/contact_sheet.h"
#include "harness/crops.h"
#include "harness/detector.h"
#include "harness/model/executor.h"

namespace qyolo::harness {

struct Backend {
  decltype(&model::make_torch_executor) make_torch_executor;
  decltype(&model::torch_version) torch_version;
  decltype(&datasets::read_image_size) read_image_size;
  decltype(&datasets::load_letterboxed) load_letterboxed;
  decltype(&harness::draw_boxes) draw_boxes;
  decltype(&harness::draw_contact_sheets) draw_contact_sheets;
  decltype(&harness::draw_crops) draw_crops;
};

// The library's file name, beside the binary, and the one symbol that it exports: a
// BackendEntry.
inline constexpr const char* kBackendFile = "libqyolo_backend.so";
inline constexpr const char* kBackendSymbol = "qyolo_backend";
using BackendEntry = const Backend* (*)();

}  // namespace qyolo::harness
