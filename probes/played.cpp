// What happened in an arena, as one message.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "probes/check.h"

namespace nsbench {
namespace {

// The first line of an encoded Played: a mark, a word and a text; the transcript follows.
constexpr char skip_mark = 'S';
constexpr char broken_mark = 'B';
constexpr char refused_mark = 'R';
constexpr char whole_mark = 'W';

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

std::string Played::encode() const {
  std::string head(1, whole_mark);
  if (skip) {
    head = fmt::format("{}{} {}", skip_mark, nsbench::id(skip->reason), one_line(skip->text));
  } else if (!broken.empty()) {
    head = fmt::format("{}- {}", broken_mark, one_line(broken));
  } else if (refused) {
    head = fmt::format("{}{} {}", refused_mark, refused->err, one_line(refused->step));
  }
  return head + '\n' + transcript.encode();
}

Result<Played> Played::decode(std::string_view bytes) {
  const std::size_t newline = bytes.find('\n');
  if (newline == std::string_view::npos || newline == 0) return Error{"malformed play"};
  Result<Transcript> transcript = Transcript::decode(bytes.substr(newline + 1));
  if (!transcript) return transcript.error();
  Played played;
  played.transcript = std::move(*transcript);
  const std::string_view head = bytes.substr(0, newline);
  if (head == std::string_view(&whole_mark, 1)) return played;
  const std::size_t space = head.find(' ');
  if (space == std::string_view::npos) return Error{"malformed play"};
  const std::string_view word = head.substr(1, space - 1);
  std::string text(head.substr(space + 1));
  if (head.front() == skip_mark) {
    const std::optional<SkipReason> reason = parse_skip_reason(word);
    if (!reason) return Error{"malformed play: unknown skip reason"};
    played.skip = Skip{*reason, std::move(text)};
  } else if (head.front() == broken_mark) {
    played.broken = std::move(text);
  } else if (head.front() == refused_mark) {
    Error refused{std::move(text)};
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), refused.err);
    if (parsed.ec != std::errc{} || refused.err < 0) return Error{"malformed play: no errno"};
    played.refused = std::move(refused);
  } else {
    return Error{"malformed play: unknown mark"};
  }
  return played;
}

}  // namespace nsbench
