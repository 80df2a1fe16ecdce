#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "plots/chart_parts.h"
#include "plots/charts.h"
#include "results/label.h"
#include "results/layer_errors.h"
#include "results/reading_table.h"

namespace qyolo::plots {
namespace {

using results::LayerSqnr;
using results::Row;
using results::Run;

constexpr std::size_t kMostNetworks = 12;
constexpr std::size_t kMostLayers = 800;
constexpr std::string_view kSpatial = "#0072b2", kPointwise = "#d98c00", kExact = "#dfe3e8";

struct Panel {
  const Row* row = nullptr;
  std::vector<LayerSqnr> layers;
};

class LayerChart {
 public:
  LayerChart(const Run& run, const LayerSelection& selection) : run_(run), selection_(selection) {
    std::vector<Panel> all;
    for (const Row& row : run.rows) {
      if (row.baseline || row.bits == 0) continue;
      if (selection.scheme && *selection.scheme != row.scheme) continue;
      if (selection.bits && *selection.bits != row.bits) continue;
      std::vector<LayerSqnr> layers = results::layer_errors(run, row);
      if (!layers.empty()) all.push_back({&row, std::move(layers)});
    }
    if (all.empty()) return;
    select(all);
    if (panels_.size() > kMostNetworks) panels_.resize(kMostNetworks);
    collect_layers();
  }

  [[nodiscard]] std::string draw() const {
    if (panels_.empty()) return empty_chart(kId, kTitle, run_);
    const double count = static_cast<double>(panels_.size());
    const double height =
        panels_top() + count * (panel_height() + kGapY) + (note().empty() ? 30 : 54);
    Svg svg(kWidth, height, kId, kTitle, description());
    draw_heading(svg, {kMargin, kMargin - 6}, kWidth - 2 * kMargin, kTitle, subtitle());
    draw_legend_row(svg, {kMargin, 96}, kWidth - 2 * kMargin, legend());
    for (std::size_t i = 0; i < panels_.size(); ++i) {
      const Frame frame = make_frame(i);
      draw_panel(svg, frame, panels_[i]);
      if (i + 1 == panels_.size()) draw_names(svg, frame);
    }
    if (const std::string text = note(); !text.empty()) {
      svg.text({kMargin, height - 14}, fit_text(text, kWidth - 2 * kMargin, 11), {11, kMuted});
    }
    return svg.str();
  }

 private:
  static constexpr std::string_view kId = "layer-sqnr";
  static constexpr std::string_view kTitle = "Weight SQNR of every layer, dB";
  static constexpr double kGapY = 40;
  static constexpr double kWidestName = 120;

  // Keeps the cells of the scheme and bits with most granularities.
  void select(std::vector<Panel>& all) {
    struct Pair {
      std::set<std::string> granularities;
      std::size_t first = 0;
    };
    std::map<std::pair<std::string, int>, Pair> pairs;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Row& row = *all[i].row;
      Pair& pair = pairs.try_emplace({row.scheme, row.bits}, Pair{{}, i}).first->second;
      pair.granularities.insert(row.granularity);
    }
    const auto best =
        std::min_element(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) {
          const auto order = [](const auto& entry) {
            return std::tuple(-static_cast<double>(entry.second.granularities.size()),
                              entry.first.second, entry.second.first);
          };
          return order(a) < order(b);
        });
    std::tie(scheme_, bits_) = best->first;
    for (Panel& panel : all) {
      if (panel.row->scheme == scheme_ && panel.row->bits == bits_)
        panels_.push_back(std::move(panel));
    }
    cells_ = panels_.size();
  }

  void collect_layers() {
    for (const Panel& panel : panels_) {
      for (const LayerSqnr& layer : panel.layers) {
        if (!place_.try_emplace(layer.name, names_.size()).second) continue;
        names_.push_back(layer.name);
        shapes_ = shapes_ || layer.shape;
      }
    }
    layers_ = names_.size();
    if (names_.size() > kMostLayers) names_.resize(kMostLayers);
    for (const Panel& panel : panels_) {
      for (const LayerSqnr& layer : panel.layers) {
        exact_ = exact_ || !layer.sqnr_db;
        if (!layer.sqnr_db) continue;
        low_ = std::min(low_, *layer.sqnr_db);
        high_ = std::max(high_, *layer.sqnr_db);
      }
      gaps_ = gaps_ || panel.layers.size() < layers_;
    }
    const double step = nice_step(std::max(high_ - low_, 1.0), 8);
    low_ = std::floor(low_ / step) * step;
    high_ = std::ceil((high_ + 0.05 * (high_ - low_)) / step) * step;
    if (high_ <= low_) high_ = low_ + step;
    choose_names();
  }

