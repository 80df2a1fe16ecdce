#include "harness/cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/words.h"
#include "harness/cli/console.h"
#include "report/texts.h"
#include "results/label.h"

namespace qyolo::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::seconds kSay{60};

// What a pass is called in Japanese: stages of a proof of concept as in its report.
std::string japanese_pass(std::string_view pass) {
  constexpr std::string_view kSearch = "search: ";
  if (pass.starts_with(kSearch)) return "探索: " + japanese_pass(pass.substr(kSearch.size()));
  for (std::size_t i = 0; i < report::kStages; ++i)
    if (pass == report::english().stage[i]) return std::string(report::japanese().stage[i]);
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"baseline", "基準モデル"},
      {"accuracy", "精度の評価"},
      {"latency", "推論時間の測定"},
      {"candidates", "候補の作成"},
      {"proxies", "層ごとの影響"},
      {"confirmation", "選択に使っていない画像での確認"},
      {"confirmation, FP32", "選択に使っていない画像での確認（FP32）"}};
  const auto found =
      std::ranges::find(kNames, pass, &std::pair<std::string_view, std::string_view>::first);
  return std::string(found == std::end(kNames) ? pass : found->second);
}

}  // namespace

ProgressPrinter::ProgressPrinter(bool quiet)
    : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

std::string ProgressPrinter::label_of(const harness::Cell& cell) const {
  // Only quantized cells have integers to compute on.
  const bool floating = precision_ == "int8" && !cell.quantized();
  return results::shown_label(Json(cell.named_json()), floating ? "fp32" : precision_);
}

void ProgressPrinter::on_warning(const std::string& text) {
  say("{}: {}\n", language_ == ProgressLanguage::kJapanese ? "警告" : "warning", text);
}

void ProgressPrinter::on_pass(const std::string& pass, std::size_t cells, std::size_t skipped) {
  start_pass(pass, "cell", cells, skipped);
}

void ProgressPrinter::on_tasks(const std::string& shard, std::size_t tasks, std::size_t finished) {
  start_pass(shard, "task", tasks, finished);
}

void ProgressPrinter::start_pass(const std::string& pass, std::string_view what, std::size_t cells,
                                 std::size_t skipped) {
  pass_ = pass;
  tasks_ = what == "task";
  current_ = language_ == ProgressLanguage::kJapanese ? japanese_pass(pass) : pass;
  cells_ = cells;
  to_do_ = cells - skipped;
  finished_ = 0;
  start_ = std::chrono::steady_clock::now();
  shown_ = terminal_ ? std::chrono::steady_clock::time_point() : start_;
  if (quiet_) return;
  if (language_ == ProgressLanguage::kJapanese) {
    if (to_do_ == 0) {
      say("{}: 前回の実行で完了済み（{} 件）\n", current_, cells);
    } else if (skipped > 0) {
      say("{}: {} 件、うち {} 件は前回の実行で完了済み\n", current_, cells, skipped);
    } else {
      say("{}: {} 件\n", current_, cells);
    }
  } else if (to_do_ == 0) {
    say("{}: finished by an earlier run ({})\n", pass, counted(cells, what));
  } else if (skipped > 0) {
    say("{}: {}, {} of them finished by an earlier run\n", pass, counted(cells, what), skipped);
  } else {
    say("{}: {}\n", pass, counted(cells, what));
  }
}

void ProgressPrinter::on_cell(std::size_t /*index*/, const harness::Cell& cell) {
  current_ = label_of(cell);
}

ProgressState ProgressPrinter::state_of(std::size_t done, std::size_t total) const {
  const double part = static_cast<double>(done) / static_cast<double>(total);
  const double spent =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  // The latency pass reports its progress as a whole, the accuracy pass cell by cell.
  const double share = pass_ == "latency" || to_do_ == 0
                           ? part
                           : (static_cast<double>(finished_) + part) / static_cast<double>(to_do_);
  return {share, spent, current_, language_};
}

void ProgressPrinter::on_progress(std::size_t done, std::size_t total) {
  if (quiet_ || total == 0) return;
  const auto now = std::chrono::steady_clock::now();
  if (terminal_) {
    if (done < total && now - shown_ < kRedraw) return;
    show_bar(progress_bar(state_of(done, total), terminal_width(STDERR_FILENO)));
  } else {
    if (now - shown_ < kSay) return;
    say("{}\n", progress_sentence(state_of(done, total)));
  }
  shown_ = now;
}

void ProgressPrinter::on_cell_done(std::size_t index, const harness::Cell& cell, bool ok,
                                   const std::string& summary) {
  ++finished_;
  if (quiet_) return;
  const std::size_t place = tasks_ ? cells_ - to_do_ + finished_ : index + 1;
  say("{:>3}/{} {:<28} {}{}\n", place, cells_, label_of(cell),
      ok                                         ? ""
      : language_ == ProgressLanguage::kJapanese ? "失敗: "
                                                 : "FAILED: ",
      summary);
}

void ProgressPrinter::on_stage(const std::string& stage, std::size_t done, std::size_t total) {
  if (stage != pass_) on_pass(stage, 1, 0);
  on_progress(done, total);
}

}  // namespace qyolo::cli
