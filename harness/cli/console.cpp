#include "harness/cli/console.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <deque>
#include <iostream>

#include "common/file.h"

namespace qyolo::cli {
namespace {

bool is_control(unsigned char byte) {
  return (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F;
}

constexpr std::string_view kClearLine = "\r\033[K";

volatile std::sig_atomic_t bar_shown = 0;
const char* volatile interrupted = nullptr;

// Only what a signal handler may do.
void end_by_interrupt(int signal) {
  if (bar_shown != 0) (void)!::write(STDERR_FILENO, kClearLine.data(), kClearLine.size());
  const char* text = interrupted;
  if (text != nullptr) (void)!::write(STDERR_FILENO, text, std::strlen(text));
  ::raise(signal);  // handled as usual now
}

}  // namespace

std::string without_controls(std::string_view text, std::string_view escape) {
  std::string clean;
  clean.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {  // C1 in UTF-8
      clean += fmt::format("{}{:02x}", escape, static_cast<unsigned>(next));
      ++i;
    } else if (is_control(byte)) {
      clean += fmt::format("{}{:02x}", escape, static_cast<unsigned>(byte));
    } else {
      clean += text[i];
    }
  }
  return clean;
}

void show_bar(std::string_view line) noexcept {
  try {
    (void)write_all(STDERR_FILENO, std::string(kClearLine) + without_controls(line));
    bar_shown = 1;
  } catch (const std::exception&) {  // no memory for a bar
  }
}

void clear_bar() noexcept {
  if (bar_shown != 0) (void)write_all(STDERR_FILENO, kClearLine);
  bar_shown = 0;
}

void say_when_interrupted(const std::string& sentence) {
  // The handler may run at any moment: what it reads is never freed.
  static std::deque<std::string> sentences;
  interrupted =
      sentences.emplace_back("qyolo: interrupted; " + without_controls(sentence) + '\n').c_str();
  struct sigaction action {};
  action.sa_handler = &end_by_interrupt;
  action.sa_flags = SA_RESETHAND;
  (void)sigaction(SIGINT, &action, nullptr);
}

void say_raw(std::string_view text) noexcept {
  clear_bar();
  (void)write_all(STDERR_FILENO, text);
}

void say_text(std::string_view text) noexcept {
  try {
    say_raw(without_controls(text));
  } catch (const std::exception&) {  // no memory for a message
  }
}

void print_text(std::string_view text) noexcept {
  clear_bar();
  try {
    const std::string clean = without_controls(text, "\\u00");
    std::fwrite(clean.data(), 1, clean.size(), stdout);
  } catch (const std::exception&) {
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
}

bool flush_output() noexcept {
  try {
    std::cout.flush();
  } catch (const std::exception&) {
    return false;
  }
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good();
}

std::size_t terminal_width(int descriptor) noexcept {
  winsize size{};
  if (isatty(descriptor) != 1 || ioctl(descriptor, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

void secure_standard_streams() noexcept {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest free descriptor is this one.
    (void)!::open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY);
  }
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace qyolo::cli
