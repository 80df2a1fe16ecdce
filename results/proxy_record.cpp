#include "results/proxy_record.h"

#include "common/sha256.h"
#include "results/fields.h"
#include "results/record.h"

namespace qyolo::results {

constexpr std::string_view kProxies = "proxies";
constexpr std::string_view kSha256 = "sha256";

template <class Fields>
void describe(Fields& fields, Of<Fields, ProxyValues>& values) {
  fields("weight_noise", values.weight_noise);
  fields("head_noise", values.head_noise);
  fields("objectness", values.objectness);
  fields("classes", values.classes);
  fields("boxes", values.boxes);
  fields("images", values.images);
  fields("levels", values.levels);
}

template <class Fields>
void describe(Fields& fields, Of<Fields, ProxyRecord>& record) {
  fields("asked", record.asked);
  fields("networks", record.networks);
}

OrderedJson proxy_json(const ProxyRecord& record) {
  OrderedJson json = document_json(kProxies, kSchema, record);
  json[std::string(kSha256)] = sha256_hex(json.dump());
  return json;
}

Result<ProxyRecord> read_proxies(const Json& document, const std::string& place) {
  QYOLO_TRY(ProxyRecord record, read_document<ProxyRecord>(kProxies, kSchema, document, place));
  const std::string expected = proxy_json(record)[std::string(kSha256)].get<std::string>();
  if (member(document, std::string(kSha256)) != expected)
    return error("{} is damaged: its SHA-256 is that of something else", place);
  return record;
}

}  // namespace qyolo::results
