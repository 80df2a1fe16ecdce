#include "harness/evaluate/cell_arithmetic.h"

namespace qyolo::harness {

Status check_arithmetic(const Evaluator& evaluator, const Cell& cell) {
  if (evaluator.precision() != "int8" || cell.quantized()) return {};
  return error(
      "{}: nothing here is computed in integers; expected a quantization by --scheme symmetric "
      "--bits 8 --activation-bits 8 --calibration, or another --precision",
      cell.label());
}

}  // namespace qyolo::harness
