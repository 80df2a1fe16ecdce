#include "results/task_file.h"

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>

#include "common/sha256.h"
#include "results/fields.h"
#include "results/record.h"
#include "results/text.h"

namespace qyolo::results {

template <class Fields>
void describe(Fields& fields, Of<Fields, TaskHost>& host) {
  fields("name", host.name);
  fields("cpu", host.cpu);
  fields("instructions", host.instructions);
  fields("qyolo", host.qyolo);
  fields("git", host.git);
  fields("executor", host.executor);
}

namespace {

// The layout: kMagic, the header's length (4 bytes, little endian), the header (JSON), images and
// heads as below, and the SHA-256 of all before it in hexadecimal.
constexpr std::string_view kMagic = "qyolo task 1\n";
constexpr std::size_t kDigest = 64;
constexpr std::string_view kTaskKind = "task";
// Boxes have 3 decimals and scores 5, as a results file has them.
constexpr double kBoxUnit = 1e3, kScoreUnit = 1e5;
// Up to here a product with a unit is an exact integer, and the quotient is the number again.
constexpr double kLargestWhole = 4503599627370496.0;

struct Header {
  std::string key, error;
  TaskHost host;
  OrderedJson record;
  std::uint64_t images = 0, detections = 0, heads = 0;
};

template <class Fields>
void describe(Fields& fields, Of<Fields, Header>& header) {
  fields("key", header.key);
  fields.if_any("error", header.error);
  fields("host", header.host);
  fields("record", header.record);
  fields("images", header.images);
  fields("detections", header.detections);
  fields("heads", header.heads);
}

// Numbers, smaller ones in fewer bytes: seven bits each, the lowest first (LEB128).
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  void whole(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  // Small in both directions.
  void with_sign(std::int64_t value) {
    whole((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void bits(double value) {
    const auto raw = std::bit_cast<std::uint64_t>(value);
    for (int shift = 0; shift < 64; shift += 8) out_ += static_cast<char>(raw >> shift);
  }

 private:
  std::string& out_;
};

// After the first number that is not there, `ok` is false and all others are 0.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}
  std::uint64_t whole() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (left_.empty()) return fail();
      const auto byte = static_cast<unsigned char>(left_.front());
      left_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    return fail();
  }
  std::int64_t with_sign() {
    const std::uint64_t value = whole();
    return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
  }
  double bits() {
    if (left_.size() < 8) return static_cast<double>(fail());
    std::uint64_t raw = 0;
    for (std::size_t i = 0; i < 8; ++i)
      raw |= std::uint64_t{static_cast<unsigned char>(left_[i])} << (8 * i);
    left_.remove_prefix(8);
    return std::bit_cast<double>(raw);
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return ok_ && left_.empty(); }

 private:
  std::uint64_t fail() {
    ok_ = false;
    left_ = {};
    return 0;
  }
  std::string_view left_;
  bool ok_ = true;
};

// `value` in units, where dividing gives it back bit for bit.
std::optional<std::int64_t> in_units(double value, double unit) {
  const double scaled = std::round(value * unit);
  if (!(std::abs(scaled) < kLargestWhole)) return std::nullopt;
  const auto whole = static_cast<std::int64_t>(scaled);
  const double again = static_cast<double>(whole) / unit;
  if (std::bit_cast<std::uint64_t>(again) != std::bit_cast<std::uint64_t>(value))
    return std::nullopt;  // -0 is no integer, either
  return whole;
}

void write_detection(const Detection& detection, std::size_t category, Writer& out) {
  std::array<std::int64_t, 5> units{};
  bool exact = true;
  for (std::size_t i = 0; i < 5; ++i) {
    const auto whole =
        i < 4 ? in_units(detection.bbox[i], kBoxUnit) : in_units(detection.score, kScoreUnit);
    exact = exact && whole.has_value();
    units[i] = whole.value_or(0);
  }
  out.whole(2 * category + (exact ? 0 : 1));
  if (exact) {
    for (const std::int64_t whole : units) out.with_sign(whole);
    return;
  }
  for (const double side : detection.bbox) out.bits(side);
  out.bits(detection.score);
}

Detection read_detection(std::uint64_t tag, Reader& in) {
  Detection detection;
  const bool exact = tag % 2 == 0;
  for (double& side : detection.bbox)
    side = exact ? static_cast<double>(in.with_sign()) / kBoxUnit : in.bits();
  detection.score = exact ? static_cast<double>(in.with_sign()) / kScoreUnit : in.bits();
  return detection;
}

bool is_finite(const Detection& detection) {
  for (const double side : detection.bbox) {
    if (!std::isfinite(side)) return false;
  }
  return std::isfinite(detection.score);
}

std::uint32_t length_at(std::string_view bytes) {
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < 4; ++i)
    length |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return length;
}

// What a record says of the cell, without the members that images decide.
OrderedJson record_json(const TaskFile& task) {
  return task.failed() ? failed_json(kAccuracy, task.record.identity, Error{task.error})
                       : accuracy_json(task.record);
}

Status read_record(const Json& header, std::string_view text, const std::string& place,
                   TaskFile& task) {
  if (task.failed()) {
    const Json& record = member(header, "record");
    task.record.identity.key = json_text(record, "key");
    task.record.identity.execution.simulated = execution_text(record).starts_with("simulated");
    task.record.identity.execution.precision = json_text(record, "precision");
    task.record.identity.execution.engine = json_text(record, "engine");
  } else {
    QYOLO_TRY(task.record, read_accuracy(member(header, "record"), place));
  }
  // Members in the order in which they were written.
  const OrderedJson ordered = OrderedJson::parse(text);
  const OrderedJson& record = ordered.at("record");
  if (record.contains("cell")) task.record.identity.cell = record.at("cell");
  if (record.contains("memory")) task.record.memory = record.at("memory");
  return {};
}

Status read_images(const Header& header, const GroundTruth& truth, const std::string& place,
                   Reader& in, TaskFile& task) {
  std::size_t at = 0;
  for (std::uint64_t i = 0; i < header.images; ++i) {
    const std::uint64_t image = in.whole(), count = in.whole();
    if (!in.ok() || image >= truth.images.size())
      return error("{}: images[{}] is none of the {} evaluated", place, i, truth.images.size());
    if (count > header.detections - at)
      return error("{}: images[{}] has more detections than there are", place, i);
    task.images.push_back({static_cast<std::size_t>(image), static_cast<std::size_t>(count)});
    for (std::uint64_t k = 0; k < count; ++k, ++at) {
      const std::uint64_t tag = in.whole();
      if (!in.ok() || tag / 2 >= truth.categories.size()) {
        return error("{}: detections[{}] is of none of the {} categories", place, at,
                     truth.categories.size());
      }
      Detection detection = read_detection(tag, in);
      if (!in.ok() || !is_finite(detection))
        return error("{}: detections[{}] has a box or score that is no number", place, at);
      detection.image_id = truth.images[task.images.back().image].id;
      detection.category_id = truth.categories[static_cast<std::size_t>(tag / 2)].id;
      task.detections.push_back(detection);
    }
  }
  if (at != header.detections)
    return error("{}: {} detections, expected {}", place, at, header.detections);
  return {};
}

}  // namespace

std::string task_file_name(std::string_view key) { return std::string(key) + ".task"; }

Result<std::string> encode_task(const TaskFile& task, const GroundTruth& truth) {
  std::unordered_map<std::int64_t, std::size_t> categories;
  for (std::size_t i = 0; i < truth.categories.size(); ++i)
    categories.emplace(truth.categories[i].id, i);
  Header header{task.key,          task.error,         task.host,
                record_json(task), task.images.size(), task.detections.size(),
                task.heads.size()};
  const std::string text = document_json(kTaskKind, kSchema, header)
                               .dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  std::string bytes(kMagic);
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(text.size() >> shift);
  bytes += text;
  Writer out(bytes);
  std::size_t at = 0;
  for (const TaskImage& image : task.images) {
    out.whole(image.image);
    out.whole(image.detections);
    for (std::size_t i = 0; i < image.detections; ++i, ++at) {
      const Detection& detection = task.detections[at];
      const auto category = categories.find(detection.category_id);
      if (category == categories.end() || detection.image_id != truth.images[image.image].id)
        return error("task {}: detections[{}] is of no image or category of its own", task.key, at);
      write_detection(detection, category->second, out);
    }
  }
  for (const TaskHead& head : task.heads) {
    out.bits(head.kl);
    out.with_sign(head.top);
    out.with_sign(head.changed);
  }
  return bytes + sha256_hex(bytes);
}

Result<TaskFile> decode_task(std::string_view bytes, std::string_view key, const GroundTruth& truth,
                             const std::string& place) {
  if (!bytes.starts_with(kMagic)) return error("{} is no task file of this qyolo", place);
  const std::string_view content = bytes.substr(0, bytes.size() - std::min(kDigest, bytes.size()));
  if (content.size() < kMagic.size() + 4 ||
      sha256_hex(content) != bytes.substr(bytes.size() - kDigest)) {
    return error("{} is damaged or cut short (its SHA-256 is another one)", place);
  }
  const std::size_t length = length_at(content.substr(kMagic.size()));
  const std::string_view behind = content.substr(kMagic.size() + 4);
  if (length > behind.size()) return error("{}: its header has no end", place);
  const std::string_view text = behind.substr(0, length);
  QYOLO_TRY(const Json document, parse_json(text, place));
  QYOLO_TRY(Header header, read_document<Header>(kTaskKind, kSchema, document, place));
  if (header.key != key) return error("{} is of the task {}, expected {}", place, header.key, key);
  TaskFile task;
  task.key = std::move(header.key);
  task.error = std::move(header.error);
  task.host = std::move(header.host);
  QYOLO_CHECK_OK(read_record(document, text, place, task));
  Reader in(behind.substr(length));
  QYOLO_CHECK_OK(read_images(header, truth, place, in, task));
  for (std::uint64_t i = 0; i < header.heads && in.ok(); ++i) {
    TaskHead head{in.bits(), 0, 0};
    head.top = in.with_sign();
    head.changed = in.with_sign();
    task.heads.push_back(head);
  }
  if (!in.at_end()) return error("{} has another length than its header says", place);
  return task;
}

}  // namespace qyolo::results
