// A console: whatever it prints, and in whatever pieces, the same is found, and it is bounded.
#include "ci/kernel/console_watcher.h"
#include "reports/fuzz/check.h"

using namespace nsbench;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  kernel::ConsoleWatcher whole;
  whole.feed(text);
  whole.finish();
  kernel::ConsoleWatcher pieces;
  for (std::size_t at = 0; at < size; at += 1 + at % 7) pieces.feed(text.substr(at, 1 + at % 7));
  pieces.finish();
  fuzz::check(whole.splats() == pieces.splats(), "pieces make no difference");
  fuzz::check(whole.running() == pieces.running(), "of what runs neither");
  fuzz::check(whole.splats().size() <= most_splats, "splats are bounded");
  for (const Splat& splat : whole.splats()) {
    fuzz::check(is_splat_kind(splat.kind), "a kind of the list");
    fuzz::check(splat.excerpt.size() <= longest_splat, "an excerpt is bounded");
    fuzz::check(!headline(splat).empty(), "a headline");
  }
  return 0;
}
