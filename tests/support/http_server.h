// A web server on the loopback interface, for tests of what fetches files: it knows Range and
// If-Range, and can misbehave on request.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace qyolo::testing {

struct ServedFile {
  std::string content;
  std::string etag = "\"1\"";  // empty: none is sent
  int status = 200;
  std::optional<std::size_t> drop_after{};  // body bytes after which the connection is closed
  bool stall = false;                       // instead of being closed, it stays open in silence
  bool with_length = true;                  // announce the size
  bool ranges = true;                       // honour Range
  std::size_t shift_range = 0;              // lie: answer from this many bytes further on
  std::string location{};                   // with status 302
};

struct ServedRequest {
  std::string path;
  std::string range;     // "bytes=100-", or empty
  std::string if_range;  // or empty
};

class HttpServer {
 public:
  HttpServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, any, size) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, any, &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~HttpServer() {
    stop_ = true;
    thread_.join();
    ::close(listener_);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::string url(const std::string& path = "") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  // `path` begins with '/'; later settings replace earlier ones.
  void put(const std::string& path, ServedFile file) {
    const std::lock_guard guard(mutex_);
    files_[path] = std::move(file);
  }
  // From the second request on.
  void put_next(const std::string& path, ServedFile file) {
    const std::lock_guard guard(mutex_);
    next_[path] = std::move(file);
  }
  [[nodiscard]] std::vector<ServedRequest> requests() const {
    const std::lock_guard guard(mutex_);
    return requests_;
  }

 private:
  void serve() {
    while (!stop_) {
      if (!readable(listener_)) continue;
      const int connection = ::accept(listener_, nullptr, nullptr);
      if (connection < 0) continue;
      answer(connection);
      ::close(connection);
    }
  }

  static bool readable(int descriptor) {
    pollfd waiting{descriptor, POLLIN, 0};
    return ::poll(&waiting, 1, 20) > 0;
  }

  static std::string header(const std::string& request, const std::string& name) {
    const std::size_t start = request.find("\r\n" + name + ": ");
    if (start == std::string::npos) return "";
    const std::size_t value = start + name.size() + 4;
    return request.substr(value, request.find("\r\n", value) - value);
  }

  static void send_all(int connection, const std::string& text) {
    for (std::size_t sent = 0; sent < text.size();) {
      const ssize_t count =
          ::send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return;
      sent += static_cast<std::size_t>(count);
    }
  }

  std::string read_request(int connection) const {
    std::string request;
    std::vector<char> buffer(4096);
    while (!stop_ && request.size() < 65536 && request.find("\r\n\r\n") == std::string::npos) {
      if (!readable(connection)) continue;
      const ssize_t count = ::recv(connection, buffer.data(), buffer.size(), 0);
      if (count <= 0) break;
      request.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return request;
  }

  ServedFile file_for(const ServedRequest& request) {
    const std::lock_guard guard(mutex_);
    requests_.push_back(request);
    const auto found = files_.find(request.path);
    if (found == files_.end()) {
      ServedFile missing;
      missing.status = 404;
      return missing;
    }
    ServedFile file = found->second;
    if (const auto next = next_.find(request.path); next != next_.end())
      found->second = next->second;
    return file;
  }

  void answer(int connection) {
    const std::string text = read_request(connection);
    const std::size_t space = text.find(' ');
    if (space == std::string::npos) return;
    const ServedRequest request{text.substr(space + 1, text.find(' ', space + 1) - space - 1),
                                header(text, "Range"), header(text, "If-Range")};
    const ServedFile file = file_for(request);
    const bool same = request.if_range.empty() || request.if_range == file.etag;
    std::size_t first = 0;
    int status = file.status;
    if (status == 200 && file.ranges && same && !request.range.empty()) {
      first = std::strtoull(request.range.c_str() + 6, nullptr, 10);
      status = first < file.content.size() ? 206 : 416;
      first = std::min(first + file.shift_range, file.content.size());
    }
    std::string body = file.content.substr(first);
    std::string head = "HTTP/1.1 " + std::to_string(status) + " -\r\nConnection: close\r\n";
    if (!file.etag.empty()) head += "ETag: " + file.etag + "\r\n";
    if (!file.location.empty()) head += "Location: " + file.location + "\r\n";
    if (file.with_length) head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    if (status == 206) {
      head += "Content-Range: bytes " + std::to_string(first) + "-" +
              std::to_string(file.content.size() - 1) + "/" + std::to_string(file.content.size()) +
              "\r\n";
    }
    if (file.drop_after) body.resize(std::min(*file.drop_after, body.size()));
    send_all(connection, head + "\r\n" + body);
    while (file.stall && !stop_) {
      char byte = 0;
      if (readable(connection) && ::recv(connection, &byte, 1, 0) <= 0) break;
    }
  }

  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_ = false;
  mutable std::mutex mutex_;
  std::map<std::string, ServedFile> files_;
  std::map<std::string, ServedFile> next_;
  std::vector<ServedRequest> requests_;
  std::thread thread_;
};

}  // namespace qyolo::testing
