// plots/: SVG charts drawn from records alone. svg, axes, labels and theme are the kit they are
// made of; a chart says what is drawn, never how a tick is spaced.
//
// Every chart is one SVG document, 960 pixels wide, with a title and a description as its text
// alternative. Cells without the numbers a chart needs are left out and counted below it; a run
// without any gets an empty chart that says so.
#pragma once

#include <string>

#include "results/record.h"

namespace qyolo::plots {

// AP against true bytes: one mark per cell, colour by scheme, shape by granularity, bits beside it
// where there is room, the Pareto front as a labelled step line, the baseline as a dashed line.
[[nodiscard]] std::string accuracy_against_bytes(const results::Run& run);

// AP against bits: one line per scheme, one panel per granularity, the baseline as a dashed line.
[[nodiscard]] std::string accuracy_against_bits(const results::Run& run);

}  // namespace qyolo::plots
