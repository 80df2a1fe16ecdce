#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <memory>

#include "datasets/download_transfer.h"
#include "datasets/registry.h"

namespace qyolo::datasets {
namespace {

using End = TransferOutcome::End;

struct CurlDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Curl = std::unique_ptr<CURL, CurlDeleter>;
using HeaderList = std::unique_ptr<curl_slist, CurlDeleter>;

// The headers of one answer that matter here.
struct Answer {
  std::string strong_etag;
  std::string last_modified;
  std::string content_range;
  std::optional<std::uint64_t> content_length;
};

struct ContentRange {
  std::uint64_t first = 0;
  std::optional<std::uint64_t> total;
};

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  // Sizes are signed where files are concerned.
  if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  return number;
}

// "bytes 100-199/200", or /* for an unknown total.
std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  const std::size_t dash = text.find('-');
  const std::size_t slash = text.find('/');
  if (!text.starts_with(kUnit) || dash == std::string_view::npos ||
      slash == std::string_view::npos || slash < dash) {
    return std::nullopt;
  }
  const auto first = parse_number(text.substr(kUnit.size(), dash - kUnit.size()));
  const auto total = parse_number(text.substr(slash + 1));
  if (!first || (!total && text.substr(slash + 1) != "*")) return std::nullopt;
  return ContentRange{*first, total};
}

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// A validator goes back to the server as a header line, so it must be one.
bool is_one_line(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return c >= 0x20 && c != 0x7F; });
}

class HttpTransfer {
 public:
  HttpTransfer(const std::string& url, Receiver& receiver) : url_(url), receiver_(&receiver) {}

  TransferOutcome run(const HttpTimeouts& timeouts);

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  void configure(const HttpTimeouts& timeouts);
  void ask_for_the_rest();
  void read_header(std::string_view line);
  bool begin_body();
  [[nodiscard]] long status() const;
  [[nodiscard]] TransferOutcome outcome(CURLcode code) const;

  const std::string& url_;
  Receiver* receiver_;
  Curl curl_{curl_easy_init()};
  HeaderList headers_;
  Answer answer_;
  std::optional<std::uint64_t> asked_from_;
  bool begun_ = false;
  bool wrong_range_ = false;
  bool wrong_status_ = false;
  char detail_[CURL_ERROR_SIZE] = {};
};

template <class Value>
void set(const Curl& curl, CURLoption option, Value value) {
  curl_easy_setopt(curl.get(), option, value);
}

void HttpTransfer::configure(const HttpTimeouts& timeouts) {
  set(curl_, CURLOPT_URL, url_.c_str());
  set(curl_, CURLOPT_PROTOCOLS_STR, "http,https");
  set(curl_, CURLOPT_REDIR_PROTOCOLS_STR, url_.starts_with("https:") ? "https" : "http,https");
  set(curl_, CURLOPT_FOLLOWLOCATION, 1L);
  set(curl_, CURLOPT_MAXREDIRS, 5L);
  set(curl_, CURLOPT_FAILONERROR, 1L);
  set(curl_, CURLOPT_NOSIGNAL, 1L);
  set(curl_, CURLOPT_USERAGENT, "qyolo");
  set(curl_, CURLOPT_CONNECTTIMEOUT, static_cast<long>(timeouts.connect.count()));
  set(curl_, CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(curl_, CURLOPT_LOW_SPEED_TIME, static_cast<long>(timeouts.stall.count()));
  set(curl_, CURLOPT_ERRORBUFFER, &detail_[0]);
  set(curl_, CURLOPT_HEADERFUNCTION, &HttpTransfer::on_header);
  set(curl_, CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(curl_, CURLOPT_WRITEFUNCTION, &HttpTransfer::on_body);
  set(curl_, CURLOPT_WRITEDATA, static_cast<void*>(this));
  ask_for_the_rest();
}

// Not with CURLOPT_RESUME_FROM, which makes a whole file in answer (its version changed) an error.
void HttpTransfer::ask_for_the_rest() {
  const SourceVersion* version = receiver_->resumable(url_);
  if (version == nullptr || !is_one_line(version->validator)) return;
  asked_from_ = receiver_->bytes();
  curl_slist* list =
      curl_slist_append(nullptr, fmt::format("Range: bytes={}-", *asked_from_).c_str());
  if (!version->validator.empty()) {
    list = curl_slist_append(list, ("If-Range: " + version->validator).c_str());
  }
  headers_.reset(list);
  set(curl_, CURLOPT_HTTPHEADER, headers_.get());
}

std::size_t HttpTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  static_cast<HttpTransfer*>(self)->read_header({data, size * count});
  return size * count;
}

void HttpTransfer::read_header(std::string_view line) {
  if (line.starts_with("HTTP/")) answer_ = {};  // each redirect's answer has headers of its own
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (name == "etag" && value.starts_with('"')) answer_.strong_etag = value;
  if (name == "last-modified") answer_.last_modified = value;
  if (name == "content-range") answer_.content_range = value;
  if (name == "content-length") answer_.content_length = parse_number(value);
}

std::size_t HttpTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  const std::size_t refused = size * count + 1;
  if (!transfer.begun_ && !transfer.begin_body()) return refused;
  return transfer.receiver_->receive({data, size * count}).ok() ? size * count : refused;
}

