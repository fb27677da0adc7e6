// Messages of any size through a serial line that may lose bytes, and that others write to as well:
// cut into short numbered lines of printable ASCII, each with a checksum. What was lost or split is
// noticed and named.
//
//   nsbench-frame 3 2/7 report 1c291ca3 "cases": [%0A...
//
// is part 2 of the 7 parts of message 3, of the kind `report`; then the CRC-32 (as zlib has it) of
// "3 2/7 report TEXT", and the text, with '%' and whatever is not printable ASCII as %XX. Messages
// are numbered from 1. A line of anything else, and what stands in front of "nsbench-frame " on a
// line (a kernel's message without an end), is passed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nsbench {

struct FramedMessage {
  std::string kind;  // of [a-z-]
  std::string text;

  friend bool operator==(const FramedMessage&, const FramedMessage&) = default;
};

class FrameWriter {
 public:
  // The lines of the next message, each with its end ('\n').
  std::string lines_of(const FramedMessage& message);

 private:
  std::uint64_t number_ = 0;
};

class FrameReader {
 public:
  // Bytes of a line, its end included; of a message; what may wait for its missing parts.
  static constexpr std::size_t max_line = 2048;
  static constexpr std::size_t max_message = 64UL << 20U;

  // Bytes as they come. Returns the messages that they complete, in order of completion.
  std::vector<FramedMessage> feed(std::string_view bytes);

  // What went wrong, one sentence each: "message 3 (report): parts 2, 5 of 7 did not arrive whole".
  // To be asked when no more will come; at most max_problems.
  static constexpr std::size_t max_problems = 32;
  [[nodiscard]] std::vector<std::string> problems() const;

 private:
  struct Partial {
    std::string kind;
    std::size_t parts = 0;
    std::size_t bytes = 0;
    std::map<std::size_t, std::string> have;
  };

  std::optional<FramedMessage> take_line(std::string_view line);
  void note(std::string problem);

  std::string buffer_;
  bool dropping_ = false;
  std::map<std::uint64_t, Partial> partial_;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t last_complete_ = 0;  // the highest number
  std::uint64_t complete_ = 0;       // how many
  std::vector<std::string> problems_;
};

}  // namespace nsbench
