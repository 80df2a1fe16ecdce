#include "plots/colour_scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

#include "plots/theme.h"

namespace qyolo::plots {
namespace {

constexpr std::string_view kCellInk = "#1f2329";

struct Rgb {
  double red = 0, green = 0, blue = 0;
};

constexpr std::array<Rgb, 7> kLoss = {Rgb{255, 247, 236}, Rgb{254, 232, 200}, Rgb{253, 212, 158},
                                      Rgb{253, 187, 132}, Rgb{252, 141, 89},  Rgb{215, 48, 31},
                                      Rgb{127, 0, 0}};
constexpr std::array<Rgb, 4> kGain = {Rgb{222, 235, 247}, Rgb{158, 202, 225}, Rgb{66, 146, 198},
                                      Rgb{8, 69, 148}};

std::string colour_at(std::span<const Rgb> stops, double share) {
  const double place = std::clamp(share, 0.0, 1.0) * static_cast<double>(stops.size() - 1);
  const auto index = std::min(static_cast<std::size_t>(place), stops.size() - 2);
  const double between = place - static_cast<double>(index);
  const auto mix = [&](double Rgb::*channel) {
    const double from = stops[index].*channel, to = stops[index + 1].*channel;
    return static_cast<int>(std::lround(from + between * (to - from)));
  };
  return fmt::format("#{:02x}{:02x}{:02x}", mix(&Rgb::red), mix(&Rgb::green), mix(&Rgb::blue));
}

double linear_channel(std::string_view colour, std::size_t at) {
  int value = 0;
  std::from_chars(colour.data() + at, colour.data() + at + 2, value, 16);
  const double share = value / 255.0;
  return share <= 0.04045 ? share / 12.92 : std::pow((share + 0.055) / 1.055, 2.4);
}

double luminance(std::string_view colour) {
  if (colour.size() != 7) return 0;
  return 0.2126 * linear_channel(colour, 1) + 0.7152 * linear_channel(colour, 3) +
         0.0722 * linear_channel(colour, 5);
}

}  // namespace

std::string loss_colour(double share) { return colour_at(kLoss, share); }

std::string gain_colour(double share) { return colour_at(kGain, share); }

double contrast(std::string_view a, std::string_view b) {
  const auto [dark, light] = std::minmax({luminance(a), luminance(b)});
  return (light + 0.05) / (dark + 0.05);
}

std::string_view ink_on(std::string_view background) {
  constexpr std::string_view kWhite = "#ffffff";
  return contrast(background, kWhite) > contrast(background, kCellInk) ? kWhite : kCellInk;
}

void draw_hatch(Svg& svg, const Box& box, const Stroke& stroke, double spacing) {
  if (box.width() <= 0 || box.height() <= 0) return;
  const double step = std::max(spacing, (box.width() + box.height()) / 400);
  for (double along = step; along < box.width() + box.height(); along += step) {
    const double down = std::min(along, box.height()), right = std::min(along, box.width());
    svg.line({box.left + along - down, box.top + down}, {box.left + right, box.top + along - right},
             stroke);
  }
}

}  // namespace qyolo::plots
