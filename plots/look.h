// How a chart is drawn, whatever it shows.
#pragma once

#include <cstdint>

namespace qyolo::plots {

enum class Language : std::uint8_t { kEnglish, kJapanese };

inline constexpr double kWidth = 960;        // of a page or a screen
inline constexpr double kNarrowest = 360;    // of a phone
inline constexpr double kNarrowBelow = 640;  // one column, legends below

struct Look {
  Language language = Language::kEnglish;
  double width = kWidth;  // pixels, at least kNarrowest

  [[nodiscard]] bool narrow() const { return width < kNarrowBelow; }
  [[nodiscard]] double margin() const { return narrow() ? 14 : 28; }
  [[nodiscard]] double right() const { return width - margin(); }
  [[nodiscard]] double inner() const { return width - 2 * margin(); }
};

}  // namespace qyolo::plots
