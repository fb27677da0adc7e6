// What a probe's processes saw, off the channel: what is read is written the same.
#include "reports/fuzz/check.h"
#include "reports/observation.h"

using namespace nsbench;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<Transcript> transcript = Transcript::decode(fuzz::text_of(data, size));
  if (!transcript) return 0;
  const std::string bytes = transcript->encode();
  const Result<Transcript> again = Transcript::decode(bytes);
  fuzz::check(again.ok(), "what was written is read");
  fuzz::check(again->encode() == bytes, "what was read is written the same");
  return 0;
}
