// A command in one text: its words, quoted, are the same words.
#include "suites/lockstep/command_line.h"

#include "reports/fuzz/check.h"

using namespace nsbench;

namespace {

std::string quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "' ";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto words = lockstep::words_of(fuzz::text_of(data, size));
  if (!words) return 0;
  std::string all;
  for (const std::string& word : *words) all += quoted(word);
  const auto again = lockstep::words_of(all);
  fuzz::check(again.ok() && *again == *words, "quoted words are the same words");
  return 0;
}
