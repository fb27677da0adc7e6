#include "reports/fuzz/check.h"

#include <cstdio>
#include <cstdlib>

namespace nsbench::fuzz {

void check(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

}  // namespace nsbench::fuzz
