// Progress on stderr: on a terminal a bar with the time left, as wide as the terminal is at the
// moment; otherwise one plain line per finished cell, and one a minute with percent and time left.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/progress_text.h"
#include "harness/run/run_listener.h"

namespace qyolo::cli {

class ProgressPrinter final : public harness::RunListener {
 public:
  explicit ProgressPrinter(bool quiet = false);
  // In which arithmetic cells run, "fp32" unless it is said: part of their names.
  void set_precision(std::string precision) { precision_ = std::move(precision); }
  void set_language(ProgressLanguage language) { language_ = language; }
  // The cell's name in what this prints.
  [[nodiscard]] std::string label_of(const harness::Cell& cell) const;
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
  [[nodiscard]] ProgressState state_of(std::size_t done, std::size_t total) const;
  // Of `count` things, "cell" or "task".
  void start_pass(const std::string& pass, std::string_view what, std::size_t count,
                  std::size_t skipped);

  bool quiet_;
  bool terminal_;
  bool tasks_ = false;  // and not cells
  std::string precision_ = "fp32";
  ProgressLanguage language_ = ProgressLanguage::kEnglish;
  std::string pass_;
  std::string current_;
  std::size_t cells_ = 0;     // of the pass
  std::size_t to_do_ = 0;     // of them not finished by an earlier run
  std::size_t finished_ = 0;  // of those
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point shown_;
};

}  // namespace qyolo::cli
