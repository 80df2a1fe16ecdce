#include "common/progress_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/plain_text.h"

namespace qyolo {
namespace {

constexpr double kEnoughToTell = 0.01;
constexpr std::size_t kBarWidth = 28;

std::string left_text(const ProgressState& state) {
  const auto left = seconds_left(state);
  if (!left) return "";
  const std::string time = duration_text(*left, state.language);
  return state.language == ProgressLanguage::kJapanese ? "残り " + time : time + " left";
}

}  // namespace

std::string duration_text(double seconds, ProgressLanguage language) {
  const auto whole = static_cast<long>(seconds + 0.5);
  const long hours = whole / 3600, minutes = whole / 60 % 60, rest = whole % 60;
  if (language == ProgressLanguage::kJapanese) {
    if (hours > 0) return fmt::format("{} 時間 {:02} 分", hours, minutes);
    if (minutes > 0) return fmt::format("{} 分 {:02} 秒", minutes, rest);
    return fmt::format("{} 秒", rest);
  }
  if (hours > 0) return fmt::format("{}h{:02}m", hours, minutes);
  if (minutes > 0) return fmt::format("{}m{:02}s", minutes, rest);
  return fmt::format("{}s", rest);
}

std::optional<double> seconds_left(const ProgressState& state) {
  if (!(state.share > kEnoughToTell)) return std::nullopt;
  return state.spent / state.share * (1 - std::min(state.share, 1.0));
}

std::string progress_bar(const ProgressState& state, std::size_t width) {
  const double share = std::clamp(state.share, 0.0, 1.0);
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(kBarWidth));
  std::string bar(filled, '#');
  bar.resize(kBarWidth, '.');
  const std::string percent = fmt::format("{:3.0f} %", share * 100), left = left_text(state);
  std::string line = fmt::format("[{}] {}  {}  {}", bar, percent, state.what, left);
  if (width == 0 || columns_of(line) < width) return line;
  // What is being done gives way first, then the bar, then the rest.
  const std::size_t fixed = columns_of(line) - columns_of(state.what);
  if (fixed + 8 < width) {
    return fmt::format("[{}] {}  {}...  {}", bar, percent,
                       first_columns(state.what, width - fixed - 4), left);
  }
  line = fmt::format("{}  {}", percent, left);
  return std::string(first_columns(line, width - 1));
}

std::string progress_sentence(const ProgressState& state) {
  const std::string left = left_text(state);
  return fmt::format("{}: {:.0f} %{}{}", state.what, std::clamp(state.share, 0.0, 1.0) * 100,
                     left.empty() ? "" : ", ", left);
}

}  // namespace qyolo
