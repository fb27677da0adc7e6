// Messages of any size through a serial line that may lose bytes, and that others write to as well:
// cut into short numbered lines of printable ASCII, each with a checksum. What was lost or split is
// noticed and named.
//
//   nsbench-frame 3 2/7 report 1c291ca3 "cases": [%0A...
//
// is part 2 of the 7 parts of message 3, of the kind `report`; then the CRC-32 (as zlib has it) of
// "3 2/7 report TEXT", and the text, with '%' and whatever is not printable ASCII as %XX. Messages
// are numbered from 1. A line of anything else, and what stands in front of "nsbench-frame " on a
// line (a kernel's message without an end), is passed over. So is a line that comes twice; but
// not one that comes again with another text, as when the machine started anew.
//
// On a console the kernel may print in the middle of a line, since it does not wait for what a
// process is writing:
//   nsbench-frame 3 2/7 rep[   12.345678] eth0: link is up
//   ort 1c291ca3 "cases": [%0A...
// Such a line is put together again, by the time that printk puts in front of what it prints, and
// where the checksum says that it is right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nsbench {

struct Frame;  // a line that arrived whole

struct FramedMessage {
  std::string kind;  // of [a-z-]
  std::string text;

  friend bool operator==(const FramedMessage&, const FramedMessage&) = default;
};

// Whether `line` ends in a whole line of ours, whatever stands before it.
bool has_whole_frame(std::string_view line);

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
  static constexpr std::size_t max_line = 4096;
  static constexpr std::size_t max_message = 64UL << 20U;

  // Bytes as they come. Returns the messages that they complete, in order of completion.
  std::vector<FramedMessage> feed(std::string_view bytes);

  // How many lines were split by the kernel and put together again.
  [[nodiscard]] std::size_t mended() const { return mended_; }

  // What went wrong, one sentence each: "message 3 (report): parts 2, 5 of 7 did not arrive whole".
  // To be asked when no more will come; at most max_problems.
  static constexpr std::size_t max_problems = 32;
  [[nodiscard]] std::vector<std::string> problems() const;

 private:
  struct Partial {
    std::string kind;
    std::size_t parts = 0;
    std::size_t bytes = 0;
    std::uint32_t first_crc = 0;  // of part 1
    std::map<std::size_t, std::string> have;
  };

  // A line of ours into which the kernel printed.
  struct Split {
    std::vector<std::string> heads;  // what it may begin with, from the marker on
    std::string line;                // as it came, to be told; empty if it may be none of ours
    std::size_t kernels = 0;         // the kernel's lines behind it
  };

  std::optional<FramedMessage> take_line(std::string_view line);
  std::optional<FramedMessage> take_frame(Frame frame);
  std::optional<Frame> go_on_with_split(std::string_view line);
  std::optional<Frame> split(std::string_view line, std::size_t first);
  void give_up_split();
  void note(std::string problem);

  std::string buffer_;
  bool dropping_ = false;
  std::optional<Split> split_;
  std::size_t mended_ = 0;
  std::map<std::uint64_t, Partial> partial_;
  std::size_t waiting_bytes_ = 0;
  std::map<std::uint64_t, std::uint32_t> finished_;  // messages, with the checksum of part 1
  std::vector<std::string> problems_;
};

}  // namespace nsbench
