// What a worker tells the harness: what is read is written the same.
#include "bench/protocol.h"
#include "reports/fuzz/check.h"

using namespace nsbench;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<bench::WorkerMessage> message = bench::decode(fuzz::text_of(data, size));
  if (!message) return 0;
  const Result<bench::WorkerMessage> again = bench::decode(bench::encode(*message));
  fuzz::check(again.ok(), "what was written is read");
  fuzz::check(*again == *message, "what was read is written the same");
  return 0;
}
