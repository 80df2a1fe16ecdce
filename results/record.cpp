#include "results/record.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "common/crc32.h"
#include "common/file.h"
#include "common/outputs.h"
#include "results/cell_record.h"

namespace qyolo::results {
namespace fs = std::filesystem;
namespace {

// NaN and infinity become null, invalid UTF-8 the replacement character.
std::string dump(const OrderedJson& value, int indent = -1) {
  return value.dump(indent, ' ', false, OrderedJson::error_handler_t::replace);
}

// Flushes a file or folder to the disk; file systems that cannot are left alone.
void flush_to_disk(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

// Why `value` is no record, or nothing.
std::optional<std::string> complaint(const Json& value) {
  if (!value.is_object()) return fmt::format("is {}, expected an object", value.type_name());
  for (const char* key : {"kind", "key", "status"}) {
    const auto found = value.find(key);
    if (found == value.end() || !found->is_string())
      return fmt::format("has no '{}', expected a string", key);
  }
  const auto schema = value.find("schema");
  if (schema == value.end() || !schema->is_number_integer() || *schema < 1)
    return "has no 'schema', expected an integer from 1";
  return std::nullopt;
}

// Behind a record's line: that of all that stands before it.
constexpr std::string_view kSum = R"(,"crc32":")";
constexpr std::size_t kSumLength = kSum.size() + 8 + 2;  // eight digits, and "}

std::string sum_of(std::string_view text) {
  return fmt::format("{:08x}", crc32(std::as_bytes(std::span(text))));
}

// The line of a record with its checksum as the last member. REQUIRES: an object with members.
std::string with_sum(std::string line) {
  line.pop_back();
  return fmt::format("{0}{1}{2}\"}}", line, kSum, sum_of(line));
}

// Whether a line has a checksum that is not its own; those of earlier versions have none.
bool has_wrong_sum(std::string_view line) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  if (line.size() < kSumLength) return false;
  const std::string_view tail = line.substr(line.size() - kSumLength);
  if (!tail.starts_with(kSum)) return false;
  return tail.substr(kSum.size(), 8) != sum_of(line.substr(0, line.size() - kSumLength));
}

bool append_synced(int descriptor, std::string_view bytes) {
  return write_all(descriptor, bytes) &&
         (::fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS);
}

}  // namespace

Result<RecordLines> parse_records(std::string_view content, std::string_view place) {
  RecordLines result;
  std::size_t line = 0;
  for (std::size_t begin = 0; begin < content.size();) {
    ++line;
    const std::size_t newline = content.find('\n', begin);
    const bool last = newline == std::string_view::npos;
    const std::size_t end = last ? content.size() : newline;
    const std::string where = fmt::format("{} line {}", place, line);
    const std::string_view text = content.substr(begin, end - begin);
    begin = last ? end : end + 1;
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) {
      result.complete = begin;
      continue;
    }
    Result<Json> record = parse_json(text, where);
    if (!record.ok() && last) {
      result.warnings.push_back(where + " is half-written and was dropped");
      break;
    }
    result.complete = begin;
    if (!record.ok()) {
      result.warnings.push_back(record.error().message + "; skipped");
      continue;
    }
    if (const auto reason = complaint(*record)) {
      result.warnings.push_back(fmt::format("{} {}; skipped", where, *reason));
      continue;
    }
    if (has_wrong_sum(text)) {
      result.warnings.push_back(where + " is not what was written (its crc32); skipped");
      continue;
    }
    record->erase("crc32");
    if (const Json& schema = (*record)["schema"]; schema > kSchema) {
      return error("{} has schema {}, this qyolo knows schemas up to {}: use a newer qyolo", where,
                   schema.dump(), kSchema);
    }
    result.records.push_back(std::move(record).value());
    result.lines.push_back(line);
  }
  return result;
}

// A folder with files of other people under the names of ours is left as it is.
Status check_run_folder(const fs::path& folder) {
  const fs::path manifest = folder / "manifest.json", records = folder / "records.jsonl";
  std::error_code code;
  const auto foreign = [&](const fs::path& file) {
    return error("{} is none of qyolo's: expected a run folder, or a new one", file.string());
  };
  if (fs::exists(manifest, code)) {
    const auto json = read_json(manifest);
    if (!json.ok() || !member(*json, "schema").is_number_integer() ||
        (!json->contains("cells") && !json->contains("experiment"))) {
      return foreign(manifest);
    }
  }
  if (!fs::exists(records, code)) return {};
  QYOLO_TRY(const std::string content, read_file(records));
  QYOLO_TRY(const RecordLines lines, parse_records(content, records.string()));
  // A first line that was cut is the beginning of a record.
  constexpr std::string_view kStart = R"({"schema":)";
  const auto begins = std::string_view(content).substr(0, kStart.size());
  if (lines.records.empty() && !kStart.starts_with(begins)) return foreign(records);
  return {};
}

