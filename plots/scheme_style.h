// What a scheme looks like: one colour and one mark in every chart of every run and in the report.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "plots/svg.h"
#include "results/record.h"

namespace qyolo::plots {

// Of one scheme. Any two colours stay apart by at least 8 (Euclidean distance in OKLab times 100,
// Ottosson 2020) for readers with usual colour vision, protanopia, deuteranopia and tritanopia
// (Machado, Oliveira and Fernandes 2009, severity 1), on a light and on a dark page; marks tell
// them apart where there is no colour.
struct SchemeStyle {
  std::string_view scheme;
  std::string_view colour;  // on a light page
  std::string_view dark;    // on a dark page
  Shape shape = Shape::kHexagon;
};

inline constexpr std::string_view kHybrid = "hybrid";
inline constexpr std::string_view kUnquantized = "fp32";

// All of them: every scheme of harness/quant, hybrids, and the unquantized network.
[[nodiscard]] std::span<const SchemeStyle> scheme_styles();
// Of a scheme that is none of them, grey and a hexagon.
[[nodiscard]] const SchemeStyle& style_of(std::string_view scheme);

// The scheme that a row is drawn as: its own, or "hybrid" where rules give some of its layers
// another scheme or other bits.
[[nodiscard]] std::string drawn_scheme(const results::Row& row);
[[nodiscard]] bool is_hybrid(std::string_view label);

}  // namespace qyolo::plots
