#include "ci/kernel/console_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <set>
#include <utility>

#include "ci/kernel/console_watcher.h"
#include "reports/frames.h"
#include "reports/number.h"
#include "reports/printk_time.h"
#include "reports/received.h"
#include "reports/splat.h"

namespace nsbench::kernel {
namespace {

template <class Take>
void each_line(std::string_view text, const Take& take) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    take(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

void append_utf8(std::string& out, std::uint32_t code) {
  constexpr std::uint32_t one = 0x80, two = 0x800, three = 0x10000, last = 0x10FFFF;
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  const auto rest = [&](unsigned shift) { put(0x80U | (code >> shift & 0x3fU)); };
  if (code < one) {
    put(code);
  } else if (code < two) {
    put(0xc0U | code >> 6U);
    rest(0);
  } else if (code < three) {
    put(0xe0U | code >> 12U);
    rest(6);
    rest(0);
  } else if (code <= last) {
    put(0xf0U | code >> 18U);
    rest(12);
    rest(6);
    rest(0);
  }
}

// The digits of \x41, \u263A, \U0001F600; 0 for other escapes.
std::size_t digits_behind(char kind) {
  return kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
}

char of_one_letter(char kind) {
  constexpr std::string_view letters = "0abtnvfre";
  constexpr std::string_view values("\0\a\b\t\n\v\f\r\x1b", 9);
  const std::size_t at = letters.find(kind);
  return at == std::string_view::npos ? kind : values[at];
}

// A double-quoted scalar of YAML (1.1, 5.3), behind its opening quote, up to the closing one.
std::string unquoted(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (++i == text.size()) break;
    const std::size_t digits = digits_behind(text[i]);
    if (digits == 0) {
      out += of_one_letter(text[i]);
      continue;
    }
    const auto code = parse_number<std::uint32_t>(text.substr(i + 1, digits), 16);
    append_utf8(out, code.value_or('?'));
    if (code) i += digits;
  }
  return out;
}

// LAVA puts a backslash before each quote of what a target says, before it is quoted for YAML.
std::string without_added_backslashes(std::string text) {
  for (std::size_t at = text.find('"'); at != std::string::npos; at = text.find('"', at + 1)) {
    if (at == 0 || text[at - 1] != '\\') return text;  // this LAVA does not
  }
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '"') continue;
    out += text[i];
  }
  return out;
}

bool is_lava_line(std::string_view line) {
  if (line.starts_with("- ")) line.remove_prefix(2);
  return line.starts_with(R"({"dt": ")") && line.find(R"("lvl": ")") != std::string_view::npos;
}

// What a watcher of the kernel is to see: nothing of whole frames, whose text is not the kernel's.
std::string without_frames(std::string_view text) {
  std::string out;
  each_line(text, [&out](std::string_view line) {
    const std::size_t frame = line.find("nsbench-frame ");
    if (frame == std::string_view::npos) {
      out.append(line).append("\n");
      return;
    }
    out.append(line.substr(0, frame)).append("\n");
    // A report quotes the kernel; what the kernel printed into it stands behind.
    if (has_whole_frame(line)) return;
    std::size_t last = std::string_view::npos;
    for (std::size_t at = frame; (at = find_printk_time(line, at)) != std::string_view::npos;
         ++at) {
      last = at;
    }
    if (last != std::string_view::npos) out.append(line.substr(last)).append("\n");
  });
  return out;
}

struct Watched {
  std::vector<Splat> splats;
  std::size_t dropped = 0;
  bool panicked = false;
};

Watched watch(std::string_view text) {
  ConsoleWatcher watcher;
  watcher.feed(text);
  watcher.finish();
  return {watcher.splats(), watcher.dropped(), watcher.panicked()};
}

