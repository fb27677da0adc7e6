// A slowdown that is asked for in words.
#include "bench/plant.h"

#include "reports/fuzz/check.h"

using namespace nsbench;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<bench::Plant> plant = bench::Plant::parse(fuzz::text_of(data, size));
  if (plant) fuzz::check(plant->share >= 0 && plant->ns >= 0, "a slowdown is none backwards");
  return 0;
}
