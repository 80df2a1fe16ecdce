#include "harness/search/kept_proxies.h"

#include <fmt/format.h>

#include <limits>

#include "common/file.h"
#include "common/sha256.h"
#include "harness/evaluate/calibration.h"
#include "harness/quant/calibrated.h"
#include "results/fields.h"
#include "results/proxy_record.h"
#include "results/renderers.h"

namespace qyolo::harness {
namespace {

using results::finite_or_none;

results::ProxyValues values_of(const KeptProxy& proxy) {
  const HeadDivergence& d = proxy.divergence;
  return {finite_or_none(proxy.weight_noise),
          finite_or_none(d.head_noise),
          finite_or_none(d.objectness),
          finite_or_none(d.classes),
          finite_or_none(d.boxes),
          d.images,
          d.levels};
}

KeptProxy proxy_of(const results::ProxyValues& values) {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  KeptProxy proxy;
  proxy.weight_noise = values.weight_noise.value_or(kNone);
  proxy.divergence.head_noise = values.head_noise.value_or(kNone);
  proxy.divergence.objectness = values.objectness.value_or(kNone);
  proxy.divergence.classes = values.classes.value_or(kNone);
  proxy.divergence.boxes = values.boxes.value_or(kNone);
  proxy.divergence.images = values.images;
  proxy.divergence.levels = values.levels;
  return proxy;
}

}  // namespace

Result<KeptProxies> KeptProxies::open(const std::optional<ShareOptions>& share,
                                      const Evaluator& evaluator, const CalibrationSet& compared) {
  KeptProxies kept;
  kept.share_ = share;
  if (!share) return kept;
  QYOLO_TRY(const std::string images, calibration_sha256(compared, evaluator.threads()));
  // The rounding of weights takes all of the calibration images, not only those compared on.
  kept.common_ = fmt::format("proxies 2 of {} on {} by {} calibrated {} rounding {} with {}",
                             evaluator.checkpoint_sha256(), images, evaluator.executor_identity(),
                             evaluator.calibration_sha256(), quant::kCalibratedRoundingVersion,
                             evaluator.options().as_json().dump());
  return kept;
}

std::vector<std::size_t> KeptProxies::order(std::size_t count) const {
  const std::size_t start = share_ ? share_->shard.index * count / share_->shard.count : 0;
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < count; ++i) order.push_back((start + i) % count);
  return order;
}

std::string KeptProxies::asked(std::string_view what) const {
  return sha256_hex(fmt::format("{}\n{}", common_, what)).substr(0, 32);
}

std::filesystem::path KeptProxies::file_of(const std::string& asked) const {
  return share_->folder / "proxies" / (asked + ".json");
}

std::optional<std::vector<KeptProxy>> KeptProxies::find(std::string_view what,
                                                        std::size_t networks) const {
  if (!share_) return std::nullopt;
  const std::string key = asked(what);
  const std::filesystem::path file = file_of(key);
  const auto json = read_json(file);
  if (!json.ok()) return std::nullopt;
  const auto record = results::read_proxies(*json, file.string());
  if (!record.ok() || record->asked != key || record->networks.size() != networks)
    return std::nullopt;
  std::vector<KeptProxy> proxies;
  for (const results::ProxyValues& values : record->networks) proxies.push_back(proxy_of(values));
  return proxies;
}

Status KeptProxies::keep(std::string_view what, std::span<const KeptProxy> proxies) const {
  if (!share_) return {};
  results::ProxyRecord record;
  record.asked = asked(what);
  for (const KeptProxy& proxy : proxies) record.networks.push_back(values_of(proxy));
  const std::filesystem::path file = file_of(record.asked);
  QYOLO_CHECK_OK(create_folder(file.parent_path()));
  return write_file(file, results::document_text(results::proxy_json(record)));
}

}  // namespace qyolo::harness
