#include "harness/model/zip_archive.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "common/crc32.h"
#include "common/file_kind.h"
#include "harness/model/printable.h"

namespace qyolo::model {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEndOfDirectory = 0x06054b50;
constexpr std::uint32_t kZip64EndOfDirectory = 0x06064b50;
constexpr std::uint32_t kZip64Locator = 0x07064b50;
constexpr std::size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kLocatorSize = 20,
                      kZip64EndSize = 56;
constexpr std::size_t kMaxComment = 0xFFFF;

// The little-endian number of `width` bytes. REQUIRES: offset + width <= bytes.size().
std::uint64_t number(Bytes bytes, std::size_t offset, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i)
    value |= std::to_integer<std::uint64_t>(bytes[offset + i]) << (8 * i);
  return value;
}
std::uint32_t number32(Bytes bytes, std::size_t offset) {
  return static_cast<std::uint32_t>(number(bytes, offset, 4));
}
std::size_t number16(Bytes bytes, std::size_t offset) {
  return static_cast<std::size_t>(number(bytes, offset, 2));
}

// Whether [offset, offset + size) lies inside `whole` bytes.
bool inside(std::uint64_t offset, std::uint64_t size, std::uint64_t whole) {
  return offset <= whole && size <= whole - offset;
}

// Where the central directory is.
struct Directory {
  std::uint64_t offset = 0, size = 0, entries = 0;
};

// One central directory record.
struct Record {
  std::string name;
  std::uint64_t flags = 0, method = 0, size = 0, stored_size = 0, local_offset = 0;
  std::uint32_t crc32 = 0;
  std::size_t position = 0;  // of the record itself
};