  [[nodiscard]] double panels_top() const { return shapes_ || exact_ ? 142 : 116; }
  [[nodiscard]] double panel_height() const {
    if (panels_.size() == 1) return 300;
    if (panels_.size() == 2) return 190;
    return panels_.size() == 3 ? 140 : 100;
  }
  [[nodiscard]] Frame make_frame(std::size_t panel) const {
    const double top = panels_top() + static_cast<double>(panel) * (panel_height() + kGapY);
    const Box area = {64, top, kWidth - kMargin, top + panel_height()};
    return {area,
            Scale(Scale::Kind::kLinear, -0.5, static_cast<double>(names_.size()) - 0.5, area.left,
                  area.right),
            Scale(Scale::Kind::kLinear, low_, high_, area.bottom, area.top)};
  }
  [[nodiscard]] double slot() const {
    return (kWidth - kMargin - 64) / static_cast<double>(names_.size());
  }

  struct Name {
    double x = 0;  // of the layer
    std::string text;
    double at = 0;  // centre of the text, on the canvas
    double half = 0;
  };
  [[nodiscard]] std::vector<Name> every(std::size_t stride) const {
    const Frame frame = make_frame(0);
    std::vector<Name> names;
    for (std::size_t i = 0; i < names_.size(); i += stride) {
      Name name{frame.x(static_cast<double>(i)), fit_text(names_[i], kWidestName, 11)};
      name.half = text_width(name.text, 11) / 2;
      name.at = std::clamp(name.x, 8 + name.half, kWidth - 8 - name.half);
      names.push_back(std::move(name));
    }
    return names;
  }
  // Chooses the layers to be named: every 1, 2, 5 x 10^n for which there is room.
  void choose_names() {
    for (std::size_t power = 1;; power *= 10) {
      for (const std::size_t factor : {1, 2, 5}) {
        stride_ = factor * power;
        named_ = every(stride_);
        const auto crowded = std::adjacent_find(
            named_.begin(), named_.end(), [](const Name& left, const Name& right) {
              return left.at + left.half + 6 > right.at - right.half;
            });
        // The last name may have had to make way for the canvas's end.
        if (crowded != named_.end() && crowded + 2 == named_.end() && named_.size() > 3)
          named_.pop_back();
        else if (crowded != named_.end())
          continue;
        return;
      }
    }
  }

  void draw_panel(Svg& svg, const Frame& frame, const Panel& panel) const {
    svg.open("panel");
    for (const Name& name : named_)
      svg.line({name.x, frame.area.top}, {name.x, frame.area.bottom}, {kGrid, 1});
    draw_y_axis(svg, frame, ticks_of(frame.y, panels_.size() > 3 ? 3 : 5), "");
    draw_title(svg, frame, panel);
    const double zero = frame.y(0), half = std::min(slot() * 0.39, 20.0);
    for (const LayerSqnr& layer : panel.layers) {
      const std::size_t place = place_.at(layer.name);
      if (place >= names_.size()) continue;
      const double x = frame.x(static_cast<double>(place));
      const double y = layer.sqnr_db ? frame.y(*layer.sqnr_db) : frame.area.top;
      const Box bar = {x - half, std::min(y, zero), x + half, std::max(y, zero)};
      svg.rectangle(bar, layer.sqnr_db ? colour(layer) : kExact, tooltip(layer));
      if (!layer.sqnr_db) {
        svg.mark(Shape::kDiamond, {x, frame.area.top}, std::clamp(half, 1.5, 4.0), colour(layer),
                 tooltip(layer));
      }
    }
    svg.line({frame.area.left, zero}, {frame.area.right, zero}, {kAxis, 1});
    svg.close();
  }

  void draw_title(Svg& svg, const Frame& frame, const Panel& panel) const {
    const Row& row = *panel.row;
    const std::string label = results::label_of(row);
    const bool plain = label == results::cell_name(row) && !repeated(row);
    const std::string whole = plain ? shown_name(row.granularity) : label;
    const std::string name = fit_text(whole, 360, 13, true);
    const double y = frame.area.top - 12, left = frame.area.left;
    svg.text({left, y}, name, {13, kInk, Anchor::kStart, true});
    const double x = left + text_width(name, 13, true) + 14;
    svg.text({x, y}, fit_text(summary(panel), frame.area.right - x, 12), {12, kMuted});
  }

  [[nodiscard]] bool repeated(const Row& row) const {
    return std::count_if(panels_.begin(), panels_.end(), [&](const Panel& panel) {
             return panel.row->granularity == row.granularity;
           }) > 1;
  }

