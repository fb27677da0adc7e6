// A recipe in words: what is read is written and read the same. Beside it, the release of a kernel.
#include "probes/sandbox/recipe.h"

#include "probes/sandbox/support.h"
#include "reports/fuzz/check.h"

using namespace nsbench;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  static_cast<void>(KernelRelease::parse(text));
  const Result<Recipe> recipe = Recipe::parse(text);
  if (!recipe) return 0;
  const Result<Recipe> again = Recipe::parse(recipe->str());
  fuzz::check(again.ok() && *again == *recipe, "what was written is read the same");
  return 0;
}
