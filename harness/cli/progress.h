// Progress on stderr: a bar with the time left on a terminal, one plain line per finished cell
// otherwise.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "harness/run/run_listener.h"

namespace qyolo::cli {

class ProgressPrinter final : public harness::RunListener {
 public:
  explicit ProgressPrinter(bool quiet = false);
  void on_warning(const std::string& text) override;
  void on_pass(const std::string& pass, std::size_t cells, std::size_t skipped) override;
  void on_tasks(const std::string& shard, std::size_t tasks, std::size_t finished) override;
  void on_cell(std::size_t index, const harness::Cell& cell) override;
  void on_progress(std::size_t done, std::size_t total) override;
  void on_cell_done(std::size_t index, const harness::Cell& cell, bool ok,
                    const std::string& summary) override;
  // Of work in stages: `stage` names it, done and total count its steps.
  void on_stage(const std::string& stage, std::size_t done, std::size_t total);

 private:
  void clear_bar();
  // Of `count` cells or tasks.
  void start_pass(const std::string& pass, std::string_view what, std::size_t count,
                  std::size_t skipped);

  bool quiet_;
  bool terminal_;
  bool bar_shown_ = false;
  bool tasks_ = false;  // and not cells
  std::string pass_;
  std::string current_;
  std::size_t cells_ = 0;     // of the pass
  std::size_t to_do_ = 0;     // of them not finished by an earlier run
  std::size_t finished_ = 0;  // of those
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point drawn_;
};

}  // namespace qyolo::cli
