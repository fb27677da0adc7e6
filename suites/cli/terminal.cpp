#include "suites/cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "reports/printable.h"

namespace nsbench::cli {

namespace {

bool is_terminal(int fd) {
  const char* term = std::getenv("TERM");
  return ::isatty(fd) == 1 && (term == nullptr || std::string_view(term) != "dumb");
}

std::string_view name_of(Progress::Phase phase) {
  switch (phase) {
    case Progress::Phase::Checks:
      return "checking";
    case Progress::Phase::Benchmarks:
      return "timing, batch";
    case Progress::Phase::Boots:
      return "results of booted kernels:";
  }
  return "";
}

// A terminal that was closed, or a full disk, is no reason to end.
void put(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

std::string time_left(double seconds) {
  return seconds < 0 ? "" : fmt::format(", {:.0f} s left", std::ceil(seconds));
}

}  // namespace

bool use_color(ColorChoice choice, int fd) {
  if (choice != ColorChoice::Auto) return choice == ColorChoice::Always;
  const char* no_color = std::getenv("NO_COLOR");
  return (no_color == nullptr || *no_color == '\0') && is_terminal(fd);
}

int columns(int fd) {
  constexpr int without_terminal = 100;
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : without_terminal;
}

ProgressLine::ProgressLine() : live_(is_terminal(STDERR_FILENO)) {}

void ProgressLine::show(const Progress& progress) {
  using namespace std::chrono_literals;
  const auto now = std::chrono::steady_clock::now();
  if (!live_ || now < next_) return;
  next_ = now + 100ms;
  shown_ = true;
  const std::string line =
      fmt::format("{} {}{}{}  {}", name_of(progress.phase), progress.done,
                  progress.total == 0 ? "" : fmt::format("/{}", progress.total),
                  time_left(progress.seconds_left), progress.running);
  constexpr std::size_t cut = 4;  // "..." and the column of the cursor
  const auto width = static_cast<std::size_t>(std::max(columns(STDERR_FILENO), 0));
  put("\r" + printable(line, width - std::min(width, cut)) + "\033[K");
}

void ProgressLine::clear() {
  if (shown_) put("\r\033[K");
  shown_ = false;
}

}  // namespace nsbench::cli
