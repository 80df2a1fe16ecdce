#include "results/timing_record.h"

#include "results/fields.h"
#include "results/record.h"

namespace qyolo::results {

constexpr std::string_view kTiming = "timing";

template <class Fields>
void describe(Fields& fields, Of<Fields, TimedNetworkRecord>& network) {
  fields("network", network.network);
  fields("precision", network.precision);
  fields("simulated", network.simulated);
  fields("milliseconds", network.milliseconds);
  fields.if_any("AP", network.ap);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, TimingRecord>& record) {
  fields("asked", record.asked);
  fields("host", record.host);
  fields("batch", record.batch);
  fields("height", record.height);
  fields("width", record.width);
  fields("threads", record.threads);
  fields("networks", record.networks);
  fields("warning", record.warning);
}

OrderedJson timing_json(const TimingRecord& record) {
  return document_json(kTiming, kSchema, record);
}

Result<TimingRecord> read_timing(const Json& document, const std::string& place) {
  return read_document<TimingRecord>(kTiming, kSchema, document, place);
}

}  // namespace qyolo::results
