#include "results/reading_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "common/image_limit.h"
#include "results/text.h"

namespace qyolo::results {
namespace {

using Number = std::optional<double> Row::*;
using Format = std::function<std::string(double)>;

Format decimals(int count, double factor = 1, std::string_view suffix = "") {
  return [=](double value) { return fmt::format("{:.{}f}{}", value * factor, count, suffix); };
}

double largest(const Run& run, std::initializer_list<Number> numbers) {
  double result = 0;
  for (const Row& row : run.rows) {
    for (const Number number : numbers) result = std::max(result, (row.*number).value_or(0));
  }
  return result;
}

// What the rows are called.
void add_cells(const Run& run, ReadingTable& table) {
  TextColumn cell{"Cell", false, {}, {}, "cell"};
  for (const Row& row : run.rows) cell.cells.push_back({label_of(row)});
  table.columns.push_back(std::move(cell));
}

// The same, and in detail their schemes, bits and granularities.
void add_identity(const Run& run, ReadingTable& table) {
  constexpr int kDetail = TextColumn::kDetail;
  add_cells(run, table);
  TextColumn scheme{"Scheme", false, {}, {}, "scheme", kDetail};
  TextColumn bits{"Bits", true, {}, {}, "bits", kDetail};
  TextColumn activations{"Activations", true, {}, {}, "activations", kDetail};
  TextColumn granularity{"Granularity", false, {}, {}, "granularity", kDetail};
  bool any_activations = false;
  for (const Row& row : run.rows) {
    scheme.cells.push_back({row.scheme.empty() ? std::string(kAbsent) : row.scheme});
    bits.cells.push_back({row.bits == 0 ? std::string(kAbsent) : std::to_string(row.bits)});
    any_activations = any_activations || row.activation_bits > 0;
    activations.cells.push_back({row.activation_bits == 0
                                     ? std::string(kAbsent)
                                     : fmt::format("W{}A{}", row.bits, row.activation_bits)});
    const bool none = row.granularity.empty() || row.bits == 0;
    granularity.cells.push_back({none ? std::string(kAbsent) : row.granularity});
  }
  table.columns.push_back(std::move(scheme));
  table.columns.push_back(std::move(bits));
  if (any_activations) table.columns.push_back(std::move(activations));
  table.columns.push_back(std::move(granularity));
}

// Nothing where no row has the number.
TextColumn* add_numbers(const Run& run, ReadingTable& table, std::string header, Number number,
                        const Format& format, std::string key = {},
                        int rank = TextColumn::kEssential) {
  TextColumn column{std::move(header), true, {}, {}, std::move(key), rank};
  bool any = false;
  for (const Row& row : run.rows) {
    const auto& value = row.*number;
    any = any || value.has_value();
    column.cells.push_back({value ? format(*value) : std::string(kAbsent)});
  }
  if (!any) return nullptr;
  table.columns.push_back(std::move(column));
  return &table.columns.back();
}

// Whether there was a choice that bold could mark.
bool embolden_best(const Run& run, TextColumn& column) {
  std::map<int, std::vector<std::size_t>> by_bits;
  for (std::size_t i = 0; i < run.rows.size(); ++i) {
    if (run.rows[i].ap && run.rows[i].bits > 0) by_bits[run.rows[i].bits].push_back(i);
  }
  bool any = false;
  for (const auto& [bits, members] : by_bits) {
    if (members.size() < 2) continue;
    const auto best = std::max_element(members.begin(), members.end(), [&](auto a, auto b) {
      return *run.rows[a].ap < *run.rows[b].ap;
    });
    for (const std::size_t i : members)
      column.cells[i].bold = *run.rows[i].ap == *run.rows[*best].ap;
    any = true;
  }
  return any;
}

// "-19.75 (-21.0 to -18.6)". Returns the intervals' confidence, empty where there is none.
std::string add_intervals(const Run& run, TextColumn& delta) {
  std::string confidence;
  for (std::size_t i = 0; i < run.rows.size(); ++i) {
    const Row& row = run.rows[i];
    if (!row.delta_ap_low || !row.delta_ap_high) continue;
    delta.cells[i].text +=
        fmt::format(" ({} to {})", points(*row.delta_ap_low, 1), points(*row.delta_ap_high, 1));
    if (row.confidence) confidence = percent_text(*row.confidence);
  }
  return confidence;
}

void add_accuracy(const Run& run, ReadingTable& table) {
  TextColumn* ap = add_numbers(run, table, "AP", &Row::ap, decimals(2, 100), "AP");
  const bool bold = ap != nullptr && embolden_best(run, *ap);
  if (ap == nullptr) {
    table.columns.push_back({"AP", true, std::vector<TextCell>(run.rows.size()), {}, "AP"});
    ap = &table.columns.back();
  }
  for (std::size_t i = 0; i < run.rows.size(); ++i) {
    if (run.rows[i].ap) continue;
    ap->cells[i].text = run.rows[i].status == "ok" ? std::string(kAbsent) : run.rows[i].status;
  }
  const Row* baseline = run.baseline();
  TextColumn* delta = add_numbers(
      run, table, "ΔAP", &Row::delta_ap, [](double difference) { return points(difference); },
      "delta_AP");
  if (delta != nullptr && baseline != nullptr)
    delta->cells[static_cast<std::size_t>(baseline - run.rows.data())].text = kAbsent;
  const std::string confidence = delta == nullptr ? "" : add_intervals(run, *delta);
  add_numbers(run, table, "AP50", &Row::ap50, decimals(2, 100), "AP50", TextColumn::kDetail);
  add_numbers(run, table, "AP75", &Row::ap75, decimals(2, 100), "AP75", TextColumn::kDetail);

  const std::string images = image_count_of(run);
  std::string note = "AP: COCO box AP (IoU 0.50:0.95, at most 100 detections per image) in percent";
  if (!images.empty()) note += fmt::format(" over {} images", images);
  if (images.find(' ') != std::string::npos) note += ", so that rows are not comparable";
  if (baseline != nullptr)
    note += fmt::format("; ΔAP: points of difference to {}", label_of(*baseline));
  if (!confidence.empty()) note += fmt::format(", in brackets its {} interval", confidence);
  table.notes.push_back(note + ".");
  if (bold) table.notes.push_back("Bold: the best AP at its bit width.");
}

void add_memory(const Run& run, ReadingTable& table) {
  const std::size_t before = table.columns.size();
  const ByteUnit unit = byte_unit(largest(run, {&Row::true_bytes}));
  const Format size = decimals(unit.decimals, 1 / unit.bytes);
  add_numbers(run, table, fmt::format("Size, {}", unit.name), &Row::true_bytes, size, "size", 80);
  const bool coded = add_numbers(run, table, fmt::format("Size coded, {}", unit.name),
                                 &Row::coded_bytes, size, "size_coded", 30) != nullptr;
  add_numbers(run, table, "Bits/weight", &Row::bits_per_weight, decimals(3), "bits_per_weight", 40);
  const Format ratio = decimals(2, 1, "×");
  add_numbers(run, table, "vs FP16", &Row::ratio_fp16_true, ratio, "vs_fp16", 60);
  add_numbers(run, table, "vs FP16, paper", &Row::ratio_fp16_paper, ratio, "vs_fp16_paper",
              TextColumn::kDetail);
  add_numbers(run, table, "vs FP32", &Row::ratio_fp32_true, ratio, "vs_fp32", TextColumn::kDetail);
  if (table.columns.size() == before) return;
  table.notes.push_back(
      "Size, bits per weight and the ratios count everything that a decoder needs: "
      "codes, scales, zero-points, breakpoints, one region bit per weight for piecewise-linear "
      "schemes, and what stays in floating point; the ratios say how many times smaller that is "
      "than the network as evaluated in FP16 or FP32 (below 1: larger).");
  if (coded) {
    table.notes.push_back(
        "Size coded: with the regions of piecewise-linear schemes entropy-coded, as qyolo quantize "
        "--regions entropy writes them.");
  }
  if (largest(run, {&Row::ratio_fp16_paper}) > 0) {
    table.notes.push_back(
        "The ratio marked paper is the study's accounting (arXiv 2407.04943): to the checkpoint as "
        "stored in FP16, region bits not counted.");
  }
}

// "batch 1, 320 x 320, 2 threads" where all latencies share it.
std::string latency_setting(const Run& run) {
  std::set<std::string> settings;
  for (const Row& row : run.rows) {
    if (!row.latency_median_ms) continue;
    if (!row.latency_batch || !row.latency_height || !row.latency_width || !row.latency_threads)
      return "";
    settings.insert(fmt::format("batch {}, {} × {} pixels, {} thread{}", *row.latency_batch,
                                *row.latency_height, *row.latency_width, *row.latency_threads,
                                *row.latency_threads == 1 ? "" : "s"));
  }
  return settings.size() == 1 ? *settings.begin() : "";
}

void add_latency(const Run& run, ReadingTable& table) {
  const double slowest = largest(run, {&Row::latency_median_ms});
  const Format milliseconds = decimals(slowest < 10 ? 3 : slowest < 1000 ? 2 : 1);
  if (add_numbers(run, table, "Median, ms", &Row::latency_median_ms, milliseconds, "median", 50) ==
      nullptr)
    return;
  add_numbers(run, table, "p95, ms", &Row::latency_p95_ms, milliseconds, "p95",
              TextColumn::kDetail);
  std::string note = "Latency: median and 95th percentile of one forward pass";
  if (const std::string setting = latency_setting(run); !setting.empty()) note += ", " + setting;
  table.notes.push_back(note + ".");
  std::set<std::string> doubts;
  for (const Row& row : run.rows) doubts.insert(row.latency_warning);
  for (const std::string& doubt : doubts)
    if (!doubt.empty()) table.notes.push_back("Latency: " + doubt + ".");
}

// What ran; nothing where no row says it of its accuracy or has a latency.
void add_execution(const Run& run, ReadingTable& table) {
  TextColumn execution{"Execution", false, {}, {}, "execution", 90};
  bool any = false, simulated = false;
  for (const Row& row : run.rows) {
    const bool shown = !row.execution.empty() && (row.latency_median_ms || !row.precision.empty());
    execution.cells.push_back({shown ? row.execution : std::string(kAbsent)});
    any = any || shown || row.latency_median_ms;
    simulated = simulated || (shown && row.execution.starts_with("simulated"));
  }
  if (!any) return;
  table.columns.push_back(std::move(execution));
  if (simulated) {
    table.notes.push_back(
        "simulated: float kernels on reconstructed weights; not the speed of integer kernels.");
  }
}

}  // namespace

void add_row(ReadingTable& table, std::vector<std::string> cells, bool bold) {
  for (std::size_t i = 0; i < cells.size(); ++i)
    table.columns[i].cells.push_back({std::move(cells[i]), bold});
}

std::string title_of(const Run& run) { return run.name.empty() ? "Results" : run.name; }

std::string image_count_of(const Run& run) {
  std::optional<double> low, high;
  for (const Row& row : run.rows) {
    if (!row.images || !row.ap) continue;
    low = std::min(low.value_or(*row.images), *row.images);
    high = std::max(high.value_or(*row.images), *row.images);
  }
  if (!low) low = high = run.images;
  if (!low) return "";
  return *low == *high ? fmt::format("{}", *low) : fmt::format("{} to {}", *low, *high);
}

std::string executions_of(const Run& run) {
  std::vector<std::string> texts;
  for (const Row& row : run.rows) {
    if (row.precision.empty() || row.execution.empty()) continue;
    if (std::ranges::find(texts, row.execution) == texts.end()) texts.push_back(row.execution);
  }
  return fmt::format("{}", fmt::join(texts, " and "));
}

namespace {

// ", a random sample by seed 1"; empty where all images were looked at, and where that is not
// known.
std::string sample_of(const Run& run) {
  const Json& limit = member(member(member(run.manifest, "experiment"), "evaluation"), "limit");
  if (limit.is_null()) return "";
  const auto read = image_limit_from(limit, "limit");
  if (!read.ok() || read->all()) return "";
  return read->first ? ", the first by file name"
                     : fmt::format(", a random sample by seed {}", read->seed);
}

}  // namespace

std::string setting_of(const Run& run) {
  std::string text = run.network;
  if (!run.dataset.empty()) text += (text.empty() ? "" : " on ") + run.dataset;
  if (const std::string images = image_count_of(run); !images.empty())
    text += fmt::format("{}{} image{}{}", text.empty() ? "" : ", ", images,
                        images == "1" ? "" : "s", sample_of(run));
  if (const std::string ran = executions_of(run); !ran.empty())
    text += fmt::format("{}{}", text.empty() ? "" : ", ", ran);
  return text;
}

ReadingTable main_table(const Run& run) {
  ReadingTable table;
  add_identity(run, table);
  add_accuracy(run, table);
  add_memory(run, table);
  if (add_numbers(run, table, "SQNR, dB", &Row::sqnr_db, decimals(2), "sqnr",
                  TextColumn::kDetail) != nullptr)
    table.notes.push_back("SQNR: of all quantized weights; absent where they are exact.");
  add_latency(run, table);
  add_execution(run, table);
  return table;
}

const std::vector<std::string>& main_table_columns() {
  static const std::vector<std::string> keys = {
      "cell",    "scheme", "bits",   "activations", "granularity",     "AP",      "delta_AP",
      "AP50",    "AP75",   "size",   "size_coded",  "bits_per_weight", "vs_fp16", "vs_fp16_paper",
      "vs_fp32", "sqnr",   "median", "p95",         "execution"};
  return keys;
}

ReadingTable parts_table(const Run& run) {
  ReadingTable table;
  add_cells(run, table);
  const std::size_t identity = table.columns.size();
  add_numbers(run, table, "AP small", &Row::ap_small, decimals(2, 100));
  add_numbers(run, table, "AP medium", &Row::ap_medium, decimals(2, 100));
  add_numbers(run, table, "AP large", &Row::ap_large, decimals(2, 100));
  std::vector<std::pair<const char*, Number>> parts = {{"Codes", &Row::payload_bytes},
                                                       {"Scales", &Row::scale_bytes},
                                                       {"Zero-points", &Row::zero_point_bytes},
                                                       {"Breakpoints", &Row::breakpoint_bytes},
                                                       {"Regions", &Row::region_bytes}};
  if (largest(run, {&Row::correction_bytes}) > 0)
    parts.emplace_back("Corrections", &Row::correction_bytes);
  parts.emplace_back("Unquantized", &Row::unquantized_bytes);
  parts.emplace_back("Total", &Row::true_bytes);
  // kB from the first kilobyte on: parts are much smaller than the whole.
  const ByteUnit unit = byte_unit(std::min(largest(run, {&Row::true_bytes}), 1e3));
  const std::size_t before = table.columns.size();
  for (const auto& [name, number] : parts)
    add_numbers(run, table, name, number, decimals(unit.decimals, 1 / unit.bytes));
  if (table.columns.size() > before) table.notes.push_back(fmt::format("Sizes in {}.", unit.name));
  if (table.columns.size() == identity) table = {};
  return table;
}

ReadingTable certainty_table(const Run& run) {
  ReadingTable table;
  add_cells(run, table);
  const std::size_t identity = table.columns.size();
  const auto with_error = [&](std::string header, Number number, Number error, double factor,
                              int digits, std::string_view suffix) {
    TextColumn* column =
        add_numbers(run, table, std::move(header), number, decimals(digits, factor, suffix));
    for (std::size_t i = 0; column != nullptr && i < run.rows.size(); ++i) {
      const auto& value = run.rows[i].*error;
      if (value) column->cells[i].text += fmt::format(" ± {:.{}f}", *value * factor, digits);
    }
  };
  constexpr int kDigits = 3;
  with_error("KL", &Row::kl, &Row::kl_error, 1, kDigits, "");
  add_numbers(run, table, "median", &Row::kl_median, decimals(kDigits));
  add_numbers(run, table, "99.9 %", &Row::kl_p999, decimals(kDigits));
  add_numbers(run, table, "maximum", &Row::kl_max, decimals(kDigits));
  const bool any = table.columns.size() > identity;
  for (std::size_t i = identity; i < table.columns.size(); ++i)
    table.columns[i].group = "KL divergence, nats per image";
  if (any) table.columns[identity].header = "mean";
  with_error("Changed top detections", &Row::top_changed, &Row::top_changed_error, 100, 2, " %");
  if (!any) return {};
  add_numbers(run, table, "AP", &Row::ap, decimals(2, 100));
  table.notes.emplace_back(
      "KL divergence of the head's scores from the unquantized network's, each a Bernoulli "
      "distribution, summed over an image's anchors (classes weighted by the unquantized network's "
      "objectness). Changed top detections: of the anchors that one of the two networks scores at "
      "0.25 or above, those that the other one does not, or with another class. ±: standard error "
      "over images. No annotations are used.");
  return table;
}

std::vector<std::string> failures(const Run& run) {
  std::vector<std::string> lines;
  for (const Row& row : run.rows) {
    const std::string name = label_of(row);
    if (row.status != "ok" && row.status != "pending") {
      lines.push_back(
          fmt::format("{}: {}{}{}", name, row.status, row.error.empty() ? "" : ": ", row.error));
    }
    if (!row.latency_error.empty())
      lines.push_back(fmt::format("{}: latency: {}", name, row.latency_error));
  }
  const auto pending = std::count_if(run.rows.begin(), run.rows.end(),
                                     [](const Row& row) { return row.status == "pending"; });
  if (pending > 0)
    lines.push_back(fmt::format("{} of {} cells have no result yet", pending, run.rows.size()));
  return lines;
}

}  // namespace qyolo::results
