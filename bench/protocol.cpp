#include "bench/protocol.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <optional>
#include <type_traits>

namespace nsbench::bench {
namespace {

constexpr std::size_t max_text = 512;

// Both ends are one program on one machine, so numbers travel as they lie in memory.
class Writer {
 public:
  explicit Writer(char tag) : bytes_(1, tag) {}

  template <class T>
  void number(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::array<char, sizeof(T)> raw{};
    std::memcpy(raw.data(), &value, sizeof(T));
    bytes_.append(raw.data(), raw.size());
  }
  void text(std::string_view text) {
    text = text.substr(0, max_text);
    number(static_cast<std::uint32_t>(text.size()));
    bytes_ += text;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads what a Writer wrote. After the first thing that can't be, everything reads as empty and
// whole() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <class T>
  T number() {
    T value{};
    if (rest_.size() < sizeof(T)) {
      spoil();
      return value;
    }
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  std::string text() {
    const auto length = number<std::uint32_t>();
    if (length > max_text || length > rest_.size()) {
      spoil();
      return "";
    }
    std::string text(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return text;
  }
  double time() {
    const auto time = number<double>();
    if (!std::isfinite(time) || time < 0) spoil();
    return time;
  }
  void spoil() {
    good_ = false;
    rest_ = {};
  }
  // Whether all was read, and could be.
  [[nodiscard]] bool whole() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

struct Encoder {
  std::string operator()(const BatchBegins& m) const {
    Writer writer('B');
    writer.number(m.case_index);
    writer.number(m.batches_left);
    return writer.take();
  }
  std::string operator()(const BatchTimes& m) const {
    Writer writer('T');
    const std::size_t count = std::min(m.ns.size(), BatchTimes::max_times);
    writer.number(static_cast<std::uint32_t>(count));
    for (std::size_t i = 0; i < count; ++i) writer.number(m.ns[i]);
    return writer.take();
  }
  std::string operator()(const BatchEnds& m) const {
    Writer writer('E');
    writer.number(static_cast<std::uint8_t>(m.outcome));
    writer.number(static_cast<std::uint8_t>(m.drained ? 1 : 0));
    writer.number(m.calls_per_timing);
    writer.number(m.cpu_ns);
    writer.number(m.seconds);
    writer.number(m.drain);
    writer.text(m.step);
    writer.number(m.err);
    return writer.take();
  }
  std::string operator()(const Note& m) const {
    Writer writer('N');
    writer.text(m.code);
    writer.text(m.text);
    return writer.take();
  }
  std::string operator()(const Finished& /*m*/) const { return Writer('F').take(); }
};

BatchBegins read_begins(Reader& reader) {
  BatchBegins m;
  m.case_index = reader.number<std::uint32_t>();
  m.batches_left = reader.number<std::uint32_t>();
  return m;
}

BatchTimes read_times(Reader& reader) {
  BatchTimes m;
  const auto count = reader.number<std::uint32_t>();
  if (count > BatchTimes::max_times) reader.spoil();
  for (std::uint32_t i = 0; i < std::min<std::size_t>(count, BatchTimes::max_times); ++i) {
    m.ns.push_back(reader.time());
  }
  return m;
}

BatchEnds read_ends(Reader& reader) {
  BatchEnds m;
  const auto outcome = reader.number<std::uint8_t>();
  const auto drained = reader.number<std::uint8_t>();
  if (outcome > static_cast<std::uint8_t>(BatchEnds::Outcome::NotArranged) || drained > 1) {
    reader.spoil();
  }
  m.outcome = static_cast<BatchEnds::Outcome>(outcome);
  m.drained = drained == 1;
  m.calls_per_timing = reader.number<std::uint32_t>();
  if (m.calls_per_timing == 0) reader.spoil();
  m.cpu_ns = reader.time();
  m.seconds = reader.time();
  m.drain = reader.time();
  m.step = reader.text();
  m.err = reader.number<std::int32_t>();
  return m;
}

Note read_note(Reader& reader) {
  Note m;
  m.code = reader.text();
  m.text = reader.text();
  return m;
}

std::optional<WorkerMessage> read_message(char tag, Reader& reader) {
  switch (tag) {
    case 'B':
      return read_begins(reader);
    case 'T':
      return read_times(reader);
    case 'E':
      return read_ends(reader);
    case 'N':
      return read_note(reader);
    case 'F':
      return Finished{};
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string encode(const WorkerMessage& message) { return std::visit(Encoder{}, message); }

Result<WorkerMessage> decode(std::string_view bytes) {
  const Error malformed{"malformed message from the benchmark's worker"};
  if (bytes.empty()) return malformed;
  Reader reader(bytes.substr(1));
  std::optional<WorkerMessage> message = read_message(bytes.front(), reader);
  if (!message || !reader.whole()) return malformed;
  return *std::move(message);
}

}  // namespace nsbench::bench
