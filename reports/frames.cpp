#include "reports/frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/crc.hpp>
#include <charconv>
#include <utility>

#include "reports/percent.h"

namespace nsbench {
namespace {

constexpr std::string_view marker = "nsbench-frame ";
constexpr std::size_t text_per_line = 1024;  // escaped
constexpr std::size_t max_kind = 32;
constexpr std::size_t max_waiting = 16;  // incomplete messages
constexpr std::size_t max_parts = FrameReader::max_message / 128;

std::uint32_t crc_of(std::string_view text) {
  boost::crc_32_type crc;
  crc.process_bytes(text.data(), text.size());
  return crc.checksum();
}

// Escapes are not cut.
std::size_t cut_at(std::string_view text) {
  if (text.size() <= text_per_line) return text.size();
  std::size_t end = text_per_line;
  for (const std::size_t back : {1U, 2U}) {
    if (text[end - back] == '%') end -= back;
  }
  return end;
}

bool is_kind(std::string_view text) {
  return !text.empty() && text.size() <= max_kind &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

// Up to the next `end`, which is taken too; nothing where there is none.
std::optional<std::string_view> take_until(std::string_view& rest, char end) {
  const std::size_t at = rest.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view word = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  return word;
}

template <class T>
bool parse(std::optional<std::string_view> word, T& value, int base = 10) {
  if (!word || word->empty()) return false;
  const char* const end = word->data() + word->size();
  const auto [last, failed] = std::from_chars(word->data(), end, value, base);
  return failed == std::errc{} && last == end;
}

struct Frame {
  std::uint64_t number = 0;
  std::size_t part = 0, parts = 0;
  std::string_view kind;
  std::string text;
};

// `line`: behind the marker.
std::optional<Frame> frame_of(std::string_view line) {
  std::string_view rest = line;
  Frame frame;
  if (!parse(take_until(rest, ' '), frame.number) || !parse(take_until(rest, '/'), frame.part) ||
      !parse(take_until(rest, ' '), frame.parts)) {
    return std::nullopt;
  }
  const std::optional<std::string_view> kind = take_until(rest, ' ');
  std::uint32_t crc = 0;
  if (!kind || !is_kind(*kind) || !parse(take_until(rest, ' '), crc, 16)) return std::nullopt;
  frame.kind = *kind;
  const std::string covered =
      fmt::format("{} {}/{} {} {}", frame.number, frame.part, frame.parts, frame.kind, rest);
  std::optional<std::string> text = percent_decoded(rest, Spaces::Kept);
  if (crc_of(covered) != crc || !text || frame.number == 0 || frame.part == 0 ||
      frame.part > frame.parts || frame.parts > max_parts) {
    return std::nullopt;
  }
  frame.text = std::move(*text);
  return frame;
}

std::string missing_parts(const std::map<std::size_t, std::string>& have, std::size_t parts) {
  constexpr std::size_t most = 8;
  std::string names;
  std::size_t count = 0;
  for (std::size_t part = 1; part <= parts && count <= most; ++part) {
    if (have.contains(part)) continue;
    names += count == most ? ", ..." : fmt::format("{}{}", count == 0 ? "" : ", ", part);
    ++count;
  }
  return fmt::format("{} {}", count == 1 ? "part" : "parts", names);
}

}  // namespace

std::string FrameWriter::lines_of(const FramedMessage& message) {
  const std::string escaped = percent_encoded(message.text, Spaces::Kept);
  std::vector<std::string_view> pieces;
  std::string_view rest = escaped;
  do {
    const std::size_t end = cut_at(rest);
    pieces.push_back(rest.substr(0, end));
    rest.remove_prefix(end);
  } while (!rest.empty());
  ++number_;
  std::string lines;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::string head =
        fmt::format("{} {}/{} {}", number_, i + 1, pieces.size(), message.kind);
    const std::uint32_t crc = crc_of(fmt::format("{} {}", head, pieces[i]));
    lines += fmt::format("{}{} {:08x} {}\n", marker, head, crc, pieces[i]);
  }
  return lines;
}

std::vector<FramedMessage> FrameReader::feed(std::string_view bytes) {
  std::vector<FramedMessage> messages;
  buffer_ += bytes;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = buffer_.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    const std::string_view line = std::string_view(buffer_).substr(begin, end - begin);
    if (std::exchange(dropping_, false)) continue;
    if (std::optional<FramedMessage> message = take_line(line)) {
      messages.push_back(std::move(*message));
    }
  }
  buffer_.erase(0, begin);
  if (buffer_.size() > max_line) {
    dropping_ = true;
    buffer_.clear();
  }
  return messages;
}

std::optional<FramedMessage> FrameReader::take_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  // The marker may stand in what another wrote before the line, and in the text of a frame.
  const std::size_t first = line.find(marker);
  if (first == std::string_view::npos) return std::nullopt;
  std::optional<Frame> frame;
  for (std::size_t at = first; !frame && at != std::string_view::npos;
       at = line.find(marker, at + 1)) {
    frame = frame_of(line.substr(at + marker.size()));
  }
  if (!frame) {
    note(fmt::format("a line was damaged: {}",
                     percent_encoded(line.substr(first, 60), Spaces::Kept)));
    return std::nullopt;
  }
  if (partial_.size() == max_waiting && !partial_.contains(frame->number)) {
    note(
        fmt::format("message {} came while {} others were incomplete", frame->number, max_waiting));
    return std::nullopt;
  }
  Partial& partial = partial_[frame->number];
  if (partial.parts == 0) {
    partial.kind = frame->kind;
    partial.parts = frame->parts;
  }
  if (partial.kind != frame->kind || partial.parts != frame->parts) {
    note(fmt::format("message {} contradicts itself", frame->number));
    return std::nullopt;
  }
  if (waiting_bytes_ + frame->text.size() > max_message) {
    note(fmt::format("message {} is too long", frame->number));
    return std::nullopt;
  }
  const std::size_t bytes = frame->text.size();
  if (!partial.have.try_emplace(frame->part, std::move(frame->text)).second) return std::nullopt;
  waiting_bytes_ += bytes;
  partial.bytes += bytes;
  if (partial.have.size() < partial.parts) return std::nullopt;
  FramedMessage message{partial.kind, {}};
  message.text.reserve(partial.bytes);
  for (const auto& [part, text] : partial.have) message.text += text;
  waiting_bytes_ -= partial.bytes;
  partial_.erase(frame->number);
  last_complete_ = std::max(last_complete_, frame->number);
  ++complete_;
  return message;
}

void FrameReader::note(std::string problem) {
  if (problems_.size() < max_problems) problems_.push_back(std::move(problem));
}

std::vector<std::string> FrameReader::problems() const {
  std::vector<std::string> all = problems_;
  std::uint64_t highest = last_complete_;
  for (const auto& [number, partial] : partial_) {
    highest = std::max(highest, number);
    all.push_back(fmt::format("message {} ({}): {} of {} did not arrive whole", number,
                              partial.kind, missing_parts(partial.have, partial.parts),
                              partial.parts));
  }
  const std::uint64_t seen = complete_ + partial_.size();
  if (highest > seen) all.push_back(fmt::format("{} messages were lost", highest - seen));
  if (all.size() > max_problems) all.resize(max_problems);
  return all;
}

}  // namespace nsbench
