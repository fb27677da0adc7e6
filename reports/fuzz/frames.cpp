// A serial line as it may arrive: memory stays bounded, and what was written is read back.
#include "reports/frames.h"

#include <algorithm>

#include "reports/fuzz/check.h"

using namespace nsbench;

// The first byte says how many bytes arrive at once.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + 8 * static_cast<std::size_t>(data[0]);
  const std::string_view bytes = fuzz::text_of(data + 1, size - 1);
  FrameReader reader;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    for (const FramedMessage& message : reader.feed(bytes.substr(at, step))) {
      fuzz::check(message.text.size() <= size, "no more comes out than went in");
    }
  }
  for (const std::string& problem : reader.problems()) {
    fuzz::check(std::all_of(problem.begin(), problem.end(), [](char c) { return c >= ' '; }),
                "a problem is one line");
  }
  FrameReader again;
  const FramedMessage sent{"report", std::string(bytes)};
  const auto got = again.feed(FrameWriter().lines_of(sent));
  fuzz::check(got.size() == 1 && got.front() == sent, "what was written is read");
  return 0;
}
