// What an arena says of a check: what is read is written the same.
#include "probes/check.h"
#include "reports/fuzz/check.h"

using namespace nsbench;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<Played> played = Played::decode(fuzz::text_of(data, size));
  if (!played) return 0;
  const std::string bytes = played->encode();
  const Result<Played> again = Played::decode(bytes);
  fuzz::check(again.ok(), "what was written is read");
  fuzz::check(again->encode() == bytes, "what was read is written the same");
  return 0;
}
