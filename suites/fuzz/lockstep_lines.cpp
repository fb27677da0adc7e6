// What a worker in lock step says, cut into lines however it comes: what is read is written and
// read the same, and facts of the machine are learned.
#include <algorithm>
#include <variant>

#include "reports/fuzz/check.h"
#include "reports/report.h"
#include "suites/lockstep/facts.h"
#include "suites/lockstep/protocol.h"

using namespace nsbench;
using namespace nsbench::lockstep;

namespace {

void read_line(const std::string& line) {
  fuzz::check(line.size() < max_line, "a line is not longer than it may be");
  const Result<Message> message = decode(line);
  if (!message) {
    fuzz::check(message.error().str().find('\n') == std::string::npos, "an error is one line");
    return;
  }
  const std::string encoded = encode(*message);
  fuzz::check(encoded.size() <= max_line, "a written line is not longer than it may be");
  fuzz::check(std::count(encoded.begin(), encoded.end(), '\n') == 1, "a written line is one");
  const Result<Message> again = decode(std::string_view(encoded).substr(0, encoded.size() - 1));
  fuzz::check(again.ok(), "what was written is read");
  fuzz::check(encode(*again) == encoded, "what was read is written the same");
  if (const auto* const about = std::get_if<About>(&*message)) {
    KernelInfo kernel;
    Environment environment;
    learn(*about, kernel, environment);
    static_cast<void>(facts_of(kernel, environment));
  }
}

}  // namespace

// The first byte says how many bytes arrive at once.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + 16 * static_cast<std::size_t>(data[0]);
  std::string_view text = fuzz::text_of(data + 1, size - 1);
  LineReader reader;
  std::string line;
  while (!text.empty()) {
    reader.feed(text.substr(0, step));
    text.remove_prefix(std::min(step, text.size()));
    for (auto got = reader.next(line); got != LineReader::Got::Nothing; got = reader.next(line)) {
      if (got == LineReader::Got::Line) read_line(line);
    }
    fuzz::check(reader.size() < max_line, "no more is kept than a line");
  }
  return 0;
}
