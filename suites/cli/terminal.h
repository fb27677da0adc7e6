// What standard output and standard error are connected to, and the live line on a terminal.
#pragma once

#include <chrono>
#include <string>

#include "suites/runner.h"

namespace nsbench::cli {

enum class ColorChoice { Auto, Always, Never };

// Auto: a terminal whose TERM is not "dumb", unless NO_COLOR is set and not empty.
bool use_color(ColorChoice choice, int fd);
// Columns of the terminal behind `fd`; 100 if it is none.
int columns(int fd);

// One line on standard error that is written over and over; nothing at all if that is no terminal.
class ProgressLine {
 public:
  ProgressLine();
  void show(const Progress& progress);
  void clear();

 private:
  bool live_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace nsbench::cli