class Reader {
 public:
  Reader(Bytes bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  // What stands behind the directory, once it was read.
  [[nodiscard]] std::string_view comment() const { return comment_; }

  Result<ZipArchive::Entries> read() {
    QYOLO_TRY(const Directory directory, find_directory());
    ZipArchive::Entries entries;
    std::uint64_t position = directory.offset;
    for (std::uint64_t i = 0; i < directory.entries; ++i) {
      QYOLO_TRY(const Record record, read_record(directory, position));
      QYOLO_TRY(const Bytes content, locate(record, directory));
      const ZipArchive::Entry entry{content, record.crc32,
                                    static_cast<std::size_t>(record.local_offset), record.position};
      if (!entries.emplace(record.name, entry).second)
        return error("{}: two zip entries are named '{}'", where_, printable(record.name));
    }
    QYOLO_CHECK_OK(check_apart(entries));
    return entries;
  }

 private:
  Error truncated() const {
    return error("{}: the zip directory is damaged or cut off: is the file complete?", where_);
  }

  Result<Directory> find_directory() {
    if (bytes_.empty()) return error("{}: the file is empty", where_);
    if (bytes_.size() < 4 || number32(bytes_, 0) != kLocalHeader) {
      const std::string_view start(reinterpret_cast<const char*>(bytes_.data()), bytes_.size());
      if (const auto kind = kind_of_file(start)) {
        return error("{}: this is {}, expected a checkpoint of torch.save{}{}", where_, kind->name,
                     kind->advice.empty() ? "" : "; ", kind->advice);
      }
      return error(
          "{}: not a zip archive, so not a checkpoint of torch.save (PyTorch 1.6 or newer)",
          where_);
    }
    if (bytes_.size() < kEndSize) return truncated();
    const std::size_t last = bytes_.size() - kEndSize;
    const std::size_t first = last > kMaxComment ? last - kMaxComment : 0;
    for (std::size_t at = last + 1; at-- > first;) {
      const bool comment_ends_the_file = number16(bytes_, at + 20) == last - at;
      if (number32(bytes_, at) != kEndOfDirectory || !comment_ends_the_file) continue;
      comment_ = {reinterpret_cast<const char*>(bytes_.data()) + at + kEndSize, last - at};
      return directory_at(at);
    }
    return error("{}: the zip archive has no directory at its end: the file is cut off", where_);
  }

  Result<Directory> directory_at(std::size_t end) const {
    Directory directory{number(bytes_, end + 16, 4), number(bytes_, end + 12, 4),
                        number(bytes_, end + 10, 2)};
    if (end >= kLocatorSize && number32(bytes_, end - kLocatorSize) == kZip64Locator) {
      const std::uint64_t zip64 = number(bytes_, end - kLocatorSize + 8, 8);
      if (!inside(zip64, kZip64EndSize, end) ||
          number32(bytes_, static_cast<std::size_t>(zip64)) != kZip64EndOfDirectory) {
        return truncated();
      }
      const auto at = static_cast<std::size_t>(zip64);
      directory = {number(bytes_, at + 48, 8), number(bytes_, at + 40, 8),
                   number(bytes_, at + 32, 8)};
    }
    if (!inside(directory.offset, directory.size, end) ||
        directory.entries > directory.size / kCentralSize) {
      return truncated();
    }
    return directory;
  }

  // The record at `position`, which moves on to the next.
  Result<Record> read_record(const Directory& directory, std::uint64_t& position) const {
    const std::uint64_t end = directory.offset + directory.size;
    if (!inside(position, kCentralSize, end)) return truncated();
    const auto at = static_cast<std::size_t>(position);
    if (number32(bytes_, at) != kCentralHeader) return truncated();
    const std::size_t name_size = number16(bytes_, at + 28);
    const std::size_t extra_size = number16(bytes_, at + 30);
    const std::size_t comment_size = number16(bytes_, at + 32);
    if (!inside(position + kCentralSize, name_size + extra_size + comment_size, end))
      return truncated();

    Record record;
    record.position = at;
    record.name.assign(reinterpret_cast<const char*>(bytes_.data()) + at + kCentralSize, name_size);
    record.flags = number16(bytes_, at + 8);
    record.method = number16(bytes_, at + 10);
    record.crc32 = number32(bytes_, at + 16);
    record.stored_size = number(bytes_, at + 20, 4);
    record.size = number(bytes_, at + 24, 4);
    record.local_offset = number(bytes_, at + 42, 4);
    QYOLO_CHECK_OK(read_zip64(bytes_.subspan(at + kCentralSize + name_size, extra_size), record));
    QYOLO_CHECK_OK(check(record));
    position += kCentralSize + name_size + extra_size + comment_size;
    return record;
  }

  // Fields that are all ones stand in the zip64 extra field, in this order.
  Status read_zip64(Bytes extra, Record& record) const {
    constexpr std::uint64_t kElsewhere = 0xFFFFFFFF;
    const std::array<std::uint64_t*, 3> fields = {&record.size, &record.stored_size,
                                                  &record.local_offset};
    if (std::none_of(fields.begin(), fields.end(),
                     [](const std::uint64_t* field) { return *field == kElsewhere; })) {
      return {};
    }
    while (extra.size() >= 4) {
      const std::size_t kind = number16(extra, 0), size = number16(extra, 2);
      if (size > extra.size() - 4) break;
      if (kind == 1) {
        std::size_t at = 4;
        for (std::uint64_t* field : fields) {
          if (*field != kElsewhere) continue;
          if (at + 8 > size + 4) return truncated();
          *field = number(extra, at, 8);
          at += 8;
        }
        return {};
      }
      extra = extra.subspan(4 + size);
    }
    return truncated();
  }

  Status check(const Record& record) const {
    const std::string shown = printable(record.name);
    if ((record.flags & 1U) != 0) return error("{}: the entry '{}' is encrypted", where_, shown);
    if (record.method != 0) {
      return error(
          "{}: the entry '{}' is compressed; torch.save stores its entries, so this archive was "
          "packed again",
          where_, shown);
    }
    if (record.size != record.stored_size)
      return error("{}: the entry '{}' has two different sizes", where_, shown);
    bool leaves = record.name.empty() || record.name.front() == '/';
    std::string_view rest = record.name;
    while (!rest.empty()) {
      const std::size_t slash = rest.find('/');
      leaves = leaves || rest.substr(0, slash) == "..";
      rest = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
    }
    if (leaves || record.name.find_first_of(std::string_view("\\\0", 2)) != std::string::npos) {
      return error("{}: the entry name '{}' is not a path inside the archive", where_, shown);
    }
    return {};
  }

  Result<Bytes> locate(const Record& record, const Directory& directory) const {
    const auto outside = [&] {
      return error("{}: the entry '{}' lies outside the file", where_, printable(record.name));
    };
    if (!inside(record.local_offset, kLocalSize, directory.offset)) return outside();
    const auto at = static_cast<std::size_t>(record.local_offset);
    if (number32(bytes_, at) != kLocalHeader) return outside();
    const std::size_t name_size = number16(bytes_, at + 26);
    const std::uint64_t start =
        record.local_offset + kLocalSize + name_size + number16(bytes_, at + 28);
    if (!inside(start, record.size, directory.offset)) return outside();
    const std::string_view local_name(
        reinterpret_cast<const char*>(bytes_.data()) + at + kLocalSize, name_size);
    if (local_name != record.name) {
      return error("{}: the entry '{}' is named '{}' in its own header", where_,
                   printable(record.name), printable(local_name));
    }
    return bytes_.subspan(static_cast<std::size_t>(start), static_cast<std::size_t>(record.size));
  }

  Status check_apart(const ZipArchive::Entries& entries) const {
    std::vector<std::pair<Bytes, std::string_view>> ordered;
    for (const auto& [name, entry] : entries)
      if (!entry.bytes.empty()) ordered.emplace_back(entry.bytes, name);
    std::sort(ordered.begin(), ordered.end(),
              [](const auto& a, const auto& b) { return a.first.data() < b.first.data(); });
    for (std::size_t i = 1; i < ordered.size(); ++i) {
      const auto& [before, before_name] = ordered[i - 1];
      if (before.data() + before.size() > ordered[i].first.data()) {
        return error("{}: the entries '{}' and '{}' overlap", where_, printable(before_name),
                     printable(ordered[i].second));
      }
    }
    return {};
  }

  Bytes bytes_;
  const std::string& where_;
  std::string_view comment_;
};

}  // namespace

