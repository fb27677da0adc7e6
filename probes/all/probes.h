// The probes of all eight namespaces at once, each defined in the file named.
#pragma once

#include <span>
#include <vector>

#include "probes/probe.h"

namespace nsbench::probes {

// whole.cpp: rows of other families, entering every kind, and in the same order those families' own
const std::vector<Probe>& whole_probes();
std::span<const Probe* const> whole_originals();

}  // namespace nsbench::probes
