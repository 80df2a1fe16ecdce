#include "plots/scheme_style.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "harness/quant/scheme.h"
#include "plots/charts.h"
#include "plots/colour_scale.h"
#include "tests/plots/chart_checks.h"
#include "tests/results/fixture.h"

namespace qyolo::plots {
namespace {

using Vector = std::array<double, 3>;
using Matrix = std::array<Vector, 3>;

// Linear RGB as seen with a full deficiency: Machado, Oliveira and Fernandes 2009, severity 1.
constexpr std::array<Matrix, 4> kVision = {{
    {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
    {{{0.152286, 1.052583, -0.204868},
      {0.114503, 0.786281, 0.099216},
      {-0.003882, -0.048116, 1.051998}}},
    {{{0.367322, 0.860646, -0.227968},
      {0.280085, 0.672501, 0.047413},
      {-0.011820, 0.042940, 0.968881}}},
    {{{1.255528, -0.076749, -0.178779},
      {-0.078411, 0.930809, 0.147602},
      {0.004733, 0.691367, 0.303900}}},
}};
constexpr std::array<const char*, 4> kVisionNames = {"usual", "protanopia", "deuteranopia",
                                                     "tritanopia"};

Vector times(const Matrix& matrix, const Vector& by) {
  Vector product{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) product[i] += matrix[i][j] * by[j];
  }
  return product;
}

Vector linear_rgb(std::string_view colour) {
  Vector rgb{};
  for (std::size_t i = 0; i < 3; ++i) {
    const double value = std::stoi(std::string(colour.substr(1 + 2 * i, 2)), nullptr, 16) / 255.0;
    rgb[i] = value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
  }
  return rgb;
}

// Ottosson 2020, times 100.
Vector oklab(const Vector& rgb) {
  constexpr Matrix kToCones = {{{0.4122214708, 0.5363325363, 0.0514459929},
                                {0.2119034982, 0.6806995451, 0.1073969566},
                                {0.0883024619, 0.2817188376, 0.6299787005}}};
  constexpr Matrix kToLab = {{{0.2104542553, 0.7936177850, -0.0040720468},
                              {1.9779984951, -2.4285922050, 0.4505937099},
                              {0.0259040371, 0.7827717662, -0.8086757660}}};
  Vector cones = times(kToCones, rgb);
  for (double& cone : cones) cone = std::cbrt(cone);
  Vector lab = times(kToLab, cones);
  for (double& one : lab) one *= 100;
  return lab;
}

double difference(std::string_view a, std::string_view b, const Matrix& vision) {
  const auto seen = [&](std::string_view colour) {
    Vector rgb = times(vision, linear_rgb(colour));
    for (double& one : rgb) one = std::clamp(one, 0.0, 1.0);
    return oklab(rgb);
  };
  const Vector x = seen(a), y = seen(b);
  return std::hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
}

TEST(SchemeStyle, ThereIsOneForEveryScheme) {
  for (const quant::Scheme* scheme : quant::all_schemes())
    EXPECT_EQ(style_of(scheme->name()).scheme, scheme->name());
  EXPECT_EQ(style_of(kHybrid).scheme, kHybrid);
  EXPECT_EQ(style_of(kUnquantized).scheme, kUnquantized);
  EXPECT_EQ(style_of("no such scheme").scheme, "");
}

TEST(SchemeStyle, ColoursStayApartForEveryColourVisionOnLightAndDarkPages) {
  const auto styles = scheme_styles();
  for (std::size_t i = 0; i < styles.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      for (std::size_t v = 0; v < kVision.size(); ++v) {
        EXPECT_GE(difference(styles[i].colour, styles[j].colour, kVision[v]), 8)
            << styles[i].scheme << " and " << styles[j].scheme << ", " << kVisionNames[v];
        EXPECT_GE(difference(styles[i].dark, styles[j].dark, kVision[v]), 8)
            << styles[i].scheme << " and " << styles[j].scheme << " in the dark, "
            << kVisionNames[v];
      }
    }
  }
}

TEST(SchemeStyle, ColoursStandOutFromThePage) {
  for (const SchemeStyle& style : scheme_styles()) {
    EXPECT_GE(contrast(style.colour, "#ffffff"), 3) << style.scheme;
    EXPECT_GE(contrast(style.dark, "#14181d"), 3) << style.scheme;
  }
}

// Whether a point lies inside, by the even-odd rule.
bool inside(const std::vector<std::vector<Point>>& polygons, Point p) {
  bool in = false;
  for (const std::vector<Point>& polygon : polygons) {
    for (std::size_t i = 0, j = polygon.size() - 1; i < polygon.size(); j = i++) {
      const Point a = polygon[i], b = polygon[j];
      if ((a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x)
        in = !in;
    }
  }
  return in;
}

// As they are printed in grey.
TEST(SchemeStyle, MarksDifferWithoutColour) {
  const auto styles = scheme_styles();
  for (std::size_t i = 0; i < styles.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const auto a = mark_outline(styles[i].shape, 5), b = mark_outline(styles[j].shape, 5);
      double both = 0, any = 0;
      for (double y = -8; y <= 8; y += 0.25) {
        for (double x = -8; x <= 8; x += 0.25) {
          const bool in_a = inside(a, {x, y}), in_b = inside(b, {x, y});
          both += in_a && in_b ? 1 : 0;
          any += in_a || in_b ? 1 : 0;
        }
      }
      EXPECT_LT(both / any, 0.85) << styles[i].scheme << " and " << styles[j].scheme;
    }
  }
}

TEST(SchemeStyle, AHybridIsWhatGivesLayersOtherBitsOrAnotherScheme) {
  EXPECT_TRUE(is_hybrid("affine 4-bit filter [layers 0-3 -> bits=8] [head -> bits=8]"));
  EXPECT_TRUE(is_hybrid("pwlq 3-bit filter [head -> scheme=affine, bits=8] range=mse"));
  EXPECT_TRUE(is_hybrid("hybrid of 12 recipes, 2.75 bits"));
  EXPECT_FALSE(is_hybrid("affine 4-bit filter"));
  EXPECT_FALSE(is_hybrid("affine 4-bit filter [head -> keep]"));
  EXPECT_FALSE(is_hybrid("affine 4-bit 1x1 filter, else channel"));
  EXPECT_FALSE(is_hybrid("affine 4-bit filter [head -> keep] bits=8"));
}

TEST(SchemeStyle, IsTheSameWhateverElseIsInTheRun) {
  using testing::accuracy_record;
  const testing::Cell kmeans{"kmeans", 4, "filter"};
  for (const std::vector<testing::Cell>& cells :
       {std::vector<testing::Cell>{testing::kFp32, kmeans},
        {testing::kFp32, testing::kAffine, testing::kPwlq, kmeans}}) {
    std::vector<OrderedJson> records;
    for (const testing::Cell& cell : cells)
      records.push_back(accuracy_record(cell, 0.7 - 0.01 * cell.bits, 1e6));
    const results::Run run = testing::run_of(testing::manifest_of(cells), records);
    for (const std::string& svg : {accuracy_against_bytes(run), accuracy_against_bits(run)})
      EXPECT_NE(testing::group(svg, "legend").find(style_of("kmeans").colour), std::string::npos);
  }
}

}  // namespace
}  // namespace qyolo::plots
