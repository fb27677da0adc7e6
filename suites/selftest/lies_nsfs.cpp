#include "suites/selftest/lie.h"

namespace nsbench::selftest {

std::span<const Lie> nsfs_lies() { return {}; }

}  // namespace nsbench::selftest