// The kernel's own log is whole and tells what was running; the console has what came after it was
// read for the last time, such as a panic.
Watched what_the_kernel_said(std::string_view console, const std::string& log) {
  Watched all = watch(log);
  Watched seen = watch(without_frames(console));
  std::set<std::string> known;
  for (const Splat& splat : all.splats) known.insert(headline(splat));
  for (Splat& splat : seen.splats) {
    if (known.contains(headline(splat))) continue;
    if (all.splats.size() < most_splats) {
      all.splats.push_back(std::move(splat));
    } else {
      ++seen.dropped;
    }
  }
  all.dropped = std::max(all.dropped, seen.dropped);
  all.panicked = all.panicked || seen.panicked;
  return all;
}

std::string trouble_of(const ConsoleLog& log, const Watched& said) {
  if (log.complete) return "";
  if (said.panicked) {
    return "the kernel panicked" + (said.splats.empty() ? "" : ": " + headline(said.splats.back()));
  }
  if (!log.any) return "no report of nsbench is in it";
  if (!log.lost.empty()) return "the report did not come out whole: " + log.lost.front();
  return "it ends before the report is complete";
}

}  // namespace

std::string console_in_lava_log(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  each_line(text, [&out](std::string_view line) {
    if (!is_lava_line(line)) {
      out.append(line).append("\n");
      return;
    }
    constexpr std::string_view target = R"("lvl": "target", "msg": ")";
    const std::size_t at = line.find(target);
    if (at == std::string_view::npos) return;
    out += without_added_backslashes(unquoted(line.substr(at + target.size())));
    out += '\n';
  });
  return out;
}

KernelLog console_of_records(std::string_view records) {
  KernelLog log;
  std::optional<std::uint64_t> last;
  each_line(records, [&](std::string_view line) {
    const std::size_t text = line.find(';');
    if (line.starts_with(' ') || text == std::string_view::npos) return;
    std::string_view head = line.substr(0, text);
    const auto take = [&head] {
      const std::size_t comma = head.find(',');
      const auto number = parse_number<std::uint64_t>(head.substr(0, comma));
      head.remove_prefix(comma == std::string_view::npos ? head.size() : comma + 1);
      return number;
    };
    const auto priority = take();
    const auto sequence = take();
    const auto time = take();
    if (!priority || !sequence || !time) return;
    if (last && *sequence > *last + 1) log.missing += *sequence - *last - 1;
    last = sequence;
    constexpr std::uint64_t million = 1'000'000;
    log.text +=
        fmt::format("[{:5}.{:06}] {}\n", *time / million, *time % million, line.substr(text + 1));
  });
  return log;
}

std::vector<Splat> splats_in_records(std::string_view records) {
  return watch(console_of_records(records).text).splats;
}

ConsoleLog read_console_log(std::string_view captured) {
  const std::string console = console_in_lava_log(captured);
  ReceivedReport received;
  received.feed(console);
  received.feed("\n");  // a capture may end within a line
  ConsoleLog log;
  log.any = received.any();
  log.complete = received.complete();
  log.exit_status = received.exit_status();
  log.lost = received.damage();
  log.mended = received.mended();
  const KernelLog kernels = console_of_records(received.kernel_log());
  const Watched said = what_the_kernel_said(console, kernels.text);
  log.trouble = trouble_of(log, said);
  log.report = received.take();
  Report& report = log.report;
  std::set<std::string> told;  // by nsbench itself, if it came to its end
  for (const Splat& splat : report.kernel.splats) told.insert(headline(splat));
  std::copy_if(said.splats.begin(), said.splats.end(), std::back_inserter(report.kernel.splats),
               [&told](const Splat& splat) { return !told.contains(headline(splat)); });
  if (said.dropped > 0) {
    report.warnings.push_back(
        {"splats-dropped",
         fmt::format("the console had {} more splats than are kept", said.dropped)});
  }
  if (kernels.missing > 0) {
    report.warnings.push_back(
        {"kernel-log", fmt::format("{} records of the kernel's log were overwritten before they "
                                   "could be read",
                                   kernels.missing)});
  }
  if (!log.complete) {
    report.run.interrupted = true;
    report.warnings.push_back({"console-lost", log.trouble});
  }
  return log;
}

}  // namespace nsbench::kernel
