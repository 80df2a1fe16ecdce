// How far work is, in one line.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace qyolo {

enum class ProgressLanguage { kEnglish, kJapanese };

// "8s", "2m10s", "1h05m".
[[nodiscard]] std::string duration_text(double seconds,
                                        ProgressLanguage language = ProgressLanguage::kEnglish);

struct ProgressState {
  double share = 0;       // done of all, 0 to 1
  double spent = 0;       // seconds since it began
  std::string_view what;  // that is being done
  ProgressLanguage language = ProgressLanguage::kEnglish;
};

// Seconds that are left at the pace so far; none as long as too little is done to tell.
[[nodiscard]] std::optional<double> seconds_left(const ProgressState& state);
// "[####....]  52 %  affine 4-bit filter  2m10s left", for a line that is written again and again:
// of less than `width` columns (0: of any number), so that a terminal keeps it on one line.
[[nodiscard]] std::string progress_bar(const ProgressState& state, std::size_t width);
// "affine 4-bit filter: 52 %, 2m10s left", for a log.
[[nodiscard]] std::string progress_sentence(const ProgressState& state);

}  // namespace qyolo
