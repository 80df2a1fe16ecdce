// plots/: SVG charts drawn from records alone. svg, axes, labels and theme are the kit they are
// made of; a chart says what is drawn, never how a tick is spaced.
//
// Every chart is one SVG document of the look's width and language, with a title and a description
// as its text alternative. Cells without the numbers a chart needs are left out and counted below
// it; a run without any gets an empty chart that says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plots/look.h"
#include "results/inspection_record.h"
#include "results/record.h"

namespace qyolo::plots {

// AP against true bytes: one mark per cell, the Pareto front as a step line, the baseline as a
// dashed line; error bars of AP where the records have an uncertainty. Cells on the front have
// their names beside them where these fit, others a number of the list below.
[[nodiscard]] std::string accuracy_against_bytes(const results::Run& run, const Look& look = {});

// AP against bits: one line per scheme, one panel per granularity, the baseline as a dashed line,
// error bars of AP where the records have an uncertainty.
[[nodiscard]] std::string accuracy_against_bits(const results::Run& run, const Look& look = {});

// AP loss against the baseline in percentage points, as a heat map: a line per scheme, grouped by
// granularity, a column per bit width, the number in each cell. Colours are bound to the tolerance
// of the run's verdicts (a point where it has none): blue within what is allowed, red beyond.
// Cells that differ in more than that get lines named by their labels.
[[nodiscard]] std::string heat_map(const results::Run& run, const Look& look = {});

// Which cells layer_sqnr() shows; what is left open is chosen so that most granularities are shown,
// then the fewest bits, then the first scheme of the experiment.
struct LayerSelection {
  std::optional<std::string> scheme;
  std::optional<int> bits;
};
// SQNR of every quantized layer in network order, one panel of bars per granularity. Exact layers
// are marked; 1x1 layers have a colour of their own where the records hold the layers' shapes.
[[nodiscard]] std::string layer_sqnr(const results::Run& run, const LayerSelection& selection = {},
                                     const Look& look = {});

using results::WeightHistogram;
// Counts above, levels with how many weights fall on each below, breakpoints and the ends of the
// grid as labelled lines, what lies beyond them hatched. Heavy tails get a log scale.
// REQUIRES: counts is not empty; numbers are finite, levels ascend.
[[nodiscard]] std::string weight_histogram(const WeightHistogram& histogram, const Look& look = {});

// What each layer of a network costs. A plain copy of the numbers.
struct SensitivityBars {
  enum class Measure { kAp, kHeadError, kKl };  // points; %; nats per image
  std::string subtitle;                         // model, data, cell
  Measure measure = Measure::kAp;
  struct Bar {
    std::string name;
    double alone = 0;                // only this layer quantized
    std::optional<double> but_this;  // gained where all but this layer are, against all
  };
  std::vector<Bar> bars;  // in network order
};
// The twenty layers that cost most, the first at the top, on a log axis; where it is known a mark
// for all but that layer. REQUIRES: numbers are finite.
[[nodiscard]] std::string sensitivity_chart(const SensitivityBars& sensitivity,
                                            const Look& look = {});

}  // namespace qyolo::plots
