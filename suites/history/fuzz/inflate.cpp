// A report as the history keeps it: what can't be its own is refused, within bounds; what is made
// small comes back.
#include <string>

#include "reports/fuzz/check.h"
#include "suites/history/deflate.h"

using namespace nsbench;

// The first four bytes say how long the text is said to be.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const std::size_t bytes = data[0] | data[1] << 8U | data[2] << 16U | std::size_t{data[3]} << 24U;
  const std::string_view rest = fuzz::text_of(data + 4, size - 4);
  const Result<std::string> text = history::inflated(rest, bytes);
  if (text) fuzz::check(text->size() == bytes, "it is as long as it was said to be");
  const Result<std::string> small = history::deflated(rest);
  fuzz::check(small.ok(), "everything can be made small");
  const Result<std::string> again = history::inflated(*small, rest.size());
  fuzz::check(again.ok() && *again == rest, "what was made small comes back");
  return 0;
}
