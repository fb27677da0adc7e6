#include "suites/selftest/lie.h"

namespace nsbench::selftest {

std::span<const Lie> mnt_lies() { return {}; }

}  // namespace nsbench::selftest