bool HttpTransfer::begin_body() {
  begun_ = true;
  SourceVersion version{url_,
                        answer_.strong_etag.empty() ? answer_.last_modified : answer_.strong_etag,
                        answer_.content_length};
  wrong_status_ = status() != 200 && status() != 206;
  if (wrong_status_) return false;
  if (status() == 200) return receiver_->begin(version, 0).ok();
  const auto range = parse_content_range(answer_.content_range);
  const SourceVersion* earlier = receiver_->resumable(url_);
  wrong_range_ = !asked_from_ || !range || range->first != *asked_from_ || earlier == nullptr ||
                 (earlier->bytes && range->total && *earlier->bytes != *range->total);
  if (wrong_range_) return false;
  version.bytes = range->total ? range->total : earlier->bytes;
  return receiver_->begin(version, *asked_from_).ok();
}

long HttpTransfer::status() const {
  long code = 0;
  curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &code);
  return code;
}

TransferOutcome HttpTransfer::outcome(CURLcode code) const {
  if (receiver_->failure()) return {End::refused, receiver_->failure()->message};
  if (wrong_range_ || (code == CURLE_HTTP_RETURNED_ERROR && status() == 416)) {
    receiver_->forget();
    return {End::interrupted, fmt::format("{} does not go on where it stopped", url_)};
  }
  if (wrong_status_ || code == CURLE_HTTP_RETURNED_ERROR) {
    const bool passing = status() == 408 || status() == 429 || status() >= 500;
    return {passing ? End::interrupted : End::unreachable,
            fmt::format("{} answers with HTTP status {}", url_, status())};
  }
  if (code == CURLE_OK && receiver_->is_complete()) return {};
  const std::string after = fmt::format("{} bytes", grouped(receiver_->bytes()));
  if (code == CURLE_OK) return {End::interrupted, fmt::format("{} ended after {}", url_, after)};
  const std::string reason = detail_[0] != '\0' ? &detail_[0] : curl_easy_strerror(code);
  if (begun_ || code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR) {
    return {End::interrupted, fmt::format("{} was cut off after {}: {}", url_, after, reason)};
  }
  return {End::unreachable, fmt::format("{} cannot be reached: {}", url_, reason)};
}

TransferOutcome HttpTransfer::run(const HttpTimeouts& timeouts) {
  if (curl_ == nullptr) return {End::unreachable, "libcurl cannot be started"};
  configure(timeouts);
  const CURLcode code = curl_easy_perform(curl_.get());
  if (code == CURLE_OK && !begun_) begin_body();  // an empty file
  return outcome(code);
}

}  // namespace

TransferOutcome transfer_http(const std::string& url, const HttpTimeouts& timeouts,
                              Receiver& receiver) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) return {End::unreachable, "libcurl cannot be started"};
  return HttpTransfer(url, receiver).run(timeouts);
}

}  // namespace qyolo::datasets
