// The charts of every run in results/reference, as they would be drawn now.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <set>

#include "plots/charts.h"
#include "plots/labels.h"
#include "plots/scheme_style.h"
#include "tests/plots/chart_checks.h"

namespace qyolo::plots {
namespace {

namespace fs = std::filesystem;
using testing::expect_sound;
using testing::group;

constexpr double kNear = 60;  // pixels from a label to its mark

std::vector<fs::path> reference_runs() {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(fs::path(QYOLO_SOURCE_DIR) / "results/reference"))
    if (fs::exists(entry.path() / "manifest.json")) folders.push_back(entry.path());
  std::ranges::sort(folders);
  return folders;
}

class ReferenceCharts : public ::testing::TestWithParam<fs::path> {
 protected:
  void SetUp() override {
    auto read = results::read_run(GetParam());
    ASSERT_TRUE(read.ok());
    run_ = std::move(read).value();
  }
  results::Run run_;
};

std::vector<std::pair<Point, Point>> segments_of(const std::string& svg) {
  std::vector<std::pair<Point, Point>> segments;
  const auto ends = testing::line_ends_of(svg);
  for (std::size_t i = 0; i + 1 < ends.size(); i += 2) segments.emplace_back(ends[i], ends[i + 1]);
  static const std::regex polyline("<polyline points=\"([^\"]*)\"");
  static const std::regex point("([-0-9.]+),([-0-9.]+)");
  for (std::sregex_iterator it(svg.begin(), svg.end(), polyline), end; it != end; ++it) {
    const std::string points = (*it)[1];
    std::optional<Point> before;
    for (std::sregex_iterator p(points.begin(), points.end(), point); p != end; ++p) {
      const Point at{std::stod((*p)[1]), std::stod((*p)[2])};
      if (before) segments.emplace_back(*before, at);
      before = at;
    }
  }
  return segments;
}

// "3, 5–7" as 3, 5, 6, 7; none of another text.
std::set<int> numbers_in(const std::string& text) {
  static const std::regex pattern("(\\d+)(?:–(\\d+))?(?:, )?");
  std::set<int> numbers;
  std::size_t used = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) {
    used += static_cast<std::size_t>(it->length());
    const int from = std::stoi((*it)[1]), to = (*it)[2].matched ? std::stoi((*it)[2]) : from;
    for (int i = from; i <= to; ++i) numbers.insert(i);
  }
  return used == text.size() ? numbers : std::set<int>();
}

double distance(const Box& box, Point to) {
  const double dx = std::max({box.left - to.x, 0.0, to.x - box.right});
  const double dy = std::max({box.top - to.y, 0.0, to.y - box.bottom});
  return std::hypot(dx, dy);
}

// No label is crossed by a line or far from its mark; every number of the list is in the chart.
void expect_labels_in_place(const std::string& svg) {
  const std::string labels = group(svg, "labels");
  auto lines = segments_of(group(svg, "pareto-front"));
  for (const std::string& part : {group(svg, "error-bars"), labels}) {
    const auto more = segments_of(part);
    lines.insert(lines.end(), more.begin(), more.end());
  }
  // The dashed line of the baseline stands outside the groups.
  static const std::regex dashed("<line [^>]*stroke-dasharray=\"6 4\"/>");
  const std::string before = svg.substr(0, svg.find("<g class=\"pareto-front\">"));
  for (std::sregex_iterator it(before.begin(), before.end(), dashed), end; it != end; ++it) {
    const auto more = segments_of(it->str());
    lines.insert(lines.end(), more.begin(), more.end());
  }
  const auto marks = testing::marks_of(group(svg, "marks"), 0);
  std::set<int> numbers;
  for (const testing::SvgText& label : testing::texts_of(labels)) {
    for (const auto& [from, to] : lines) EXPECT_FALSE(crosses(from, to, label.box)) << label.text;
    const bool of_baseline = label.text.starts_with("FP32 ");
    double nearest = HUGE_VAL;
    for (const Box& mark : marks)
      nearest = std::min(nearest, distance(label.box, {mark.left, mark.top}));
    EXPECT_TRUE(of_baseline || nearest <= kNear) << label.text << " " << nearest;
    for (const int number : numbers_in(label.text)) EXPECT_TRUE(numbers.insert(number).second);
  }
  std::set<int> listed;
  for (const testing::SvgText& line : testing::texts_of(group(svg, "list")))
    for (const int number : numbers_in(line.text)) listed.insert(number);
  EXPECT_EQ(numbers, listed);
}

TEST_P(ReferenceCharts, HaveTheirLabelsWhereTheyAreRead) {
  expect_labels_in_place(accuracy_against_bytes(run_));
  SCOPED_TRACE("on a phone");
  expect_labels_in_place(accuracy_against_bytes(run_, {Language::kJapanese, 390}));
}

TEST_P(ReferenceCharts, AreSoundInBothLanguagesOnPagesAndPhones) {
  for (const Look look : {Look{Language::kEnglish, 960}, Look{Language::kJapanese, 960},
                          Look{Language::kEnglish, 390}, Look{Language::kJapanese, 390}}) {
    SCOPED_TRACE(look.width);
    expect_sound(accuracy_against_bytes(run_, look), 4, look.width);
    expect_sound(accuracy_against_bits(run_, look), 4, look.width);
    expect_sound(heat_map(run_, look), 4, look.width);
    expect_sound(layer_sqnr(run_, {}, look), 4, look.width);
  }
}

INSTANTIATE_TEST_SUITE_P(Runs, ReferenceCharts, ::testing::ValuesIn(reference_runs()),
                         [](const auto& run) {
                           std::string name = run.param.filename().string();
                           std::erase_if(name, [](char c) { return c == '-'; });
                           return name;
                         });

}  // namespace
}  // namespace qyolo::plots
