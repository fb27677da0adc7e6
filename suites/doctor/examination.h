// Looks at this machine for what stands in the way of checks.
#pragma once

#include "suites/doctor/diagnosis.h"

namespace nsbench::doctor {

// Feature by feature by trying, in children and in arenas; one case of each probe and privilege is
// run, for the reasons for which it is skipped. Changes nothing. The caller must be
// single-threaded.
Evidence examine();

}  // namespace nsbench::doctor
