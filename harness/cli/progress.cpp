#include "harness/cli/progress.h"

#include <unistd.h>

#include "harness/cli/console.h"

namespace qyolo::cli {
namespace {

std::string duration_text(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
  if (whole >= 60) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}s", whole);
}

}  // namespace

ProgressPrinter::ProgressPrinter(bool quiet)
    : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

void ProgressPrinter::clear_bar() {
  if (bar_shown_) say_raw("\r\033[K");
  bar_shown_ = false;
}

void ProgressPrinter::on_warning(const std::string& text) {
  clear_bar();
  say("warning: {}\n", text);
}

void ProgressPrinter::on_pass(const std::string& pass, std::size_t cells, std::size_t skipped) {
  start_pass(pass, "cells", cells, skipped);
}

void ProgressPrinter::on_tasks(const std::string& shard, std::size_t tasks, std::size_t finished) {
  start_pass(shard, "tasks", tasks, finished);
}

void ProgressPrinter::start_pass(const std::string& pass, std::string_view what, std::size_t cells,
                                 std::size_t skipped) {
  pass_ = pass;
  tasks_ = what == "tasks";
  current_ = pass;
  cells_ = cells;
  to_do_ = cells - skipped;
  finished_ = 0;
  start_ = std::chrono::steady_clock::now();
  drawn_ = {};
  if (quiet_) return;
  clear_bar();
  if (to_do_ == 0) {
    say("{}: all {} {} were finished by an earlier run\n", pass, cells, what);
  } else if (skipped > 0) {
    say("{}: {} {}, {} of them finished by an earlier run\n", pass, cells, what, skipped);
  } else {
    say("{}: {} {}\n", pass, cells, what);
  }
}

void ProgressPrinter::on_cell(std::size_t /*index*/, const harness::Cell& cell) {
  current_ = cell.label();
}

void ProgressPrinter::on_progress(std::size_t done, std::size_t total) {
  if (quiet_ || !terminal_ || total == 0) return;
  const auto now = std::chrono::steady_clock::now();
  if (done < total && now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  const double part = static_cast<double>(done) / static_cast<double>(total);
  // The latency pass reports its progress as a whole, the accuracy pass cell by cell.
  const double share = pass_ == "latency"
                           ? part
                           : (static_cast<double>(finished_) + part) / static_cast<double>(to_do_);
  constexpr int kWidth = 28;
  const int filled = static_cast<int>(share * kWidth);
  std::string bar(static_cast<std::size_t>(filled), '#');
  bar.resize(kWidth, '.');
  const double spent = std::chrono::duration<double>(now - start_).count();
  const std::string left = share > 0.01 ? duration_text(spent / share * (1 - share)) + " left" : "";
  say_raw("\r\033[K");
  say("[{}] {:3.0f}%  {}  {}", bar, share * 100, current_, left);
  bar_shown_ = true;
}

void ProgressPrinter::on_cell_done(std::size_t index, const harness::Cell& cell, bool ok,
                                   const std::string& summary) {
  ++finished_;
  if (quiet_) return;
  clear_bar();
  const std::size_t place = tasks_ ? cells_ - to_do_ + finished_ : index + 1;
  say("{:>3}/{} {:<28} {}{}\n", place, cells_, cell.label(), ok ? "" : "FAILED: ", summary);
}

void ProgressPrinter::on_stage(const std::string& stage, std::size_t done, std::size_t total) {
  if (stage != pass_) on_pass(stage, 1, 0);
  on_progress(done, total);
}

}  // namespace qyolo::cli
