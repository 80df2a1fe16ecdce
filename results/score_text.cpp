// pycocotools' lines, and classes as a table and as CSV.
#include <algorithm>
#include <array>

#include "results/score_record.h"
#include "results/text.h"

namespace qyolo::results {
namespace {

// pycocotools' lines.
class ScoreSummary {
 public:
  explicit ScoreSummary(const ScoreRecord& record) : record_(record) {
    const auto& thresholds = record.iou_thresholds;
    all_ious_ = fmt::format("{:0.2f}:{:0.2f}", thresholds.front(), thresholds.back());
  }

  [[nodiscard]] const std::string& text() const { return text_; }

  // iou < 0: over all thresholds. -1 where the area range, the threshold or the maximum is not in
  // the grid.
  void precision(double iou, const std::string& area, int limit) {
    const ScoreCell* cell = find(area, limit);
    double value = -1;
    if (cell != nullptr) value = iou < 0 ? cell->ap : at_iou(cell->ap_by_iou, iou);
    add("Average Precision", "(AP)", iou, area, limit, value);
  }
  void recall(const std::string& area, int limit) {
    const ScoreCell* cell = find(area, limit);
    add("Average Recall", "(AR)", -1, area, limit, cell == nullptr ? -1 : cell->ar);
  }

 private:
  [[nodiscard]] const ScoreCell* find(const std::string& area, int limit) const {
    const auto found = std::ranges::find_if(record_.grid, [&](const ScoreCell& cell) {
      return cell.area == area && cell.max_detections == limit;
    });
    return found == record_.grid.end() ? nullptr : &*found;
  }
  [[nodiscard]] double at_iou(const std::vector<std::optional<double>>& values, double iou) const {
    const auto found = std::ranges::find(record_.iou_thresholds, iou);
    if (found == record_.iou_thresholds.end()) return -1;
    return values[static_cast<std::size_t>(found - record_.iou_thresholds.begin())].value_or(-1);
  }

  void add(std::string_view title, std::string_view kind, double iou, const std::string& area,
           int limit, double value) {
    text_ +=
        fmt::format(" {:<18} {} @[ IoU={:<9} | area={:>6} | maxDets={:>3} ] = {:0.3f}\n", title,
                    kind, iou < 0 ? all_ious_ : fmt::format("{:0.2f}", iou), area, limit, value);
  }

  const ScoreRecord& record_;
  std::string all_ious_;
  std::string text_;
};

constexpr std::array<const char*, 4> kUsualAreas = {"all", "small", "medium", "large"};

// What pycocotools prints, and what it does not print of a grid of one's own.
void add_lines(const ScoreRecord& record, ScoreSummary& summary) {
  // With fewer than three maxima, where pycocotools fails, the largest one stands for all.
  const std::vector<int>& maxima = record.max_detections;
  const bool usual = maxima.size() >= 3;
  const int most = usual ? maxima[2] : maxima.back();
  summary.precision(-1, "all", usual ? 100 : most);
  summary.precision(0.5, "all", most);
  summary.precision(0.75, "all", most);
  for (std::size_t a = 1; a < kUsualAreas.size(); ++a) summary.precision(-1, kUsualAreas[a], most);
  for (std::size_t m = 0; m < maxima.size() && m < 3; ++m) summary.recall("all", maxima[m]);
  for (std::size_t a = 1; a < kUsualAreas.size(); ++a) summary.recall(kUsualAreas[a], most);
}

void add_further_lines(const ScoreRecord& record, ScoreSummary& summary) {
  const std::vector<int>& maxima = record.max_detections;
  if (record.iou_thresholds != metrics::CocoParams().iou_thresholds) {
    for (const double iou : record.iou_thresholds) {
      if (iou != 0.5 && iou != 0.75) summary.precision(iou, "all", maxima.back());
    }
  }
  for (std::size_t m = 3; m < maxima.size(); ++m) {
    summary.precision(-1, "all", maxima[m]);
    summary.recall("all", maxima[m]);
  }
  for (const metrics::AreaRange& range : record.areas) {
    if (std::ranges::find(kUsualAreas, range.name) != kUsualAreas.end()) continue;
    summary.precision(-1, range.name, maxima.back());
    summary.recall(range.name, maxima.back());
  }
}

// The place of the area range that a class's own numbers are of.
std::size_t whole_area(const ScoreRecord& record) {
  const auto found = std::ranges::find(record.areas, "all", &metrics::AreaRange::name);
  return found == record.areas.end() ? 0 : static_cast<std::size_t>(found - record.areas.begin());
}

ScoreArea area_of(const ScoreClass& one, const metrics::AreaRange& range) {
  const auto found =
      std::ranges::find(one.areas, range.name, &std::pair<std::string, ScoreArea>::first);
  return found == one.areas.end() ? ScoreArea() : found->second;
}

std::string id_text(const Json& id) { return id.is_string() ? id.get<std::string>() : id.dump(); }

}  // namespace

std::string score_text(const ScoreRecord& record) {
  ScoreSummary summary(record);
  add_lines(record, summary);
  add_further_lines(record, summary);
  return summary.text();
}

std::string class_table(const ScoreRecord& record) {
  const std::size_t whole = whole_area(record);
  std::size_t width = 5;
  for (const ScoreClass& one : record.per_class) width = std::max(width, one.name.size());
  std::string text = fmt::format("\n {:>5}  {:<{}}  {:>6}  {:>6}  {:>6}", "id", "class", width,
                                 "AP", "AP50", "AP75");
  for (std::size_t a = 0; a < record.areas.size(); ++a) {
    if (a != whole) text += fmt::format("  {:>6}", record.areas[a].name);
  }
  text += fmt::format("  {:>6}\n", "AR");
  const auto add = [&text](double value) {
    text += value < 0 ? fmt::format("  {:>6}", "-") : fmt::format("  {:>6.2f}", 100 * value);
  };
  for (const ScoreClass& one : record.per_class) {
    text += fmt::format(" {:>5}  {:<{}}", id_text(one.category_id), one.name, width);
    for (const double value : {one.ap, one.ap50, one.ap75}) add(value);
    for (std::size_t a = 0; a < record.areas.size(); ++a) {
      if (a != whole) add(area_of(one, record.areas[a]).ap);
    }
    add(one.ar);
    text += '\n';
  }
  return text;
}

std::string score_csv(const ScoreRecord& record) {
  std::string text = "category_id,class,AP,AP50,AP75,AR";
  for (const metrics::AreaRange& range : record.areas)
    text += fmt::format(",{},{}", csv_field("AP " + range.name), csv_field("AR " + range.name));
  text += '\n';
  const auto add = [&text](double value) {
    text += value < 0 ? std::string(",") : fmt::format(",{}", value);
  };
  for (const ScoreClass& one : record.per_class) {
    text += csv_field(id_text(one.category_id)) + "," + csv_field(one.name);
    for (const double value : {one.ap, one.ap50, one.ap75, one.ar}) add(value);
    for (const metrics::AreaRange& range : record.areas) {
      add(area_of(one, range).ap);
      add(area_of(one, range).ar);
    }
    text += '\n';
  }
  return text;
}

}  // namespace qyolo::results
