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
  LayerChart(const Run& run, const LayerSelection& selection, const Look& look)
      : run_(run), selection_(selection), look_(look), texts_(texts_of(look.language)) {
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
    if (panels_.empty()) return empty_chart(kId, texts_.sqnr_title, run_, look_);
    Svg svg(look_.width, 0, kId, texts_.sqnr_title, description(), look_.language);
    draw_heading(svg, look_, texts_.sqnr_title, subtitle());
    draw_legend_row(svg, {look_.margin(), head() + 30}, look_.inner(), legend());
    for (std::size_t i = 0; i < panels_.size(); ++i) {
      const Frame frame = make_frame(i);
      draw_panel(svg, frame, panels_[i]);
      if (i + 1 == panels_.size()) draw_names(svg, frame);
    }
    const double y = make_frame(panels_.size() - 1).area.bottom + 64;
    const std::string text = note();
    draw_note(svg, look_, y, text);
    svg.resize(y + note_height(look_, text) - (text.empty() ? 12 : 0));
    return svg.str();
  }

 private:
  static constexpr std::string_view kId = "layer-sqnr";
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

  [[nodiscard]] double head() const { return heading_bottom(look_, texts_.sqnr_title, subtitle()); }
  [[nodiscard]] double left() const { return look_.narrow() ? 40 : 64; }
  // Above a panel stand its name and, below that where there is little room, the summary.
  [[nodiscard]] double gap() const { return look_.narrow() ? 58 : 40; }
  [[nodiscard]] double panels_top() const {
    return head() + (look_.narrow() ? 68 : 50) +
           kLegendRow * static_cast<double>(legend_rows(look_.inner(), legend()));
  }
  [[nodiscard]] double panel_height() const {
    if (panels_.size() == 1) return 300;
    if (panels_.size() == 2) return 190;
    return panels_.size() == 3 ? 140 : 100;
  }
  [[nodiscard]] Frame make_frame(std::size_t panel) const {
    const double top = panels_top() + static_cast<double>(panel) * (panel_height() + gap());
    const Box area = {left(), top, look_.right(), top + panel_height()};
    return {area,
            Scale(Scale::Kind::kLinear, -0.5, static_cast<double>(names_.size()) - 0.5, area.left,
                  area.right),
            Scale(Scale::Kind::kLinear, low_, high_, area.bottom, area.top)};
  }
  [[nodiscard]] double slot() const {
    return (look_.right() - left()) / static_cast<double>(names_.size());
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
      name.at = std::clamp(name.x, 8 + name.half, look_.width - 8 - name.half);
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
    const std::string whole = plain ? shown_name(row.granularity, texts_) : label;
    const double left = frame.area.left, width = frame.area.width();
    if (look_.narrow()) {
      svg.text({left, frame.area.top - 27}, fit_text(whole, width, 13, true),
               {13, kInk, Anchor::kStart, true});
      svg.text({left, frame.area.top - 11}, fit_text(summary(panel), width, 11), {11, kMuted});
      return;
    }
    const std::string name = fit_text(whole, 360, 13, true);
    const double y = frame.area.top - 12;
    svg.text({left, y}, name, {13, kInk, Anchor::kStart, true});
    const double x = left + text_width(name, 13, true) + 14;
    svg.text({x, y}, fit_text(summary(panel), frame.area.right - x, 12), {12, kMuted});
  }

  [[nodiscard]] bool repeated(const Row& row) const {
    return std::count_if(panels_.begin(), panels_.end(), [&](const Panel& panel) {
             return panel.row->granularity == row.granularity;
           }) > 1;
  }

  [[nodiscard]] std::string summary(const Panel& panel) const {
    const LayerSqnr* lowest = nullptr;
    std::size_t exact = 0;
    for (const LayerSqnr& layer : panel.layers) {
      if (!layer.sqnr_db) ++exact;
      if (layer.sqnr_db && (lowest == nullptr || *layer.sqnr_db < *lowest->sqnr_db))
        lowest = &layer;
    }
    std::string text;
    const auto add = [&](const std::string& part) {
      text += fmt::format("{}{}", text.empty() ? "" : texts_.list_separator, part);
    };
    if (panel.row->sqnr_db)
      add(say(texts_.over_all_weights, fmt::format("{:.2f}", *panel.row->sqnr_db)));
    if (lowest != nullptr)
      add(say(texts_.lowest_in, fmt::format("{:.2f}", *lowest->sqnr_db), lowest->name));
    if (exact > 0) add(say(texts_.layers_exact, exact, panel.layers.size()));
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
             stride_ == 1 ? std::string(texts_.layers_in_order) : say(texts_.layers_named, stride_),
             {12.5, kInk, Anchor::kMiddle});
    svg.close();
  }

  [[nodiscard]] static std::string_view colour(const LayerSqnr& layer) {
    return layer.pointwise() ? kPointwise : kSpatial;
  }

  [[nodiscard]] std::string tooltip(const LayerSqnr& layer) const {
    std::string text = layer.name;
    if (layer.shape) {
      const auto& [n, c, kh, kw] = *layer.shape;
      text += fmt::format(" [{}, {}, {}, {}]", n, c, kh, kw);
    }
    text += layer.sqnr_db ? fmt::format(": {:.2f} dB", *layer.sqnr_db)
                          : fmt::format(": {}", texts_.sqnr_exact_layer);
    return text + std::string(texts_.list_separator) +
           say(texts_.sqnr_layer_weights, fmt::format("{:.0f}", layer.weights),
               fmt::format("{:.0f}", layer.groups));
  }

  [[nodiscard]] std::vector<LegendEntry> legend() const {
    using Kind = LegendEntry::Kind;
    std::vector<LegendEntry> entries;
    if (shapes_) {
      entries.push_back(
          {Kind::kMark, std::string(texts_.larger_kernels), kSpatial, Shape::kSquare});
      entries.push_back({Kind::kMark, std::string(texts_.pointwise), kPointwise, Shape::kSquare});
    }
    if (exact_)
      entries.push_back({Kind::kMark, std::string(texts_.exact), kMuted, Shape::kDiamond});
    return entries;
  }

  [[nodiscard]] std::string subtitle() const {
    const std::string text = say(
        texts_.sqnr_subtitle,
        run_.network.empty() ? std::string()
                             : fit_text(run_.network, 260, 13) + std::string(texts_.list_separator),
        fit_text(shown_name(scheme_, texts_), 200, 13), bits_);
    if (selection_.scheme && selection_.bits) return text;
    return text + std::string(texts_.sqnr_default);
  }

  [[nodiscard]] std::string note() const {
    std::vector<std::string> sentences;
    if (gaps_) sentences.emplace_back(texts_.sqnr_gaps);
    if (layers_ > names_.size())
      sentences.push_back(say(texts_.sqnr_layers_left_out, layers_ - names_.size(), layers_));
    if (cells_ > panels_.size())
      sentences.push_back(say(texts_.sqnr_cells_left_out, cells_ - panels_.size(), cells_));
    return joined(sentences, texts_);
  }

  [[nodiscard]] std::string description() const {
    std::string text = say(texts_.sqnr_description, layers_,
                           run_.network.empty() ? std::string("–") : run_.network,
                           shown_name(scheme_, texts_), bits_);
    for (const Panel& panel : panels_)
      text += fmt::format(" {}: {}.", results::label_of(*panel.row), summary(panel));
    return text;
  }

  const Run& run_;
  const LayerSelection& selection_;
  Look look_;
  const ChartTexts& texts_;
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

std::string layer_sqnr(const Run& run, const LayerSelection& selection, const Look& look) {
  return LayerChart(run, selection, look).draw();
}

}  // namespace qyolo::plots
