#include "results/host_record.h"

#include "results/fields.h"

namespace qyolo::results {

OrderedJson host_json(const HostRecord& host) {
  FieldWriter fields;
  fields("cpu", host.cpu);
  fields.if_any("board", host.board);
  fields("cores", host.cores);
  fields("threads", host.threads);
  fields("memory_bytes", host.memory_bytes);
  fields("governor", host.governor);
  fields("os", host.os);
  fields("kernel", host.kernel);
  fields("architecture", host.architecture);
  fields("flags", host.flags);
  return std::move(fields).json();
}

OrderedJson versions_json(const VersionsRecord& versions) {
  FieldWriter fields;
  fields("qyolo", versions.qyolo);
  fields("git", versions.git);
  fields("compiler", versions.compiler);
  fields("opencv", versions.opencv);
  fields.if_any("onednn", versions.onednn);
  return std::move(fields).json();
}

}  // namespace qyolo::results
