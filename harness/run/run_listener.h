// Who is told how a run goes.
#pragma once

#include <cstddef>
#include <string>

#include "harness/cell/cell.h"

namespace qyolo::harness {

// Told what happens; the command line shows it.
class RunListener {
 public:
  virtual ~RunListener() = default;
  virtual void on_warning(const std::string& text) = 0;
  // "accuracy" or "latency"; `skipped` cells were finished by an earlier run.
  virtual void on_pass(const std::string& pass, std::size_t cells, std::size_t skipped) = 0;
  // Of one process of several: its tasks, each a cell on some of the images.
  virtual void on_tasks(const std::string& shard, std::size_t tasks, std::size_t finished) {
    on_pass(shard, tasks, finished);
  }
  virtual void on_cell(std::size_t index, const Cell& cell) = 0;
  virtual void on_progress(std::size_t done, std::size_t total) = 0;
  // `summary`: "AP 0.5478" or the reason for a failure.
  virtual void on_cell_done(std::size_t index, const Cell& cell, bool ok,
                            const std::string& summary) = 0;
};

}  // namespace qyolo::harness
