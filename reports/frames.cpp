#include "reports/frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/crc.hpp>
#include <charconv>
#include <utility>

#include "reports/percent.h"
#include "reports/printk_time.h"

namespace nsbench {

struct Frame {
  std::uint64_t number = 0;
  std::size_t part = 0, parts = 0;
  std::uint32_t crc = 0;
  std::string kind;
  std::string text;
};

namespace {

constexpr std::string_view marker = "nsbench-frame ";
constexpr std::size_t text_per_line = 1024;  // escaped
constexpr std::size_t max_kind = 32;
constexpr std::size_t max_waiting = 16;  // incomplete messages
constexpr std::size_t max_parts = FrameReader::max_message / 128;
constexpr std::size_t max_finished = 1UL << 20U;  // two weeks of one each second
constexpr std::size_t max_heads = 32;             // ways to read a line that was split
constexpr std::size_t max_kernels = 200;  // lines of the kernel's in the middle of one: a backtrace

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

// `line`: behind the marker.
std::optional<Frame> frame_of(std::string_view line) {
  std::string_view rest = line;
  Frame frame;
  if (!parse(take_until(rest, ' '), frame.number) || !parse(take_until(rest, '/'), frame.part) ||
      !parse(take_until(rest, ' '), frame.parts)) {
    return std::nullopt;
  }
  const std::optional<std::string_view> kind = take_until(rest, ' ');
  if (!kind || !is_kind(*kind) || !parse(take_until(rest, ' '), frame.crc, 16)) {
    return std::nullopt;
  }
  frame.kind = *kind;
  const std::string covered =
      fmt::format("{} {}/{} {} {}", frame.number, frame.part, frame.parts, frame.kind, rest);
  std::optional<std::string> text = percent_decoded(rest, Spaces::Kept);
  if (crc_of(covered) != frame.crc || !text || frame.number == 0 || frame.part == 0 ||
      frame.part > frame.parts || frame.parts > max_parts) {
    return std::nullopt;
  }
  frame.text = std::move(*text);
  return frame;
}

// `line` from a marker on.
std::optional<Frame> frame_at(std::string_view line) {
  return line.starts_with(marker) ? frame_of(line.substr(marker.size())) : std::nullopt;
}

// Where in the end of `line` a marker begins that goes on behind it; npos if none does.
std::size_t begun_marker(std::string_view line) {
  for (std::size_t length = std::min(marker.size() - 1, line.size()); length > 0; --length) {
    if (line.ends_with(marker.substr(0, length))) return line.size() - length;
  }
  return std::string_view::npos;
}

// The first few of the numbers up to the highest that are in neither map.
template <class A, class B>
std::string missing_messages(const std::map<std::uint64_t, A>& a,
                             const std::map<std::uint64_t, B>& b) {
  constexpr std::size_t most = 8;
  const std::uint64_t highest =
      std::max(a.empty() ? 0 : a.rbegin()->first, b.empty() ? 0 : b.rbegin()->first);
  const std::uint64_t lost = highest - a.size() - b.size();
  if (lost == 0) return {};
  std::string names;
  std::size_t count = 0;
  for (std::uint64_t number = 1; count < std::min<std::uint64_t>(lost, most); ++number) {
    if (a.contains(number) || b.contains(number)) continue;
    names += fmt::format("{}{}", count++ == 0 ? "" : ", ", number);
  }
  if (lost > most) names += ", ...";
  return lost == 1 ? fmt::format("message {} was lost", names)
                   : fmt::format("{} messages were lost: {}", lost, names);
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

bool has_whole_frame(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  for (std::size_t at = line.find(marker); at != std::string_view::npos;
       at = line.find(marker, at + 1)) {
    if (frame_at(line.substr(at))) return true;
  }
  return false;
}

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
  if (std::optional<Frame> frame = go_on_with_split(line)) {
    ++mended_;
    return take_frame(std::move(*frame));
  }
  // The marker may stand in what another wrote before the line, and in the text of a frame.
  const std::size_t first = line.find(marker);
  for (std::size_t at = first; at != std::string_view::npos; at = line.find(marker, at + 1)) {
    if (std::optional<Frame> frame = frame_at(line.substr(at))) {
      return take_frame(std::move(*frame));
    }
  }
  if (split_) return std::nullopt;  // this line may still go on with it
  if (std::optional<Frame> frame = split(line, first)) {
    ++mended_;
    return take_frame(std::move(*frame));
  }
  if (first != std::string_view::npos && !split_) {
    note(fmt::format("a line was damaged: {}",
                     percent_encoded(line.substr(first, 60), Spaces::Kept)));
  }
  return std::nullopt;
}

// A line that has a marker, at `first`, and is no frame; or that ends, where the kernel printed, in
// the beginning of a marker. The frame, where just its end was split off.
std::optional<Frame> FrameReader::split(std::string_view line, std::size_t first) {
  Split split;
  for (std::size_t at = find_printk_time(line, 1);
       at != std::string_view::npos && split.heads.size() < max_heads;
       at = find_printk_time(line, at + 1)) {
    const std::size_t begin = first < at ? first : begun_marker(line.substr(0, at));
    if (begin == std::string_view::npos) continue;
    split.heads.emplace_back(line.substr(begin, at - begin));
    if (std::optional<Frame> frame = frame_at(split.heads.back())) return frame;
  }
  if (split.heads.empty()) return std::nullopt;
  if (first != std::string_view::npos) split.line = line.substr(first, 60);
  split_ = std::move(split);
  return std::nullopt;
}

// The frame that `line` completes. What can't be the rest of it ends the waiting.
std::optional<Frame> FrameReader::go_on_with_split(std::string_view line) {
  if (!split_) return std::nullopt;
  std::vector<std::string> longer;  // where it was split once more
  if (!line.starts_with(marker)) {
    std::size_t end = line.size();
    for (std::size_t at = 0; at != std::string_view::npos; at = find_printk_time(line, at + 1)) {
      if (at > 0) end = at;
      for (const std::string& head : split_->heads) {
        std::string whole = head + std::string(line.substr(0, end));
        if (std::optional<Frame> frame = frame_at(whole)) {
          split_.reset();
          return frame;
        }
        if (at > 0 && longer.size() < max_heads) longer.push_back(std::move(whole));
      }
    }
  }
  if (printk_time_length(line) > 0) {
    if (++split_->kernels > max_kernels) give_up_split();
  } else if (longer.empty()) {
    give_up_split();
  } else {
    split_->heads = std::move(longer);
  }
  return std::nullopt;
}

void FrameReader::give_up_split() {
  if (!split_->line.empty()) {
    note(fmt::format("a line was split: {}", percent_encoded(split_->line, Spaces::Kept)));
  }
  split_.reset();
}

std::optional<FramedMessage> FrameReader::take_frame(Frame frame) {
  if (const auto known = finished_.find(frame.number); known != finished_.end()) {
    if (frame.part == 1 && frame.crc != known->second) {
      note(fmt::format("message {} came again with another text: there are two runs in it",
                       frame.number));
    }
    return std::nullopt;
  }
  if (partial_.size() == max_waiting && !partial_.contains(frame.number)) {
    note(fmt::format("message {} came while {} others were incomplete", frame.number, max_waiting));
    return std::nullopt;
  }
  if (finished_.size() == max_finished) {
    note(fmt::format("more than {} messages came", max_finished));
    return std::nullopt;
  }
  Partial& partial = partial_[frame.number];
  if (partial.parts == 0) {
    partial.kind = frame.kind;
    partial.parts = frame.parts;
  }
  if (partial.kind != frame.kind || partial.parts != frame.parts) {
    note(fmt::format("message {} contradicts itself", frame.number));
    return std::nullopt;
  }
  if (waiting_bytes_ + frame.text.size() > max_message) {
    note(fmt::format("message {} is too long", frame.number));
    return std::nullopt;
  }
  if (frame.part == 1) partial.first_crc = frame.crc;
  const std::size_t bytes = frame.text.size();
  const auto [at, is_new] = partial.have.try_emplace(frame.part, std::move(frame.text));
  if (!is_new) return std::nullopt;
  waiting_bytes_ += bytes;
  partial.bytes += bytes;
  if (partial.have.size() < partial.parts) return std::nullopt;
  FramedMessage message{partial.kind, {}};
  message.text.reserve(partial.bytes);
  for (const auto& [part, text] : partial.have) message.text += text;
  waiting_bytes_ -= partial.bytes;
  finished_.emplace(frame.number, partial.first_crc);
  partial_.erase(frame.number);
  return message;
}

void FrameReader::note(std::string problem) {
  if (problems_.size() < max_problems) problems_.push_back(std::move(problem));
}

std::vector<std::string> FrameReader::problems() const {
  std::vector<std::string> all = problems_;
  if (split_ && !split_->line.empty()) {
    all.push_back(fmt::format("a line was split: {}", percent_encoded(split_->line, Spaces::Kept)));
  }
  for (const auto& [number, partial] : partial_) {
    all.push_back(fmt::format("message {} ({}): {} of {} did not arrive whole", number,
                              partial.kind, missing_parts(partial.have, partial.parts),
                              partial.parts));
  }
  if (std::string lost = missing_messages(finished_, partial_); !lost.empty()) {
    all.push_back(std::move(lost));
  }
  if (all.size() > max_problems) all.resize(max_problems);
  return all;
}

}  // namespace nsbench
