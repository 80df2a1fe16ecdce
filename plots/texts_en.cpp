#include "plots/texts.h"

namespace qyolo::plots {
namespace {

constexpr NamedText kStatuses[] = {{"failed", "failed"},
                                   {"pending", "pending"},
                                   {"skipped", "skipped"},
                                   {"unsupported", "unsupported"}};

constexpr NamedText kErrorTypes[] = {{"classification", "classification"},
                                     {"localization", "localization"},
                                     {"both", "both"},
                                     {"duplicate", "duplicate"},
                                     {"background", "background"},
                                     {"missed", "missed"},
                                     {"false positives", "false positives"},
                                     {"false negatives", "false negatives"}};

constexpr ChartTexts kTexts = {
    .language = Language::kEnglish,
    .range = "{0} to {1}",
    .list_separator = ", ",
    .sentence_space = " ",
    .other = "other",
    .hybrid = "hybrid",
    .more = "and {0} more",
    .images = "{0} images",
    .measured = "measured {0}",
    .simulated = "simulated",
    .error_bars =
        "Vertical bars: the baseline's AP plus the {0}interval of the difference to it, which is "
        "what the number of images leaves open.",
    .left_out = "{0} of {1} cells not shown.",
    .left_out_because = "{0} of {1} cells not shown: {2}.",
    .count_of_status = "{0} {1}",
    .statuses = kStatuses,
    .empty_chart = "No cell of this run has the numbers for this chart yet.",
    .baseline_is = "Baseline {0}.",
    .scheme = "Scheme",
    .pareto_front = "Pareto front",
    .bytes_title = "Accuracy against true size",
    .bytes_x = "True size, {0}",
    .bytes_x_log = "True size, {0}, log scale",
    .ap_axis = "AP, %",
    .bytes_reading =
        "Size is everything that a decoder needs. Pale marks: another cell is at most as large and "
        "at least as accurate.",
    .bytes_list = "Numbers beside marks are those of the list, from small to large.",
    .bytes_description = "COCO AP in percent against true size for {0} networks. {1}.",
    .front_description = "Pareto front from small to large: {0}.",
    .bits_title = "Accuracy against bits",
    .bits_axis = "Bits per code",
    .bits_description =
        "COCO AP in percent against bits per code, one panel for each of {0} granularities, one "
        "line per scheme. {1}.",
    .heat_title = "AP loss by scheme, bits and granularity",
    .heat_subtitle = "{0}, against {1}",
    .heat_scale = "AP loss, points",
    .heat_note =
        "AP loss: AP of the baseline minus AP of the cell, in percentage points; negative where AP "
        "rises.",
    .heat_note_tolerance =
        "Blue: at most {0} is lost, the tolerance; orange to red: more, darker with every "
        "doubling.",
    .heat_note_margin =
        "Blue: at most {0} is lost, the tolerance of {1} less the margin of {2}; orange to red: "
        "more, darker "
        "with every doubling.",
    .not_in_run = "not in the run",
    .no_ap = "no AP",
    .heat_tooltip = "{0}: AP {1}, loss {2}",
    .heat_description =
        "COCO AP lost against {0}, in percentage points, for {1} cells: a line per scheme, grouped "
        "by granularity, a column per bit width. {2}. Smallest loss: {3} ({4}), largest: {5} "
        "({6}).",
    .sqnr_title = "Weight SQNR of every layer, dB",
    .sqnr_subtitle = "{0}{1} {2}-bit",
    .sqnr_default = " (default: most granularities, then fewest bits)",
    .layers_in_order = "Layers in network order",
    .layers_named = "Layers in network order, one of {0} named",
    .over_all_weights = "{0} dB over all weights",
    .lowest_in = "lowest {0} in {1}",
    .layers_exact = "{0} of {1} layers exact",
    .larger_kernels = "larger kernels",
    .pointwise = "1x1 layers",
    .exact = "exact, no error",
    .sqnr_gaps = "No bar: the cell has no error of that layer.",
    .sqnr_layers_left_out = "{0} of {1} layers not shown.",
    .sqnr_cells_left_out = "{0} of {1} cells not shown.",
    .sqnr_exact_layer = "exact",
    .sqnr_layer_weights = "{0} weights in {1} groups",
    .sqnr_description =
        "Bars of the weights' signal to quantization noise ratio in dB for {0} layers of {1} with "
        "{2} {3}-bit.",
    .sensitivity_title = "Sensitivity of the layers",
    .sensitivity_measured_on = "{0}, {1}, {2} images",
    .on_data = " on {0}",
    .sensitivity_alone = "only this layer quantized",
    .sensitivity_but_this = "all but this layer: gained against all",
    .sensitivity_ap = "AP lost, points",
    .sensitivity_head_error = "Relative squared error of the head, %",
    .sensitivity_kl = "KL divergence of the scores, nats per image",
    .log_scale = "{0}, log scale",
    .sensitivity_top = "The {0} most sensitive of {1} layers; every other one: at most {2}.",
    .sensitivity_order = "The number is that of the layer alone.",
    .sensitivity_not_positive =
        "What is not lost, or gained, has no place on a log scale: such marks stand at its left "
        "end.",
    .sensitivity_tooltip = "{0}: {1}",
    .sensitivity_description = "Bars of {0} by layer, {1}.",
    .histogram_title = "Weights of {0}, {1}",
    .whole_layer = "the whole layer",
    .histogram_subtitle = "{0}, {1}: {2} weights from {3} to {4}",
    .histogram_sqnr = "; SQNR {0} dB",
    .histogram_exact = "; exact",
    .levels_used = "{0} of {1} levels in use; {2} of {3} weights clipped ({4}).",
    .weights_per_bin = "Weights per bin",
    .weights_per_level = "Weights per level, downwards",
    .weight_axis = "Weight",
    .lowest_level = "lowest level {0}",
    .highest_level = "highest level {0}",
    .weights_key = "weights",
    .used_levels = "used levels",
    .unused_levels = "unused levels",
    .ends_of_grid = "ends of grid",
    .breakpoints = "breakpoints",
    .clipped = "clipped: {0}",
    .bin_tooltip = "{0} to {1}: {2} weights",
    .level_tooltip = "level {0}: {1} weights",
    .histogram_description = "Histogram of {0}, {1}.",
    .grid_description = "The grid of {0} goes from {1} to {2}",
    .breakpoint_description = ", breakpoint {0}",
    .pr_title = "Precision against recall at IoU 0.5",
    .pr_description = "Precision against recall, a line per class and their mean.",
    .precision_axis = "Precision, %",
    .recall_axis = "Recall, %",
    .f1_axis = "F1, %",
    .confidence_title = "Precision, recall and F1 against confidence at IoU 0.5",
    .confidence_description =
        "Precision, recall and F1 of the detections of at least a confidence, a line per class and "
        "their mean.",
    .confidence_axis = "Confidence of at least",
    .ap50_percent = "AP50, %",
    .lowest_ap50 = "Lowest AP50",
    .best_f1_key = "Best F1, %, and its confidence",
    .lowest_best_f1 = "Lowest best F1",
    .best_f1_mark = "best mean F1 {0}",
    .classes = "Classes",
    .other_classes = "{0} other classes",
    .f1_at = "{0} at {1}",
    .curves_description = "{0}. Mean AP50 {1} percent over {2} classes; best mean F1 {3}.",
    .curve_description = " {0}: AP50 {1}, best F1 {2}.",
    .mean = "mean",
    .baseline = "baseline",
    .all_classes = "all classes",
    .against = ", against {0}",
    .confusion_setting = ", confidence of at least {0:.3g}, IoU {1:g}",
    .confusion_title = "Confusion matrix",
    .confusion_rows = "Objects",
    .confusion_columns = "Detected as",
    .background = "background",
    .right = "right, %",
    .wrong = "wrong or missed, %",
    .found = "{0} found",
    .missed = "{0} missed",
    .invented = "background taken for {0}",
    .taken_for = "{0} taken for {1}",
    .share = ": {0} ({1} %)",
    .confusion_note =
        "Rows are objects, columns detections, the last ones background; colours are shares of a "
        "row, in the last row of a "
        "column.",
    .confusion_empty = "{0} classes without either left out.",
    .most_frequent = "Most frequent confusions of two classes",
    .confusion_pair = "{0}× {1} taken for {2}",
    .confusion_description =
        "Heat map of {0} classes and background, {1}: {2} objects found, {3} taken for another "
        "class, {4} missed, {5} detections of background.",
    .errors_title = "What AP50 is lost to",
    .errors_axis = "AP50 gained by fixing these errors alone, points",
    .errors_note = "Error types of TIDE (Bolya et al. 2020); gains of the types do not add up.",
    .errors_count = "{0} ({1} errors)",
    .errors_network = "network",
    .errors_of_baseline = ", baseline",
    .errors_description = "Bars of the AP50 gained by fixing one type of errors, {0}.",
    .error_types = kErrorTypes,
    .errors_subtitle = "{0}; AP50 {1:.1f}",
    .shift_title = "Confidence of the same objects",
    .shift_network_axis = "Score of the network",
    .shift_baseline_axis = "Score of the baseline",
    .shift_heading = "Shift: network minus baseline",
    .shift_axis = "Shift of the score",
    .shift_median = "median",
    .shift_mean = "mean",
    .shift_note =
        "Objects that both networks find at IoU 0.5. The square: how many have which scores.",
    .shift_note_some = "The ranges: the {0} of {1} classes with the largest median shifts.",
    .shift_density_tooltip = "baseline {0:g} to {1:g}, network {2:g} to {3:g}: {4}",
    .shift_range_tooltip =
        "{0}: {1} objects, mean {2:+.3f}; 5 % {3:+.3f}, 25 % {4:+.3f}, median {5:+.3f}, 75 % "
        "{6:+.3f}, 95 % {7:+.3f}",
    .shift_description = "Scores of two networks for the objects that both find, {0}. {1}.",
};

}  // namespace

const ChartTexts& english_charts() { return kTexts; }

const ChartTexts& texts_of(Language language) {
  return language == Language::kJapanese ? japanese_charts() : english_charts();
}

std::string chart_text_named(std::span<const NamedText> texts, std::string_view name) {
  for (const auto& [key, text] : texts) {
    if (key == name) return std::string(text);
  }
  return std::string(name);
}

}  // namespace qyolo::plots
