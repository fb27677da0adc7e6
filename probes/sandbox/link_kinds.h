// Which kinds of link the kernel can make, and whether asking for something makes it load a module.
// A module that is loaded changes the host, so whoever asks for one of these looks here before.
#pragma once

#include <string>
#include <string_view>

#include "reports/result.h"

namespace nsbench {

// Whether links of this kind ("veth") can be made without loading a module. The kernel is asked for
// the links of that kind: the kinds it knows filter its answer, those that it does not are ignored
// (net/core/rtnetlink.c rtnl_dump_ifinfo(), since 4.6). Needs no privilege and changes nothing; a
// link of another kind, such as lo, must exist in the caller's network namespace.
bool link_kind_ready(std::string_view kind);

// Whether a use of this module ("nf_tables") could make the kernel load it: not if it is loaded, if
// it is built in as far as that can be seen, or if this kernel can't load any.
bool would_load_module(std::string_view module);

}  // namespace nsbench
