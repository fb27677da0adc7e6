// The probes of the mnt namespace, each defined in the file named.
#pragma once

#include "probes/probe.h"

namespace nsbench::probes {

// mount_view.cpp
extern const Probe mount_view, umount_view, pivot_root;

}  // namespace nsbench::probes
