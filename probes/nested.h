// Further namespaces below a side, where the environment may refuse them.
#pragma once

#include <string_view>

#include "probes/helpers.h"

namespace nsbench {

// in_nested() of helpers.h; a refusal of the door that the environment explains (a sysctl, an LSM,
// a limit: Support::explain()) makes the case a skip. False if that or trouble ended the case.
bool in_nested_or_skip(Scene& scene, std::string_view prefix, NamespaceSet set, const Look& look,
                       Method method = Method::Unshare);

}  // namespace nsbench