Result<RecordStore> RecordStore::open(const fs::path& folder) {
  QYOLO_CHECK_OK(create_folder(folder));
  const fs::path path = folder / "records.jsonl";
  QYOLO_CHECK_OK(check_not_input(path));
  if (fs::is_regular_file(path) || !fs::exists(path)) QYOLO_CHECK_OK(check_run_folder(folder));
  const int descriptor =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0666);
  if (descriptor < 0)
    return error("{} cannot be opened for writing: {}", path.string(), std::strerror(errno));
  RecordStore store;
  store.folder_ = folder;
  store.log_.reset(::fdopen(descriptor, "a"));
  if (!store.log_) {
    ::close(descriptor);
    return error("{} cannot be opened for writing: {}", path.string(), std::strerror(errno));
  }
  struct stat info {};
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode))
    return error("{} is not a regular file", path.string());
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return error(
          "{} is being written by another run: wait for it to end, or choose another "
          "folder",
          folder.string());
    }
    store.warnings_.push_back(fmt::format("{} cannot be locked ({}): start no second run into it",
                                          folder.string(), std::strerror(errno)));
  }

  QYOLO_TRY(const std::string content, read_file(path));
  QYOLO_TRY(RecordLines lines, parse_records(content, path.string()));
  store.warnings_.insert(store.warnings_.end(), lines.warnings.begin(), lines.warnings.end());
  store.size_ = static_cast<std::int64_t>(lines.complete);
  if (lines.complete < content.size() && ::ftruncate(descriptor, store.size_) != 0)
    return error("{} cannot be repaired: {}", path.string(), std::strerror(errno));
  // A last line that lacks only its end: so that the next record starts a line of its own.
  if (store.size_ > 0 && content[lines.complete - 1] != '\n') {
    if (!append_synced(descriptor, "\n"))
      return error("{} cannot be repaired: {}", path.string(), std::strerror(errno));
    ++store.size_;
  }
  for (Json& record : lines.records) store.remember(std::move(record));
  flush_to_disk(folder);
  return store;
}

void RecordStore::remember(Json record) {
  newest_[{record["kind"].get<std::string>(), record["key"].get<std::string>()}] = records_.size();
  records_.push_back(std::move(record));
}

const Json* RecordStore::newest(std::string_view kind, std::string_view key) const {
  const auto found = newest_.find({std::string(kind), std::string(key)});
  return found == newest_.end() ? nullptr : &records_[found->second];
}

bool RecordStore::finished(std::string_view kind, std::string_view key) const {
  const Json* record = newest(kind, key);
  return record != nullptr && is_complete(*record, kind);
}

Status RecordStore::append(const OrderedJson& record) {
  const std::string path = (folder_ / "records.jsonl").string();
  const std::string text = dump(record);
  QYOLO_TRY(Json parsed, parse_json(text, "the record"));
  if (const auto reason = complaint(parsed)) return error("the record {}", *reason);
  const std::string line = with_sum(text);
  const int descriptor = ::fileno(log_.get());
  if (damaged_ && ::ftruncate(descriptor, size_) != 0)
    return error("{} cannot be repaired: {}", path, std::strerror(errno));
  damaged_ = !append_synced(descriptor, line + '\n');
  if (damaged_) {
    const int failure = errno;
    damaged_ = ::ftruncate(descriptor, size_) != 0;
    return error("{} cannot be written: {}", path, std::strerror(failure));
  }
  size_ += static_cast<std::int64_t>(line.size()) + 1;
  remember(std::move(parsed));
  return {};
}

std::string record_line(const OrderedJson& record) { return with_sum(dump(record)) + '\n'; }

Status RecordStore::replace(const std::string& lines) && {
  QYOLO_CHECK_OK(write_file(folder_ / "records.jsonl", lines));
  flush_to_disk(folder_);
  log_.reset();
  return {};
}

Status write_manifest(const fs::path& folder, const OrderedJson& manifest) {
  return write_file(folder / "manifest.json", dump(manifest, 2) + '\n');
}

Status RecordStore::write_manifest(const OrderedJson& manifest) {
  return results::write_manifest(folder_, manifest);
}

bool RecordStore::is_open_elsewhere(const fs::path& folder) {
  const fs::path path = folder / "records.jsonl";
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool locked = ::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return locked;
}

}  // namespace qyolo::results
