// What a fuzz target demands of a reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// libFuzzer's entry (llvm.org/docs/LibFuzzer.html): called with one input after another.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace nsbench::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Ends the process, so that the input is kept, if `holds` is false.
void check(bool holds, std::string_view what);

}  // namespace nsbench::fuzz
