#include "common/progress_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/plain_text.h"

namespace qyolo {
namespace {

constexpr double kEnoughToTell = 0.01;
constexpr std::size_t kBarWidth = 28;

// The first `count` characters.
std::string_view prefix(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  while (at < text.size() && count > 0) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) ++at;
    --count;
  }
  return text.substr(0, at);
}

std::string left_text(const ProgressState& state) {
  const auto left = seconds_left(state);
  return left ? duration_text(*left) + " left" : "";
}

}  // namespace

std::string duration_text(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
  if (whole >= 60) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}s", whole);
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
  if (width == 0 || length_of(line) < width) return line;
  // What is being done gives way first, then the bar, then the rest.
  const std::size_t fixed = length_of(line) - length_of(state.what);
  if (fixed + 8 < width) {
    return fmt::format("[{}] {}  {}...  {}", bar, percent, prefix(state.what, width - fixed - 4),
                       left);
  }
  line = fmt::format("{}  {}", percent, left);
  return std::string(prefix(line, width - 1));
}

std::string progress_sentence(const ProgressState& state) {
  const std::string left = left_text(state);
  return fmt::format("{}: {:.0f} %{}{}", state.what, std::clamp(state.share, 0.0, 1.0) * 100,
                     left.empty() ? "" : ", ", left);
}

}  // namespace qyolo
