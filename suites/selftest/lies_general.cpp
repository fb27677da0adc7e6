#include "suites/selftest/lie.h"

namespace nsbench::selftest {

std::span<const Lie> general_lies() { return {}; }

}  // namespace nsbench::selftest
