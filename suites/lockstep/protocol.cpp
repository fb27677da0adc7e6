#include "suites/lockstep/protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <type_traits>
#include <utility>

#include "reports/percent.h"
#include "reports/printable.h"

namespace nsbench::lockstep {
namespace {

// Bytes of a text before it is written as a value: three times as many in a line at worst.
constexpr std::size_t max_text = 640;
constexpr std::size_t max_id = 256;
constexpr std::size_t max_word = 64;

constexpr std::array outcome_names{
    std::pair{BatchResult::Outcome::Measured, std::string_view("measured")},
    std::pair{BatchResult::Outcome::Failed, std::string_view("failed")},
    std::pair{BatchResult::Outcome::Broken, std::string_view("broken")},
    std::pair{BatchResult::Outcome::Skipped, std::string_view("skipped")}};

class Line {
 public:
  explicit Line(std::string_view word) : text_(word) {}

  Line& text(std::string_view key, std::string_view value, std::size_t limit = max_text) {
    text_ += fmt::format(" {}=", key);
    text_ += percent_encoded(value.substr(0, limit));
    return *this;
  }
  template <class T>
  Line& number(std::string_view key, T value) {
    text_ += fmt::format(" {}={}", key, value);
    return *this;
  }
  Line& list(std::string_view key, const std::vector<double>& values) {
    text_ += fmt::format(" {}=", key);
    const std::size_t count = std::min(values.size(), BatchResult::max_samples);
    for (std::size_t i = 0; i < count; ++i)
      text_ += fmt::format("{}{:.7g}", i ? "," : "", values[i]);
    return *this;
  }
  std::string take() { return std::move(text_) + "\n"; }

 private:
  std::string text_;
};

struct Encoder {
  std::string operator()(const Hello& m) const {
    return Line("hello")
        .number("protocol", m.protocol)
        .text("nsbench", m.nsbench, max_word)
        .number("workload", m.workload)
        .text("build", m.build, max_word)
        .text("kernel", m.kernel, max_id)
        .text("clock", m.clock, max_word)
        .take();
  }
  std::string operator()(const About& m) const {
    return Line("about").text("name", m.name, max_id).text("value", m.value).take();
  }
  std::string operator()(const RunBatch& m) const {
    return Line("run")
        .number("batch", m.batch)
        .text("case", m.case_id, max_id)
        .number("seconds", m.seconds)
        .number("warmup", m.warmup ? 1 : 0)
        .take();
  }
  std::string operator()(const BatchResult& m) const {
    Line line("result");
    const auto* name = std::find_if(outcome_names.begin(), outcome_names.end(),
                                    [&m](const auto& row) { return row.first == m.outcome; });
    line.number("batch", m.batch).text("case", m.case_id, max_id).text("outcome", name->second);
    if (m.outcome != BatchResult::Outcome::Measured) {
      if (!m.skip.empty()) line.text("skip", m.skip, max_word);
      return line.text("error", m.error).take();
    }
    line.text("unit", m.unit, max_word).number("n", m.n).number("k", m.calls_per_timing);
    line.number("p25", m.p25).number("p50", m.p50).number("p90", m.p90).number("p99", m.p99);
    line.number("min", m.min).number("max", m.max).number("mean", m.mean).number("cpu", m.cpu);
    line.number("seconds", m.seconds).number("drain", m.drain);
    line.number("drained", m.drained ? 1 : 0);
    return line.list("samples", m.samples).take();
  }
  std::string operator()(const Note& m) const {
    return Line("note").text("code", m.code, max_word).text("text", m.text).take();
  }
  std::string operator()(const Bye& m) const {
    Line line("bye");
    if (!m.reason.empty()) line.text("reason", m.reason);
    return line.take();
  }
};

// Takes a line's keys one by one. After the first that is wrong all read as empty, and error() is
// about that one.
class Keys {
 public:
  explicit Keys(std::string_view rest) {
    while (!rest.empty() && !failed_) {
      const std::size_t end = rest.find(' ');
      add(rest.substr(0, end));
      rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
    }
  }

  std::string text(std::string_view key, bool needed = true) {
    const std::string_view* const value = find(key, needed);
    if (value == nullptr) return "";
    std::optional<std::string> text = percent_decoded(*value);
    if (!text) spoil(key, *value);
    return text.value_or("");
  }
  template <class T>
  T number(std::string_view key, bool needed = true, T otherwise = {}) {
    const std::string_view* const value = find(key, needed);
    return value == nullptr ? otherwise : parsed<T>(key, *value);
  }
  bool flag(std::string_view key, bool needed = true, bool otherwise = false) {
    const int value = number<int>(key, needed, otherwise ? 1 : 0);
    if (value > 1) spoil(key, "not 0 or 1");
    return value == 1;
  }
  std::vector<double> list(std::string_view key) {
    std::vector<double> values;
    const std::string_view* const found = find(key, false);
    std::string_view rest = found == nullptr ? "" : *found;
    while (!rest.empty() && !failed_) {
      const std::size_t end = rest.find(',');
      values.push_back(parsed<double>(key, rest.substr(0, end)));
      rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
      if (values.size() > BatchResult::max_samples) spoil(key, "too many");
    }
    return values;
  }
  void spoil(std::string_view key, std::string_view what) {
    if (failed_) return;
    failed_ = Error{fmt::format("{}: {}", printable(key), printable(what, 80))};
    values_.clear();
  }
  [[nodiscard]] const std::optional<Error>& error() const { return failed_; }

