#include <array>

#include "probes/families.h"
#include "probes/nsfs/probes.h"
#include "probes/uts/probes.h"

namespace nsbench::probes {

namespace {

constexpr std::array rows{
    &uts_identity, &hostname,         &hostname_sysctl, &domainname, &domainname_sysctl,
    &sysctl_owner, &uts_no_privilege, &name_length,     &inherited,  &version_fixed,
};

}  // namespace

std::span<const Probe* const> uts_family() { return rows; }

}  // namespace nsbench::probes