  [[nodiscard]] static std::string summary(const Panel& panel) {
    const LayerSqnr* lowest = nullptr;
    std::size_t exact = 0;
    for (const LayerSqnr& layer : panel.layers) {
      if (!layer.sqnr_db) ++exact;
      if (layer.sqnr_db && (lowest == nullptr || *layer.sqnr_db < *lowest->sqnr_db))
        lowest = &layer;
    }
    std::string text;
    if (panel.row->sqnr_db) text = fmt::format("{:.2f} dB over all weights", *panel.row->sqnr_db);
    if (lowest != nullptr) {
      text += fmt::format("{}lowest {:.2f} in {}", text.empty() ? "" : ", ", *lowest->sqnr_db,
                          lowest->name);
    }
    if (exact > 0) {
      text += fmt::format("{}{} of {} layers exact", text.empty() ? "" : ", ", exact,
                          panel.layers.size());
    }
    return text;
  }

  void draw_names(Svg& svg, const Frame& frame) const {
    svg.open("axis");
    const double y = frame.area.bottom;
    svg.line({frame.area.left, y}, {frame.area.right, y}, {kAxis, 1});
    for (const Name& name : named_) {
      svg.line({name.x, y}, {name.x, y + 5}, {kAxis, 1});
      svg.text({name.at, y + 19}, name.text, {11, kMuted, Anchor::kMiddle});
    }
    svg.text({frame.area.centre().x, y + 41},
             stride_ == 1 ? std::string("Layers in network order")
                          : fmt::format("Layers in network order, every {} named",
                                        stride_ == 2 ? "second" : fmt::format("{}th", stride_)),
             {12.5, kInk, Anchor::kMiddle});
    svg.close();
  }

  [[nodiscard]] static std::string_view colour(const LayerSqnr& layer) {
    return layer.pointwise() ? kPointwise : kSpatial;
  }

  [[nodiscard]] static std::string tooltip(const LayerSqnr& layer) {
    std::string text = layer.name;
    if (layer.shape) {
      const auto& [n, c, kh, kw] = *layer.shape;
      text += fmt::format(" [{}, {}, {}, {}]", n, c, kh, kw);
    }
    text += layer.sqnr_db ? fmt::format(": {:.2f} dB", *layer.sqnr_db) : ": exact";
    return text + fmt::format(", {:.0f} weights in {:.0f} groups", layer.weights, layer.groups);
  }

  [[nodiscard]] std::vector<LegendEntry> legend() const {
    using Kind = LegendEntry::Kind;
    std::vector<LegendEntry> entries;
    if (shapes_) {
      entries.push_back({Kind::kMark, "larger kernels", kSpatial, Shape::kSquare});
      entries.push_back({Kind::kMark, "1x1 layers", kPointwise, Shape::kSquare});
    }
    if (exact_) entries.push_back({Kind::kMark, "exact, no error", kMuted, Shape::kDiamond});
    return entries;
  }

  [[nodiscard]] std::string subtitle() const {
    std::string text = run_.network.empty() ? "" : fit_text(run_.network, 260, 13) + ", ";
    text += fmt::format("{} {}-bit", fit_text(shown_name(scheme_), 200, 13), bits_);
    if (selection_.scheme && selection_.bits) return text;
    return text + " (default: most granularities, then fewest bits)";
  }

  [[nodiscard]] std::string note() const {
    std::string text;
    const auto say = [&](const std::string& sentence) {
      text += (text.empty() ? "" : " ") + sentence;
    };
    if (gaps_) say("No bar: the cell has no error of that layer.");
    if (layers_ > names_.size())
      say(fmt::format("{} of {} layers not shown.", layers_ - names_.size(), layers_));
    if (cells_ > panels_.size())
      say(fmt::format("{} of {} cells not shown.", cells_ - panels_.size(), cells_));
    return text;
  }

  [[nodiscard]] std::string description() const {
    std::string text = fmt::format(
        "Bars of the weights' signal to quantization noise ratio in dB for {} layers of {} with "
        "{} {}-bit.",
        layers_, run_.network.empty() ? "the network" : run_.network, shown_name(scheme_), bits_);
    for (const Panel& panel : panels_)
      text += fmt::format(" {}: {}.", results::label_of(*panel.row), summary(panel));
    return text;
  }

  const Run& run_;
  const LayerSelection& selection_;
  std::string scheme_;
  int bits_ = 0;
  std::vector<Panel> panels_;
  std::size_t cells_ = 0;                     // before kMostNetworks
  std::vector<std::string> names_;            // of the layers shown
  std::map<std::string, std::size_t> place_;  // of all layers
  std::size_t layers_ = 0;
  bool shapes_ = false, exact_ = false, gaps_ = false;
  double low_ = 0, high_ = 0;
  std::size_t stride_ = 1;
  std::vector<Name> named_;
};

}  // namespace

std::string layer_sqnr(const Run& run, const LayerSelection& selection) {
  return LayerChart(run, selection).draw();
}

}  // namespace qyolo::plots
