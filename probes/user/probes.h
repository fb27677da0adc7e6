// The probes of the user namespace, each defined in the file named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {

// id_mapping.cpp
extern const Probe uid_map, gid_map, file_owner, peer_ids_probe;

}  // namespace nsbench::probes
