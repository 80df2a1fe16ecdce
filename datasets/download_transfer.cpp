#include "datasets/download_transfer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "datasets/registry.h"

namespace qyolo::datasets {

namespace {

// Of a file whose size neither the registry nor the source knows.
constexpr std::uint64_t kMostOfUnknownSize = std::uint64_t{16} << 30;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

const SourceVersion* Receiver::resumable(const std::string& url) const {
  if (useless_ || partial_->bytes() == 0) return nullptr;
  const SourceVersion& version = partial_->version();
  if (version.url != url || (version.validator.empty() && !expected_.hash_known)) return nullptr;
  const auto bytes = expected_.bytes ? expected_.bytes : version.bytes;
  return bytes && partial_->bytes() >= *bytes ? nullptr : &version;
}

Status Receiver::refuse(Error reason) {
  failure_ = reason;
  return reason;
}

Status Receiver::begin(const SourceVersion& version, std::uint64_t offset) {
  if (expected_.bytes && version.bytes && *version.bytes != *expected_.bytes) {
    return refuse(error("{} has {} bytes, expected {}", version.url, grouped(*version.bytes),
                        grouped(*expected_.bytes)));
  }
  const auto bytes = expected_.bytes ? expected_.bytes : version.bytes;
  limit_ = bytes.value_or(kMostOfUnknownSize);
  total_ = bytes.value_or(0);
  // What is here either stays or makes room.
  const std::uint64_t here = partial_->bytes();
  const auto to_come = bytes ? std::optional(*bytes - std::min(*bytes, here)) : std::nullopt;
  if (auto admitted = admit_(to_come); !admitted.ok()) return refuse(admitted.error());
  if (offset == 0) {
    if (auto fresh = partial_->restart(version); !fresh.ok()) return refuse(fresh.error());
  }
  useless_ = false;
  resumed_at_ = std::min(resumed_at_.value_or(offset), offset);
  progress_(partial_->bytes(), total_);
  return {};
}

Status Receiver::receive(std::string_view bytes) {
  if (bytes.size() > limit_ - std::min(limit_, partial_->bytes())) {
    forget();
    return refuse(error("{} sends more than the expected {} bytes", partial_->version().url,
                        grouped(limit_)));
  }
  if (auto stored = partial_->append(bytes); !stored.ok()) return refuse(stored.error());
  progress_(partial_->bytes(), total_);
  return {};
}

bool Receiver::is_complete() const { return total_ == 0 || partial_->bytes() == total_; }

TransferOutcome transfer_copy(const std::filesystem::path& source, Receiver& receiver) {
  using End = TransferOutcome::End;
  // O_NONBLOCK: opening a pipe must fail below, not wait for a writer.
  const Descriptor in(::open(source.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (in.number() < 0 || ::fstat(in.number(), &info) != 0) {
    return {End::refused,
            fmt::format("{} cannot be opened: {}", source.string(), std::strerror(errno))};
  }
  if (!S_ISREG(info.st_mode)) {
    return {End::refused, fmt::format("{} is not a regular file", source.string())};
  }
  const SourceVersion version{source.string(),
                              fmt::format("{}.{:09}", info.st_mtim.tv_sec, info.st_mtim.tv_nsec),
                              static_cast<std::uint64_t>(info.st_size)};
  const SourceVersion* earlier = receiver.resumable(version.url);
  const std::uint64_t offset = earlier != nullptr && *earlier == version ? receiver.bytes() : 0;
  if (const auto begun = receiver.begin(version, offset); !begun.ok()) {
    return {End::refused, begun.error().message};
  }
  std::vector<char> buffer(std::size_t{1} << 20);
  for (auto at = static_cast<off_t>(offset);;) {
    const ssize_t count = ::pread(in.number(), buffer.data(), buffer.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return {End::refused,
              fmt::format("{} cannot be read: {}", source.string(), std::strerror(errno))};
    }
    if (count == 0) break;
    const auto received = receiver.receive({buffer.data(), static_cast<std::size_t>(count)});
    if (!received.ok()) return {End::refused, received.error().message};
    at += count;
  }
  if (!receiver.is_complete()) {
    return {End::refused, fmt::format("{} became shorter while it was read", source.string())};
  }
  return {};
}

}  // namespace qyolo::datasets
