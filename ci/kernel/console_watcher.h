// Watches the serial console of a kernel under test: what it says of itself, which cases were
// running when it did, and whether it is still alive.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ci/kernel/console_patterns.h"
#include "reports/splat.h"

namespace nsbench::kernel {

// A splat of which more may come. (Within the class Clang takes it for incomplete.)
struct OpenSplat {
  Splat splat;
  std::size_t lines = 0;
  std::optional<double> time;  // of its last line
  bool ruled = false;          // "=====" opened it, and will close it
};

// Is fed what a console prints, in pieces of any length, and takes bounded memory whatever that is.
// The guest tells what it does through /dev/kmsg: "nsbench: begin CASE", "nsbench: end CASE". They
// count, and so do patterns once one was seen, only in lines that printk wrote: those with a time
// (printk.time=1) or a level before them, so that no program's output is taken for the kernel's.
class ConsoleWatcher {
 public:
  void feed(std::string_view bytes);
  // No more is to come: what is unfinished counts as it is.
  void finish();

  // Those that are complete; all of them after finish().
  [[nodiscard]] const std::vector<Splat>& splats() const { return splats_; }
  // How many more there were than most_splats.
  [[nodiscard]] std::size_t dropped() const { return dropped_; }
  // Once it panicked no more will come but the panic's own trace.
  [[nodiscard]] bool panicked() const { return panicked_; }
  // It was told to power down, halt or restart, and did.
  [[nodiscard]] bool shut_down() const { return shut_down_; }
  // Of the last line "nsbench: exit status N".
  [[nodiscard]] std::optional<int> exit_status() const { return exit_status_; }
  // The ids of the cases that began and did not end.
  [[nodiscard]] const std::set<std::string>& running() const { return running_; }
  // At most `count` of the last lines, and at most 200; printable, without their ends.
  [[nodiscard]] std::vector<std::string> last_lines(std::size_t count) const;

 private:
  enum class Escape : unsigned char { None, Began, Control, Command };
  struct Line {
    std::string_view whole;
    std::string_view text;  // without the prefix
    std::optional<double> time;
    bool is_kernels = false;  // it has a prefix of printk
  };
  void put(char c);
  bool is_in_escape(char c);
  void end_line();
  void take(std::string_view piece);
  void look_at(const Line& line);
  bool take_marker(std::string_view text);
  void take_trouble(const Line& line);
  void go_on(const Line& line);
  void open(std::string_view kind, const Line& line);
  void append(const Line& line);
  void close();
  static Line parsed(std::string_view piece);
  [[nodiscard]] bool belongs(const ConsolePattern& pattern) const;

  std::string line_;
  Escape escape_ = Escape::None;
  bool has_times_ = false;
  std::string ruler_;  // a line "=====" that may open a splat; empty if the last line was none
  std::optional<OpenSplat> open_;
  std::vector<Splat> splats_;
  std::size_t dropped_ = 0;
  std::set<std::string> running_;
  std::deque<std::string> last_;
  std::optional<int> exit_status_;
  bool panicked_ = false;
  bool shut_down_ = false;
};

}  // namespace nsbench::kernel