 private:
  void add(std::string_view word) {
    const std::size_t equals = word.find('=');
    if (equals == 0 || equals == std::string_view::npos) return spoil(word, "no key=value");
    const std::string_view key = word.substr(0, equals);
    if (find(key, false) != nullptr) return spoil(key, "twice");
    values_.emplace_back(key, word.substr(equals + 1));
  }
  const std::string_view* find(std::string_view key, bool needed) {
    for (const auto& [name, value] : values_) {
      if (name == key) return &value;
    }
    if (needed) spoil(key, "missing");
    return nullptr;
  }
  template <class T>
  T parsed(std::string_view key, std::string_view text) {
    T value{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool good = failed == std::errc{} && end == text.data() + text.size();
    if constexpr (std::is_floating_point_v<T>) good = good && std::isfinite(value);
    if (good && !(value < T{})) return value;
    spoil(key, text);
    return {};
  }

  std::vector<std::pair<std::string_view, std::string_view>> values_;
  std::optional<Error> failed_;
};

Hello read_hello(Keys& keys) {
  Hello m;
  m.protocol = keys.number<int>("protocol");
  // What another version says beside it may be other things.
  const bool ours = m.protocol == protocol_version;
  m.nsbench = keys.text("nsbench", false);
  m.workload = keys.number<int>("workload", ours);
  m.build = keys.text("build", false);
  m.kernel = keys.text("kernel", ours);
  m.clock = keys.text("clock", ours);
  return m;
}

RunBatch read_run(Keys& keys) {
  RunBatch m;
  m.batch = keys.number<std::uint64_t>("batch");
  m.case_id = keys.text("case");
  m.seconds = keys.number<double>("seconds");
  m.warmup = keys.flag("warmup", false);
  constexpr double an_hour = 3600;
  if (m.seconds > an_hour) keys.spoil("seconds", "more than an hour");
  return m;
}

BatchResult::Outcome read_outcome(Keys& keys) {
  const std::string name = keys.text("outcome");
  for (const auto& [outcome, known] : outcome_names) {
    if (name == known) return outcome;
  }
  keys.spoil("outcome", name);
  return BatchResult::Outcome::Broken;
}

void read_measured(Keys& keys, BatchResult& m) {
  m.unit = keys.text("unit", false);
  if (m.unit.empty()) m.unit = "ns";
  if (m.unit != "ns" && m.unit != "bytes") keys.spoil("unit", m.unit);
  m.n = keys.number<std::uint64_t>("n");
  m.calls_per_timing = keys.number<std::uint64_t>("k", false, 1);
  if (m.n == 0) keys.spoil("n", "0");
  if (m.calls_per_timing == 0) keys.spoil("k", "0");
  m.min = keys.number<double>("min");
  m.max = keys.number<double>("max");
  m.mean = keys.number<double>("mean");
  m.p25 = keys.number<double>("p25");
  m.p50 = keys.number<double>("p50", false);
  m.p90 = keys.number<double>("p90", false);
  m.p99 = keys.number<double>("p99", false);
  m.cpu = keys.number<double>("cpu", false);
  m.seconds = keys.number<double>("seconds");
  m.drain = keys.number<double>("drain", false);
  m.drained = keys.flag("drained", false, true);
  m.samples = keys.list("samples");
  if (m.p25 < m.min || m.p25 > m.max) keys.spoil("p25", "outside of min and max");
}

BatchResult read_result(Keys& keys) {
  BatchResult m;
  m.batch = keys.number<std::uint64_t>("batch");
  m.case_id = keys.text("case");
  m.outcome = read_outcome(keys);
  if (m.outcome == BatchResult::Outcome::Measured) {
    read_measured(keys, m);
  } else {
    const bool skipped = m.outcome == BatchResult::Outcome::Skipped;
    m.skip = keys.text("skip", skipped);
    if (skipped && m.skip.empty()) keys.spoil("skip", "empty");
    m.error = keys.text("error");
  }
  return m;
}

std::optional<Message> read_message(std::string_view word, Keys& keys) {
  if (word == "hello") return read_hello(keys);
  if (word == "about") return About{keys.text("name"), keys.text("value")};
  if (word == "run") return read_run(keys);
  if (word == "result") return read_result(keys);
  if (word == "note") return Note{keys.text("code"), keys.text("text")};
  if (word == "bye") return Bye{keys.text("reason", false)};
  return std::nullopt;
}

}  // namespace

std::string encode(const Message& message) { return std::visit(Encoder{}, message); }

Result<Message> decode(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t end = line.find(' ');
  const std::string_view word = line.substr(0, end);
  Keys keys(end == std::string_view::npos ? "" : line.substr(end + 1));
  std::optional<Message> message = read_message(word, keys);
  if (!message) {
    return Error{fmt::format("\"{}\" is no line of the protocol", printable(line, 80))};
  }
  if (keys.error()) return Error{fmt::format("{}: {}", word, keys.error()->str())};
  return *std::move(message);
}

LineReader::Got LineReader::next(std::string& line) {
  const std::size_t end = buffer_.find('\n');
  if (end == std::string::npos) {
    if (buffer_.size() < max_line) return Got::Nothing;
    buffer_.clear();
    return std::exchange(dropping_, true) ? Got::Nothing : Got::TooLong;
  }
  line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  if (std::exchange(dropping_, false)) return next(line);  // the end of the dropped one
  return end < max_line ? Got::Line : Got::TooLong;
}

}  // namespace nsbench::lockstep
