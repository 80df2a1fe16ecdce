// harness/backend/: what needs LibTorch, OpenCV or oneDNN, each in a shared library of its own that
// the qyolo binary loads when one of its functions is called for the first time. Loading them takes
// longer than many a command that has no use for them (score, tables, plot, inspect, --help), and
// memory: a network that runs on oneDNN needs no LibTorch.
//
// backend_loader.cpp defines the functions of these tables by calls through them; tests link the
// real ones. A new function is one member here, one line in its library's .cpp and one in the
// loader.
#pragma once

#include "datasets/image_pipeline.h"
#include "harness/engine/engine.h"
#include "harness/engine/executor.h"
#include "harness/engine/torch_executor.h"
#include "harness/pictures/contact_sheet.h"
#include "harness/pictures/crops.h"
#include "harness/pictures/draw_boxes.h"
#include "harness/pictures/video.h"

namespace qyolo::harness {

inline constexpr const char* kBuiltTogether =
    "It is built together with qyolo and belongs beside it, or in ../lib/qyolo";

// Each with the file's name, the one symbol that it exports (a function without parameters that
// returns the table), and for the sentence that is said where it is missing: what it is for, and
// where it comes from.
struct TorchBackend {
  static constexpr const char* kFile = "libqyolo_torch.so";
  static constexpr const char* kSymbol = "qyolo_torch_backend";
  static constexpr const char* kPurpose = "runs the reference executor";
  static constexpr const char* kRemedy =
      "It is built where LibTorch is found: run scripts/setup --torch, then scripts/build --torch";
  decltype(&model::make_torch_executor) make_torch_executor;
};

struct ImageBackend {
  static constexpr const char* kFile = "libqyolo_images.so";
  static constexpr const char* kSymbol = "qyolo_image_backend";
  static constexpr const char* kPurpose = "reads and draws images";
  static constexpr const char* kRemedy = kBuiltTogether;
  decltype(&datasets::read_image_size) read_image_size;
  decltype(&datasets::examine_image) examine_image;
  decltype(&datasets::load_letterboxed) load_letterboxed;
  decltype(&datasets::letterbox_picture) letterbox_picture;
  decltype(&harness::draw_boxes) draw_boxes;
  decltype(&harness::draw_boxes_on) draw_boxes_on;
  decltype(&harness::draw_contact_sheets) draw_contact_sheets;
  decltype(&harness::draw_crops) draw_crops;
};

struct VideoBackend {
  static constexpr const char* kFile = "libqyolo_video.so";
  static constexpr const char* kSymbol = "qyolo_video_backend";
  static constexpr const char* kPurpose = "reads videos";
  static constexpr const char* kRemedy =
      "It is built where OpenCV's videoio is found (Debian: libopencv-videoio-dev)";
  decltype(&harness::open_video) open_video;
};

struct EngineBackend {
  static constexpr const char* kFile = "libqyolo_engine.so";
  static constexpr const char* kSymbol = "qyolo_engine_backend";
  static constexpr const char* kPurpose = "runs networks";
  static constexpr const char* kRemedy = kBuiltTogether;
  decltype(&engine::make_engine) make_engine;
  decltype(&engine::onednn_version) onednn_version;
  decltype(&engine::measure_peak_gflops) measure_peak_gflops;
};

}  // namespace qyolo::harness
