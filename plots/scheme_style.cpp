#include "plots/scheme_style.h"

#include <algorithm>
#include <array>

namespace qyolo::plots {
namespace {

// The colours are the best that a random search found, hues near those of Okabe and Ito (2008) for
// the three that the study compares; tests/plots/scheme_style_test.cpp holds their distances.
constexpr std::array<SchemeStyle, 14> kStyles = {{
    {"affine", "#285fb9", "#4165bb", Shape::kCircle},
    {"symmetric", "#d77d0d", "#e87803", Shape::kSquare},
    {"pwlq", "#279393", "#08d9ad", Shape::kTriangle},
    {"pwlq-fang", "#7d5400", "#79630b", Shape::kTriangleDown},
    {"pwlq-overlap", "#2f0b92", "#928ac2", Shape::kTriangleRight},
    {"kmeans", "#a46a49", "#ffb238", Shape::kStar},
    {"nf4", "#0b97ff", "#6d85ff", Shape::kDiamond},
    {"mxfp4", "#4f195c", "#d1c1ff", Shape::kOpenSquare},
    {"nvfp4", "#0009ca", "#ada4ff", Shape::kOpenDiamond},
    {"fp8-e4m3", "#a22565", "#aa6266", Shape::kCross},
    {"fp8-e5m2", "#ff3189", "#bd0095", Shape::kSaltire},
    {"apot", "#712300", "#be897f", Shape::kHourglass},
    {kHybrid, "#8900ff", "#8913ff", Shape::kRing},
    {kUnquantized, "#1f2328", "#e4e8ec", Shape::kBar},
}};
constexpr SchemeStyle kOther = {"", "#59636e", "#a0abb6", Shape::kHexagon};

}  // namespace

std::span<const SchemeStyle> scheme_styles() { return kStyles; }

const SchemeStyle& style_of(std::string_view scheme) {
  const auto found = std::ranges::find(kStyles, scheme, &SchemeStyle::scheme);
  return found == kStyles.end() ? kOther : *found;
}

bool is_hybrid(std::string_view label) {
  if (label.starts_with("hybrid of ")) return true;
  // "[layers 0-3 -> bits=8]", "[head -> scheme=affine, bits=8]".
  for (std::size_t at = label.find(" -> "); at != std::string_view::npos;
       at = label.find(" -> ", at + 1)) {
    const std::string_view made = label.substr(at, label.find(']', at) - at);
    if (made.find(" bits=") != std::string_view::npos ||
        made.find(" scheme=") != std::string_view::npos)
      return true;
  }
  return false;
}

std::string drawn_scheme(const results::Row& row) {
  if (row.baseline) return std::string(kUnquantized);
  return is_hybrid(row.label) || is_hybrid(row.shown) ? std::string(kHybrid) : row.scheme;
}

}  // namespace qyolo::plots
