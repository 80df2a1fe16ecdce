#include "results/columns.h"

namespace qyolo::results {
namespace {

constexpr double kLargest = 1e15;

constexpr NumberColumn metric(std::string_view key, std::optional<double> Row::*value) {
  return {key, "accuracy", "metrics", key, value, 0, 1, false, true};
}

constexpr NumberColumn bytes(std::string_view key, std::optional<double> Row::*value) {
  return {key, "accuracy", "memory", key, value, 0, kLargest, true};
}

constexpr NumberColumn ratio(std::string_view key, std::optional<double> Row::*value) {
  return {key, "accuracy", "memory", key, value, 0, kLargest};
}

constexpr NumberColumn time(std::string_view name, std::string_view key,
                            std::optional<double> Row::*value) {
  return {name, "latency", "latency", key, value, 0, kLargest};
}

constexpr NumberColumn count(std::string_view name, std::string_view kind, std::string_view section,
                             std::string_view key, std::optional<double> Row::*value) {
  return {name, kind, section, key, value, 0, kLargest, true};
}

constexpr NumberColumn uncertain(std::string_view key, std::optional<double> Row::*value,
                                 double high = 1) {
  return {key, "accuracy", "uncertainty", key, value, 0, high};
}

constexpr NumberColumn divergence(std::string_view name, std::string_view key,
                                  std::optional<double> Row::*value) {
  return {name, "accuracy", "certainty.kl", key, value, 0, kLargest};
}

constexpr NumberColumn kColumns[] = {
    count("images", "accuracy", "", "images", &Row::images),
    count("detections", "accuracy", "", "detections", &Row::detections),
    metric("AP", &Row::ap),
    metric("AP50", &Row::ap50),
    metric("AP75", &Row::ap75),
    metric("APs", &Row::ap_small),
    metric("APm", &Row::ap_medium),
    metric("APl", &Row::ap_large),
    metric("AR1", &Row::ar1),
    metric("AR10", &Row::ar10),
    metric("AR100", &Row::ar100),
    metric("ARs", &Row::ar_small),
    metric("ARm", &Row::ar_medium),
    metric("ARl", &Row::ar_large),
    {"delta_AP", "", "", "", &Row::delta_ap, -1, 1},
    {"delta_AP_low", "accuracy", "uncertainty.delta_AP", "low", &Row::delta_ap_low, -1, 1},
    {"delta_AP_high", "accuracy", "uncertainty.delta_AP", "high", &Row::delta_ap_high, -1, 1},
    {"delta_AP_standard_error", "accuracy", "uncertainty.delta_AP", "standard_error",
     &Row::delta_ap_error, 0, kLargest},
    {"delta_AP50", "", "", "", &Row::delta_ap50, -1, 1},
    {"delta_AP50_low", "accuracy", "uncertainty.delta_AP50", "low", &Row::delta_ap50_low, -1, 1},
    {"delta_AP50_high", "accuracy", "uncertainty.delta_AP50", "high", &Row::delta_ap50_high, -1, 1},
    {"delta_AP50_standard_error", "accuracy", "uncertainty.delta_AP50", "standard_error",
     &Row::delta_ap50_error, 0, kLargest},
    uncertain("p_loss_above_tolerance", &Row::loss_above_tolerance),
    uncertain("tolerance", &Row::tolerance),
    uncertain("margin", &Row::margin),
    uncertain("confidence", &Row::confidence),
    uncertain("effective_images", &Row::effective_images, kLargest),
    count("objects", "accuracy", "uncertainty", "objects", &Row::objects),
    count("certainty_images", "accuracy", "certainty", "images", &Row::certainty_images),
    divergence("kl", "mean", &Row::kl),
    divergence("kl_standard_error", "standard_error", &Row::kl_error),
    divergence("kl_median", "median", &Row::kl_median),
    divergence("kl_p999", "p999", &Row::kl_p999),
    divergence("kl_max", "max", &Row::kl_max),
    count("top_detections", "accuracy", "certainty.top_detections", "count", &Row::top_detections),
    {"top_changed", "accuracy", "certainty.top_detections", "changed", &Row::top_changed, 0, 1},
    {"top_changed_standard_error", "accuracy", "certainty.top_detections", "standard_error",
     &Row::top_changed_error, 0, 1},
    {"sqnr_db", "accuracy", "weight_error", "sqnr_db", &Row::sqnr_db, -kLargest, kLargest},
    {"mse", "accuracy", "weight_error", "mse", &Row::mse, 0, 1e300},
    bytes("true_bytes", &Row::true_bytes),
    bytes("coded_bytes", &Row::coded_bytes),
    bytes("payload_bytes", &Row::payload_bytes),
    bytes("scale_bytes", &Row::scale_bytes),
    bytes("zero_point_bytes", &Row::zero_point_bytes),
    bytes("breakpoint_bytes", &Row::breakpoint_bytes),
    bytes("region_bytes", &Row::region_bytes),
    bytes("correction_bytes", &Row::correction_bytes),
    bytes("unquantized_bytes", &Row::unquantized_bytes),
    bytes("paper_bytes", &Row::paper_bytes),
    ratio("bits_per_weight", &Row::bits_per_weight),
    ratio("ratio_fp16_true", &Row::ratio_fp16_true),
    ratio("ratio_fp16_paper", &Row::ratio_fp16_paper),
    ratio("ratio_fp32_true", &Row::ratio_fp32_true),
    time("latency_median_ms", "median", &Row::latency_median_ms),
    time("latency_p95_ms", "p95", &Row::latency_p95_ms),
    time("latency_p99_ms", "p99", &Row::latency_p99_ms),
    time("latency_mean_ms", "mean", &Row::latency_mean_ms),
    time("latency_stddev_ms", "stddev", &Row::latency_stddev_ms),
    time("latency_min_ms", "min", &Row::latency_min_ms),
    time("latency_max_ms", "max", &Row::latency_max_ms),
    count("latency_batch", "latency", "latency", "batch", &Row::latency_batch),
    count("latency_height", "latency", "latency", "height", &Row::latency_height),
    count("latency_width", "latency", "latency", "width", &Row::latency_width),
    count("latency_threads", "latency", "latency", "threads", &Row::latency_threads),
};

}  // namespace

std::span<const NumberColumn> number_columns() { return kColumns; }

}  // namespace qyolo::results
