// Bringing the bytes of one file here, over HTTP or from a disk: one attempt, going on where an
// earlier one stopped if the source still has the same version.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"
#include "datasets/download_partial.h"

namespace qyolo::datasets {

// Takes what a source sends and sees to it that it is no more and no other than what was announced.
class Receiver {
 public:
  struct Expected {
    std::optional<std::uint64_t> bytes;
    bool hash_known = false;  // else only a validator can tell that the source has not changed
  };
  // Called before `bytes` more (nullopt: nobody knows) are stored; may refuse.
  using Admission = std::function<Status(std::optional<std::uint64_t> bytes)>;
  using Progress =
      std::function<void(std::uint64_t done, std::uint64_t total)>;  // total 0: unknown

  Receiver(PartialFile& partial, Expected expected, Admission admit, Progress progress)
      : partial_(&partial),
        expected_(expected),
        admit_(std::move(admit)),
        progress_(std::move(progress)) {}

  // How many bytes of which version need not be sent again by `url`; nullptr: begin at the start.
  [[nodiscard]] const SourceVersion* resumable(const std::string& url) const;
  [[nodiscard]] std::uint64_t bytes() const { return partial_->bytes(); }

  // The source is about to send `version` from byte `offset` on: 0, or bytes() where resumable().
  // Every failure from here on is also kept in failure().
  Status begin(const SourceVersion& version, std::uint64_t offset);
  Status receive(std::string_view bytes);
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
  [[nodiscard]] bool is_complete() const;
  // Bytes that were here before the first attempt and did not have to be sent again.
  [[nodiscard]] std::uint64_t resumed_at() const { return resumed_at_.value_or(0); }

  // What has arrived is of no use.
  void forget() { useless_ = true; }
  [[nodiscard]] bool is_useless() const { return useless_; }

 private:
  Status refuse(Error reason);
  PartialFile* partial_;
  Expected expected_;
  Admission admit_;
  Progress progress_;
  std::uint64_t limit_ = 0;
  std::uint64_t total_ = 0;
  std::optional<std::uint64_t> resumed_at_;
  bool useless_ = false;
  std::optional<Error> failure_;
};

struct TransferOutcome {
  enum class End {
    complete,
    interrupted,  // worth another attempt
    unreachable,  // no network, no such file there
    refused,      // the bytes are not wanted, or cannot be stored; see Receiver::failure()
  };
  End end = End::complete;
  std::string problem;  // half a sentence; empty if complete
};

struct HttpTimeouts {
  std::chrono::seconds connect{30};
  std::chrono::seconds stall{60};  // with no byte arriving
};

// GET with Range and If-Range (RFC 9110, 13.1.5 and 14.2); http and https only, up to 5 redirects,
// never from https to http. The proxy variables of the environment are honoured.
TransferOutcome transfer_http(const std::string& url, const HttpTimeouts& timeouts,
                              Receiver& receiver);

TransferOutcome transfer_copy(const std::filesystem::path& source, Receiver& receiver);

}  // namespace qyolo::datasets
