#include "report/texts.h"

namespace qyolo::report {
namespace {

constexpr Named kChecks[] = {
    {"image_missing", "Listed images without a file"},
    {"image_outside", "Image names that lead out of the folder"},
    {"image_listed_twice", "Images listed more than once"},
    {"image_unreadable", "Damaged or truncated image files"},
    {"leaked_image", "Evaluation images that are calibration images, too"},
    {"shared_name", "Images named like a calibration image, with other content"},
    {"image_twice", "Images with the content of another one"},
    {"size_differs", "Images whose stated size is not that of the file"},
    {"image_without_boxes", "Images without objects"},
    {"file_not_listed", "Image files in the folder that are not listed"},
    {"box_empty", "Boxes without area"},
    {"box_outside", "Boxes wholly outside their image"},
    {"box_beyond_edge", "Boxes that reach beyond the image’s edge"},
    {"box_tiny", "Boxes thinner than one pixel"},
    {"object_twice", "Objects annotated more than once"},
    {"box_of_two_classes", "Boxes annotated as two classes"},
    {"id_twice", "Annotations with the id of another one"},
    {"class_missing", "Classes of the model without a category"},
    {"class_unknown", "Categories that are no class of the model"},
    {"entry_unreadable", "Entries without a usable id or name"},
    {"image_unnamed", "Listed images without a file name"},
    {"image_id_twice", "Images with the id of another one"},
    {"image_unsupported", "Image files of a kind that is not supported"},
    {"image_damaged", "image files whose data is damaged"},
    {"image_unended", "JPEG files without their end marker"},
    {"image_renamed", "Image names spelled in another way than their files’"},
    {"image_converted", "Images of which decoding leaves something out"},
    {"size_unknown", "Images without a usable width or height"},
    {"object_of_no_image", "Annotations of images that are not listed"},
    {"object_of_no_class", "Annotations of categories that are not listed"},
    {"box_malformed", "Boxes that are no four numbers"},
    {"area_malformed", "Areas or crowd marks that cannot be used"},
    {"id_zero", "Annotations with the id 0"},
    {"id_missing", "Annotations without a usable id"},
    {"category_id_twice", "Categories with the id of another one"},
    {"class_unpaired", "Classes and categories that cannot be paired"},
    {"category_unused", "Categories without annotations that are no class of the model"},
    {"class_empty", "Classes without objects"},
    {"class_rare", "Classes with few objects"},
};

constexpr Named kEnvironment[] = {
    {"cpu", "Processor"},
    {"cores", "Cores"},
    {"threads", "Threads used"},
    {"memory", "Memory"},
    {"governor", "Frequency governor"},
    {"flags", "Instruction sets"},
    {"os", "Operating system"},
    {"kernel", "Kernel"},
    {"execution", "Execution"},
    {"executor", "Executor"},
    {"qyolo", "qyolo"},
    {"git", "Commit"},
    {"compiler", "Compiler"},
    {"opencv", "OpenCV"},
    {"checkpoint", "Checkpoint"},
    {"checkpoint_sha256", "Its SHA-256"},
    {"images", "Images"},
    {"annotations", "Annotations"},
    {"dataset_sha256", "SHA-256 of both"},
    {"calibration", "Calibration images"},
    {"calibration_sha256", "Their SHA-256"},
};

constexpr Named kCommands[] = {
    {"poc", "This report"},
    {"quantize", "The network as a packed file"},
    {"export", "The network for other runtimes (ONNX)"},
    {"eval", "Its accuracy alone"},
    {"diff", "What changed, object by object, with pictures"},
    {"tables", "All records as tables"},
    {"doctor", "The check of the data"},
};

constexpr Texts kTexts = {
    .html_lang = "en",
    .title = "Proof of concept: quantizing {0}",
    .subtitle = "{0} · {1} images · {2}",
    .contents = "Contents",
    .points = "{0} points",
    .percent = "{0} %",
    .interval = "{0} to {1}",
    .per_100 = "{0}",
    .absent = "–",
    .list_more = "and {0} more",
    .count_words = {"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
                    "ten"},
    .full_stop = ".",
    .plain_separator = ", ",
    .plain_bits = "{0} bits",
    .plain_float = "floating point",
    .plain_weights = "Weights in {0}",
    .plain_first_one = "the first layer",
    .plain_first = "the first {0} layers",
    .plain_head = "the head",
    .plain_and = "{0} and {1}",
    .plain_other_one = "one other layer",
    .plain_others = "{0} other layers",
    .plain_in = "{0} in {1}",
    .plain_in_float = "{0} in floating point",
    .plain_mixed = "Weights in {0} to {1} bits, chosen layer by layer: {2}",
    .plain_in_layers = "{0} in {1} layers",
    .plain_activations = "activations in {0}",
    .verdict = "Verdict",
    .headline = {"Yes: quantize it", "Not decided yet: more images are needed",
                 "No: none of the networks tried is good enough",
                 "No verdict: the FP32 baseline is not usable"},
    .recommended =
        "Recommended: {0}. Its weights take {2}, which is {1} times smaller than FP16, and it "
        "{3}.",
    .recommended_2 =
        "With {0} confidence the loss is at most {1}; allowed were {2} "
        "(tolerance {3} minus a safety margin of {4}).",
    .undecided =
        "{0} images are not enough to be sure. The smallest network that may be good "
        "enough is {1}: it {2}, with an interval of {3}.",
    .undecided_2 = "Allowed is a loss of {0} (tolerance {1} minus a safety margin of {2}).",
    .undecided_classes = "Undecided are these classes with a tolerance of their own: {0}.",
    .list_separator = ", ",
    .simplest =
        "Simpler to roll out, with one recipe for all layers: {0}. Its weights take {1}, {2} times "
        "smaller than FP16, and it {3}.",
    .confirmed =
        "It was chosen on {1} of the images. On the {0} others, which took no part in the choice, "
        "it {2} (interval {3}).",
    .not_confirmed =
        "It was chosen on all {0} images: there are too few to hold some out and confirm it.",
    .undecided_more = "About {0} more images like these would settle it.",
    .none =
        "Of {0} quantized networks, none is within the allowed loss of {1} "
        "(tolerance {2} minus a safety margin of {3}) and the tolerances of the classes.",
    .none_2 = "The closest, {0}, {1} (interval {2}).",
    .unusable =
        "The unquantized network reaches an AP of {0} on these images; below {1} there is "
        "no accuracy that quantization could cost.",
    .unusable_2 =
        "Check that the checkpoint was trained for these classes, that annotations and "
        "categories are those of these images, and that the input size is right. "
        "Sizes and latency below are valid all the same.",
    .loses = "loses {0} of AP",
    .gains = "loses no AP (it gains {0})",
    .loses_nothing = "loses no AP",
    .certain_gain = "With {0} confidence no AP is lost at all.",
    .few_images = "Caution: {0} images are few; take every number here as a first impression.",
    .few_objects =
        "Caution: fewer than 10 objects of these classes were seen, which says little about them: "
        "{0}.",
    .data_errors = "The check of the data found errors: see “{0}” before relying on these numbers.",
    .tile_size = "Size of the weights",
    .tile_size_note = "{0}× smaller than FP16, {1}× than FP32",
    .tile_ap = "AP",
    .tile_ap_note = "{0} in FP32; difference {1}",
    .tile_missed = "Newly missed objects",
    .tile_missed_note = "in 100 images; all missed: {0} before, {1} after",
    .tile_false = "New false alarms",
    .tile_false_note = "in 100 images; all false: {0} before, {1} after",
    .networks = "Networks tried",
    .networks_note =
        "AP is COCO’s (IoU 0.50 to 0.95) in percent. The difference to FP32 is in "
        "points, with its interval; allowed is a loss of {0}. "
        "“Coded” is the size with entropy-coded regions.",
    .sort_hint = "A click on a heading sorts.",
    .column_network = "Network",
    .column_stage = "Step",
    .column_size = "Size",
    .column_bits = "Bits per weight",
    .column_ratio = "vs FP16",
    .column_ap = "AP",
    .column_delta = "Difference",
    .column_standing = "Promise",
    .coded = "{0} coded",
    .standing = {"kept", "broken", "undecided", "–"},
    .is_baseline = "baseline",
    .is_chosen = "recommended",
    .is_closest = "examined below",
    .failed = "failed: {0}",
    .simulated_activations = "activations at {0} bits, simulated",
    .confirmed_short = "on {0} images held out from its choice: {1} ({2})",
    .stage = {"FP32 baseline", "4-bit affine", "4-bit, rounded on calibration images",
              "4-bit piecewise linear", "Finer granularity", "More bits", "Search, layer by layer",
              "8-bit activations"},
    .stage_state = {"done", "not needed: the promise was kept before",
                    "not done: there is no usable baseline",
                    "not done: no calibration images were given", "not asked for"},
    .roadmap = "Steps of the roadmap",
    .chart = "Accuracy against size",
    .chart_note =
        "Higher is more accurate, further left is smaller. Bars are the intervals of the "
        "difference to FP32. Colours and marks are those of the schemes, numbers those of the "
        "table: bold where the promise is kept, with a question mark where that is undecided; "
        "pale marks break it.",
    .chart_description =
        "AP in percent against size for {0} quantized networks. The FP32 baseline "
        "has an AP of {1}.",
    .chart_point = "{0}: {1}, AP {2} ({3})",
    .chart_below = "Networks below the scale stand at its lower edge, with their AP.",
    .line_front = "Pareto front",
    .hybrid = "hybrid",
    .axis_size = "size, MB",
    .axis_ap = "AP, %",
    .line_baseline = "FP32 {0}",
    .line_allowed = "allowed {0}",
    .classes = "Losses by class",
    .classes_binding = "Classes with a tolerance of their own are part of the promise.",
    .classes_orientation =
        "No tolerances by class were given: beside each class stands the overall "
        "tolerance, {0}, for orientation. Intervals of single classes are wider.",
    .column_class = "Class",
    .column_objects = "Objects",
    .column_before = "AP, FP32",
    .column_after = "AP, quantized",
    .column_tolerance = "Tolerance",
    .column_interval = "Interval",
    .interval_label = "{0}: {1} points, interval {2} to {3}; tolerance {4}",
    .objects = "What changes for single objects",
    .objects_note =
        "At confidence {0}, where FP32 has its best mean F1; an object is found at an "
        "IoU of {1} or more. {2} images, {3} objects.",
    .objects_none = "Nothing to compare: no object is found at any confidence.",
    .column_count = "Count",
    .row_missed = "Missed objects",
    .row_false = "False alarms",
    .row_newly_missed = "Newly missed",
    .row_newly_found = "Newly found",
    .row_newly_false = "Newly false",
    .row_no_longer_false = "No longer false",
    .fp32 = "FP32",
    .quantized = "Quantized",
    .other_class = "{0} of them shown as another class",
    .pictures_missed = "Newly missed, the surest first",
    .pictures_false = "Newly false, the surest first",
    .picture_missed = "{0}, FP32 score {1}",
    .picture_flipped = "{0}, FP32 score {1}, now shown as {2}",
    .picture_false = "{0}, score {1}",
    .picture_alt_missed = "Missed object of class {0} in {1}",
    .picture_alt_false = "False detection of class {0} in {1}",
    .latency = "Latency, memory and energy on this host",
    .latency_note =
        "One forward of {0} × {1} pixels, batch {2}, {3} threads: network only, without "
        "decoding and non-maximum suppression. Samples are interleaved.",
    .latency_none = "Not measured.",
    .latency_missing =
        "INT8 and BF16 kernels were not timed in this run. A simulated row says "
        "nothing about their speed.",
    .latency_doubtful =
        "These times are not to be trusted: the host was disturbed while they were measured.",
    .latency_ap = "AP is that of the same weights in the same arithmetic on this report’s images.",
    .latency_ap_absent = "not evaluated",
    .column_precision = "Arithmetic",
    .column_kind = "Kind",
    .column_median = "Median, ms",
    .column_spread = "Quartiles, ms",
    .column_samples = "Samples",
    .measured = "measured",
    .simulated_note = "simulated: float kernels on reconstructed weights",
    .memory = "Memory",
    .memory_note =
        "Weights as a decoder needs them, computed from their layout: codes, scales, "
        "zero-points, breakpoints, regions, and what stays in floating point.",
    .column_weights = "Weights",
    .computed = "computed",
    .memory_row = {"FP32", "FP16", "Quantized", "Quantized, regions entropy-coded",
                   "Peak of this process, FP32 simulation and image cache included"},
    .energy = "Energy",
    .energy_value =
        "{0} mJ for one FP32 forward (measured by {1}; {2}). What the machine takes when idle is "
        "not subtracted.",
    .energy_absent = "Not readable here: {0}.",
    .devices = "Measured on devices",
    .devices_note =
        "Each device ran the network itself: the median of one forward of the whole batch (network "
        "only, without decoding and non-maximum suppression), images per second, the peak memory "
        "of "
        "a process that does nothing else, and energy where the device can tell. AP is that of "
        "this "
        "report, where it evaluated the same weights in the same arithmetic.",
    .devices_int8 =
        "INT8 rows are measured integer kernels. Their activation ranges come from a synthetic "
        "image, which is enough for time and memory and says nothing about accuracy.",
    .column_batch = "Batch",
    .device_weights = {"plain weights, {0}", "packed weights, {0}",
                       "packed weights with coded regions, {0}"},
    .device_unquantized = "unquantized, in {0}",
    .device_input = "input {0} × {1}",
    .device_ap = "AP {0}",
    .device_median = "{0} ms",
    .device_rate = "{0} images/s",
    .device_peak = "peak {0}",
    .device_energy = "{0} mJ per image",
    .device_about = "{0}, threads: {1}. {2}. Measured {3}, medians of {4} forwards.",
    .device_source = "Energy: {0}, {1}; {2}. What the machine takes when idle is not subtracted.",
    .device_counter = "counter read every {0} ms",
    .device_sampled = "power read every {0} ms and integrated",
    .device_no_energy = "Energy: not readable there: {0}.",
    .device_left_out = "Left out: {0}.",
    .judged = "In other runtimes",
    .judged_note =
        "The network that this report is about, as an ONNX file, run on the same pixels and scored "
        "in "
        "the same way, on square inputs. Forwards here and there took turns.",
    .column_runtime = "Runtime",
    .column_ap_there = "AP there",
    .column_ap_here = "AP here",
    .column_integers = "Convolutions on integers",
    .column_median_there = "Median there, ms",
    .column_median_here = "Medians here",
    .sure = "How sure this is",
    .sure_method =
        "Both networks were evaluated on the same {0} resamples of the {1} images "
        "({2} objects): a paired bootstrap. In {3} of cases an interval made this way "
        "holds the difference that other images of the same kind would show.",
    .sure_effective =
        "Rare classes cause much of the scatter: the interval rests on about {0} "
        "images.",
    .sure_interval = "Difference of {0} to FP32: {1} to {2}.",
    .sure_share = "{0} of the resamples lose more than the tolerance of {1}.",
    .sure_more = "About {0} more images like these would settle what is undecided.",
    .sure_decided =
        "The interval lies on one side of the allowed loss: more images are not needed "
        "for this verdict. They need to be images of the kind that is met in use.",
    .sure_close =
        "The loss is so close to what is allowed that no reasonable number of images "
        "would tell. Another tolerance or another network decides.",
    .sure_none = "There is no interval: nothing was compared.",
    .data = "Check of the data",
    .data_summary = "{0} images, {1} objects, {2} classes were checked.",
    .data_calibration = "{0} calibration images were compared with them by content.",
    .data_clean = "Nothing was found.",
    .data_failed = "The data could not be checked: {0}.",
    .severity = {"remark", "warning", "error"},
    .column_finding = "Finding",
    .column_severity = "Kind",
    .column_examples = "Examples",
    .checks = kChecks,
    .environment = "Environment",
    .environment_keys = kEnvironment,
    .commands = "Commands that reproduce it",
    .command_keys = kCommands,
    .guideline = "Operating guideline: alert thresholds",
    .guideline_note =
        "FP32 is operated at confidence {0}. For each class this is the confidence at "
        "which the quantized network finds as many objects as FP32 does there (at an "
        "IoU of 0.5), and the false alarms per image that this costs.",
    .guideline_none = "No thresholds can be given: there is nothing to compare.",
    .guideline_reach =
        "Thresholds were chosen on these images; confirm them on others before they "
        "are put to use.",
    .column_recall_before = "Recall, FP32",
    .column_recall_same = "Recall, same threshold",
    .column_threshold = "Threshold for equal recall",
    .column_alarms = "False alarms per image, FP32",
    .column_alarms_after = "False alarms per image, new threshold",
    .unreachable = "not reached: recall is at most {0}",
    .footer = "Made by qyolo {0}. This file is complete in itself and opens without a network.",
};

}  // namespace

const Texts& english() { return kTexts; }

const Texts& texts_of(Language language) {
  return language == Language::kJapanese ? japanese() : english();
}

std::string_view text_named(std::span<const Named> texts, std::string_view name) {
  for (const auto& [key, text] : texts) {
    if (key == name) return text;
  }
  return name;
}

}  // namespace qyolo::report
