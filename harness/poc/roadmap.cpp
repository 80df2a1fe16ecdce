#include "harness/poc/roadmap.h"

namespace qyolo::harness {
namespace {

using report::Stage;

// The detection head and the first layers are few weights that decide much of the accuracy
// (results/reference/combinations): hybrids keep 8 bits for them.
Json hybrid(Json block) {
  block["rules"].push_back("index=0-3 -> bits=8, granularity=filter");
  block["rules"].push_back("head -> bits=8, granularity=filter");
  return block;
}

Json uniform(const char* scheme, int bits, const char* granularity = "filter") {
  return {{"scheme", scheme}, {"bits", bits}, {"granularity", granularity}};
}

Json with(Json block, const char* option, Json value) {
  block[option] = std::move(value);
  return block;
}

Json calibrated(Json block) {
  return with(with(std::move(block), "rounding", "coordinate"), "range", "output");
}

Json fine_affine() {
  Json block = hybrid(with(uniform("affine", 4, "fshape"), "range", "mse"));
  block["rules"].push_back("1x1 -> group:32");
  return block;
}

struct Step {
  Stage stage;
  Json block;
  bool ends_stage_if_kept = false;
};

std::vector<Step> steps() {
  return {
      {Stage::kAffine, uniform("affine", 4)},
      {Stage::kAffine, hybrid(with(uniform("affine", 4), "range", "mse"))},
      {Stage::kCalibrated, calibrated(uniform("affine", 4))},
      {Stage::kCalibrated, hybrid(calibrated(uniform("affine", 4)))},
      {Stage::kPiecewise, uniform("pwlq", 4)},
      {Stage::kPiecewise, hybrid(with(uniform("pwlq-fang", 4), "breakpoint", "search"))},
      {Stage::kPiecewise, hybrid(with(uniform("pwlq", 4), "breakpoint", "search"))},
      {Stage::kFiner, fine_affine()},
      {Stage::kMoreBits, hybrid(with(uniform("affine", 5), "range", "mse")), true},
      {Stage::kMoreBits, hybrid(with(uniform("affine", 6), "range", "mse")), true},
      {Stage::kMoreBits, uniform("affine", 8), true},
      {Stage::kActivations, with(uniform("affine", 8), "activation_bits", 8)},
      {Stage::kActivations, with(with(uniform("affine", 8), "activation_bits", 8), "keep", "head")},
  };
}

}  // namespace

Result<std::vector<RoadmapCell>> roadmap_cells() {
  std::vector<RoadmapCell> cells;
  for (Step& step : steps()) {
    QYOLO_TRY(Cell cell, read_cell(step.block, "roadmap"));
    cells.push_back({step.stage, std::move(step.block), std::move(cell), step.ends_stage_if_kept});
  }
  return cells;
}

}  // namespace qyolo::harness
