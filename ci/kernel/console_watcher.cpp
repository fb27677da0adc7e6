#include "ci/kernel/console_watcher.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "reports/case_id.h"
#include "reports/printable.h"
#include "reports/printk_time.h"

namespace nsbench::kernel {
namespace {

constexpr std::size_t longest_line = 4096;  // bytes; the rest of a longer one is dropped
constexpr std::size_t lines_kept = 200;
constexpr std::size_t longest_kept = 1000;     // of those
constexpr std::size_t most_splat_lines = 120;  // a lockdep report with its traces is some 100
constexpr std::size_t most_running = 64;
// Between two lines of one splat, in seconds: they come at once, if the console is not very slow.
constexpr double time_jump = 1.0;

constexpr std::string_view marker = "nsbench: ";
constexpr std::string_view begin_marker = "begin ";
constexpr std::string_view end_marker = "end ";
constexpr std::string_view exit_marker = "exit status ";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

double seconds_in(std::string_view time) {
  const std::size_t digits = time.find_first_of("0123456789");
  double seconds = 0;
  std::from_chars(time.data() + digits, time.data() + time.size(), seconds);
  return seconds;
}

// "<4>" at the start of a line: its length.
std::size_t level_length(std::string_view line) {
  return line.size() > 2 && line[0] == '<' && is_digit(line[1]) && line[2] == '>' ? 3 : 0;
}

// Where the second line begins, if two came out on one: a program's without its end, and the
// kernel's. npos if there is but one.
std::size_t second_line(std::string_view line) {
  const std::size_t level = level_length(line);
  const std::size_t own = level + printk_time_length(line.substr(level));
  return find_printk_time(line, std::max(own, std::size_t{1}));
}

std::string joined(const std::set<std::string>& ids) {
  std::string out;
  for (const std::string& id : ids) out += (out.empty() ? "" : " ") + id;
  return out;
}

}  // namespace

void ConsoleWatcher::feed(std::string_view bytes) {
  for (const char c : bytes) put(c);
}

void ConsoleWatcher::finish() {
  end_line();
  close();
}

void ConsoleWatcher::put(char c) {
  if (c == '\n' || c == '\r') return end_line();
  if (is_in_escape(c)) return;
  const auto byte = static_cast<unsigned char>(c);
  if ((byte < 0x20 && c != '\t') || byte == 0x7f) return;
  if (line_.size() < longest_line) line_ += c;
}

// ECMA-48: ESC and a letter; ESC [ up to a letter; ESC ] up to BEL or ESC \. An escape that is not
// closed ends with the line: else one lost byte would make the watcher deaf.
bool ConsoleWatcher::is_in_escape(char c) {
  switch (escape_) {
    case Escape::None:
      if (c != '\x1b') return false;
      escape_ = Escape::Began;
      return true;
    case Escape::Began:
      escape_ = c == '[' ? Escape::Control : c == ']' ? Escape::Command : Escape::None;
      return true;
    case Escape::Control:
      if (c >= '@' && c <= '~') escape_ = Escape::None;
      return true;
    case Escape::Command:
      break;
  }
  if (c == '\a') escape_ = Escape::None;
  if (c == '\x1b') escape_ = Escape::Began;
  return true;
}

void ConsoleWatcher::end_line() {
  escape_ = Escape::None;
  const std::string line = std::exchange(line_, {});
  std::string_view rest = line;
  while (!rest.empty()) {
    const std::size_t next = second_line(rest);
    take(rest.substr(0, next));
    rest.remove_prefix(std::min(next, rest.size()));
  }
}

ConsoleWatcher::Line ConsoleWatcher::parsed(std::string_view piece) {
  Line line{.whole = piece, .text = piece, .time = {}, .is_kernels = false};
  const std::size_t level = level_length(piece);
  if (const std::size_t length = printk_time_length(piece.substr(level)); length > 0) {
    line.time = seconds_in(piece.substr(level, length));
  }
  line.is_kernels = level > 0 || line.time.has_value();
  if (line.is_kernels) line.text = without_printk_prefix(piece);
  return line;
}

void ConsoleWatcher::take(std::string_view piece) {
  if (last_.size() == lines_kept) last_.pop_front();
  last_.push_back(printable(piece, longest_kept));
  look_at(parsed(piece));
}

void ConsoleWatcher::look_at(const Line& line) {
  if (line.text.starts_with(marker)) {
    std::string_view text = line.text.substr(marker.size());
    if (text.starts_with(exit_marker)) {
      text.remove_prefix(exit_marker.size());
      int status = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
      const bool whole = error == std::errc() && end == text.data() + text.size();
      if (whole && status >= 0 && status <= 255) exit_status_ = status;
      return;
    }
    if (line.is_kernels && take_marker(text)) return;
  }
  has_times_ |= line.is_kernels;
  if (has_times_ && !line.is_kernels) return;
  take_trouble(line);
}

bool ConsoleWatcher::take_marker(std::string_view text) {
  const bool begins = text.starts_with(begin_marker);
  if (!begins && !text.starts_with(end_marker)) return false;
  text.remove_prefix(begins ? begin_marker.size() : end_marker.size());
  if (!begins) {
    running_.erase(std::string(text));
  } else if (running_.size() < most_running && CaseId::parse(text)) {
    running_.emplace(text);
  }
  return true;
}

void ConsoleWatcher::take_trouble(const Line& line) {
  if (is_shutdown(line.text)) shut_down_ = true;
  if (is_panic(line.text)) panicked_ = true;
  const bool jumped = open_ && open_->time && line.time && *line.time - *open_->time > time_jump;
  if (jumped) close();
  if (open_) return go_on(line);
  const ConsolePattern* const pattern = pattern_of(line.text);
  if (pattern != nullptr) {
    open(pattern->kind, line);
    if (pattern->extent == Extent::OneLine) close();
  } else if (is_cut_here(line.text)) {
    open("", line);
  }
  ruler_ = is_ruler(line.text) ? std::string(line.whole) : std::string();
}

// A line while a splat is open.
void ConsoleWatcher::go_on(const Line& line) {
  const ConsolePattern* const pattern = pattern_of(line.text);
  if (is_cut_here(line.text) || (pattern != nullptr && !belongs(*pattern))) {
    close();
    open(pattern == nullptr ? "" : pattern->kind, line);
    if (pattern != nullptr && pattern->extent == Extent::OneLine) close();
    return;
  }
  if (pattern != nullptr && open_->splat.kind.empty()) open_->splat.kind = pattern->kind;
  append(line);
  const bool full = open_->lines >= most_splat_lines ||
                    open_->splat.excerpt.size() >= longest_splat - longest_kept;
  const bool ended = open_->ruled ? is_ruler(line.text) : is_end_of_trace(line.text);
  if (full || ended) close();
}

// Whether a telling line is part of the splat that is open: an oops says so in several, a WARNING
// comes after the message that explains it.
bool ConsoleWatcher::belongs(const ConsolePattern& pattern) const {
  const std::string& kind = open_->splat.kind;
  if (kind.empty()) return pattern.kind != "panic";
  if (kind == pattern.kind) return kind != "hung-task" && pattern.extent == Extent::Trace;
  if (pattern.kind == "oops") return kind == "bug" || kind == "kfence";
  constexpr std::size_t head = 4;  // lines
  return pattern.kind == "warning" && open_->lines <= head;
}

void ConsoleWatcher::open(std::string_view kind, const Line& line) {
  open_.emplace();
  open_->splat.kind = kind;
  open_->splat.running = joined(running_);
  if (!ruler_.empty()) {
    open_->ruled = true;
    open_->splat.excerpt = printable(ruler_, longest_kept) + '\n';
    ruler_.clear();
  }
  append(line);
}

void ConsoleWatcher::append(const Line& line) {
  const std::string shown = printable(line.whole, longest_kept) + '\n';
  std::string& excerpt = open_->splat.excerpt;
  if (excerpt.size() + shown.size() <= longest_splat) excerpt += shown;
  if (line.time) open_->time = line.time;
  ++open_->lines;
}

void ConsoleWatcher::close() {
  if (!open_) return;
  Splat splat = std::exchange(open_, std::nullopt)->splat;
  if (splat.kind.empty()) splat.kind = "warning";  // cut here, and none of the words after it
  splat.excerpt.pop_back();
  if (splats_.size() < most_splats) {
    splats_.push_back(std::move(splat));
  } else {
    ++dropped_;
  }
}

std::vector<std::string> ConsoleWatcher::last_lines(std::size_t count) const {
  const std::size_t skipped = last_.size() - std::min(count, last_.size());
  return {last_.begin() + static_cast<std::ptrdiff_t>(skipped), last_.end()};
}

}  // namespace nsbench::kernel
