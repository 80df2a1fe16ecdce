// Colours for amounts, and ink that is readable on them.
#pragma once

#include <string>
#include <string_view>

#include "plots/svg.h"

namespace qyolo::plots {

// Light to dark for shares from 0 to 1 (Brewer's OrRd), clamped. Distinguishable with every kind of
// colour vision, and in grey.
[[nodiscard]] std::string loss_colour(double share);
// The same for gains (Brewer's Blues).
[[nodiscard]] std::string gain_colour(double share);

// WCAG 2 contrast of two colours "#rrggbb", 1 to 21.
[[nodiscard]] double contrast(std::string_view a, std::string_view b);
// For text on a coloured cell, which keeps its colour on a dark page: white or nearly kInk,
// whichever stands out more.
[[nodiscard]] std::string_view ink_on(std::string_view background);

// Diagonal lines within the box: what is absent, or beyond a limit.
void draw_hatch(Svg& svg, const Box& box, const Stroke& stroke, double spacing = 6);

}  // namespace qyolo::plots