Result<ZipArchive> ZipArchive::from_bytes(Bytes bytes, std::string name) {
  ZipArchive archive;
  archive.name_ = std::move(name);
  archive.bytes_ = bytes;
  Reader reader(bytes, archive.name_);
  QYOLO_TRY(archive.entries_, reader.read());
  archive.comment_ = reader.comment();
  return archive;
}

Result<ZipArchive> ZipArchive::open(const std::filesystem::path& path) {
  QYOLO_TRY(MappedFile file, MappedFile::open(path));
  QYOLO_TRY(ZipArchive archive, from_bytes(file.bytes(), path.string()));
  archive.file_ = std::move(file);
  return archive;
}

Result<Bytes> ZipArchive::entry(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return error("the archive has no entry '{}'", printable(name));
  return found->second.bytes;
}

Result<Bytes> ZipArchive::checked_entry(std::string_view name) const {
  QYOLO_TRY(const Bytes bytes, entry(name));
  if (crc32(bytes) != entries_.find(name)->second.crc32) {
    return error("the entry '{}' does not match its checksum: the file is damaged",
                 printable(name));
  }
  return bytes;
}

Result<std::string> ZipArchive::top_folder() const {
  std::string folder;
  for (const auto& [name, entry] : entries_) {
    const std::string_view top = std::string_view(name).substr(0, name.find('/'));
    if (top.size() == name.size())
      return error("the entry '{}' is not in the archive's folder", printable(name));
    if (!folder.empty() && folder != top) {
      return error("the archive has more than one folder ('{}' and '{}'); a checkpoint has one",
                   printable(folder), printable(top));
    }
    folder = top;
  }
  if (folder.empty()) return error("the archive is empty");
  return folder;
}

}  // namespace qyolo::model
