#include "suites/selftest/lie.h"

namespace nsbench::selftest {

std::span<const Lie> ipc_lies() { return {}; }

}  // namespace nsbench::selftest
