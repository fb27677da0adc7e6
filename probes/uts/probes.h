// The probes of the uts namespace, each defined in the file named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {

// names.cpp
extern const Probe hostname, domainname;
// name_sysctls.cpp
extern const Probe hostname_sysctl, domainname_sysctl, sysctl_owner;
// inherited.cpp
extern const Probe inherited, version_fixed;
// privilege.cpp
extern const Probe uts_no_privilege, name_length;

}  // namespace nsbench::probes
