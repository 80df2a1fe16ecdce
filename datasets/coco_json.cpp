#include "datasets/coco_json.h"

#include <utility>

#include "common/file_kind.h"
#include "datasets/coco_json_content.h"
#include "datasets/coco_json_fields.h"
#include "datasets/coco_json_findings.h"

namespace qyolo::datasets {
namespace {

// The scanner's result, or nothing where it is not sure; `done` as in coco_json_scan.h.
template <class Done>
std::optional<WrittenTruth> scanned(std::string_view json, int threads, Done done,
                                    std::size_t examples) {
  WrittenTruth written{{}, {}, {}, TruthFindings(examples)};
  if (!scan_ground_truth(json, threads, done, written.truth)) return std::nullopt;
  return written;
}

Result<TruthFile> parsed_generally(std::string_view json, const std::string& where,
                                   std::size_t examples) {
  const simdjson::padded_string copy(json);
  QYOLO_TRY(WrittenTruth written,
            parse_written_truth({copy.data(), copy.size()},
                                copy.size() + simdjson::SIMDJSON_PADDING, where, examples));
  return checked_truth(std::move(written), where);
}

// Says what a file is that is no JSON at all.
Status check_kind(std::string_view json, const std::string& where) {
  const auto kind = kind_of_file(json);
  if (!kind) return {};
  return error("{} is {}, expected JSON{}{}", where, kind->name, kind->advice.empty() ? "" : ": ",
               kind->advice);
}

}  // namespace

Result<GroundTruth> usable_truth(TruthFile file, const std::string& where) {
  for (const TruthFinding& finding : file.findings) {
    if (!refuses(finding.problem)) continue;
    const std::string more =
        finding.count == 1
            ? ""
            : fmt::format(" ({} entries like this; `qyolo doctor` lists all problems)",
                          finding.count);
    return error("{}: {}{}", where, finding.examples.front(), more);
  }
  return std::move(file.truth);
}

Result<TruthFile> examine_coco_annotations(std::string_view json, const std::string& where,
                                           int threads, std::size_t examples) {
  QYOLO_CHECK_OK(check_kind(json, where));
  json = without_byte_order_mark(json);
  if (auto written = scanned(
          json, threads, [](const char*) {}, examples))
    return checked_truth(std::move(*written), where);
  return parsed_generally(json, where, examples);
}

Result<TruthFile> examine_coco_annotations(const std::filesystem::path& path, int threads,
                                           std::size_t examples) {
  QYOLO_TRY(Content content, Content::open(path));
  QYOLO_CHECK_OK(check_kind(content.text(), path.string()));
  const std::string_view json = without_byte_order_mark(content.text());
  const auto release = [&content](const char* at) { content.release_before(at); };
  if (auto written = scanned(json, threads, release, examples))
    return checked_truth(std::move(*written), path.string());
  if (content.readable_after() < simdjson::SIMDJSON_PADDING)
    return parsed_generally(json, path.string(), examples);
  QYOLO_TRY(
      WrittenTruth written,
      parse_written_truth(json, json.size() + simdjson::SIMDJSON_PADDING, path.string(), examples));
  return checked_truth(std::move(written), path.string());
}

Result<GroundTruth> parse_coco_annotations(std::string_view json, const std::string& where,
                                           int threads) {
  QYOLO_TRY(TruthFile file, examine_coco_annotations(json, where, threads, 1));
  return usable_truth(std::move(file), where);
}

Result<GroundTruth> read_coco_annotations(const std::filesystem::path& path, int threads) {
  QYOLO_TRY(TruthFile file, examine_coco_annotations(path, threads, 1));
  return usable_truth(std::move(file), path.string());
}

}  // namespace qyolo::datasets
