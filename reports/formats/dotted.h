// Case ids for readers in whose formats '/', ':' and '=' mean something of their own.
#pragma once

#include <string>
#include <string_view>

#include "reports/case_id.h"

namespace nsbench {

// "create.mnt.mounts-1000.clone3-vfork.root": the id as a dotted path of words of [a-z0-9_-].
// Different ids stay different.
std::string dotted(const CaseId& id);

// `text` with every run of characters other than [A-Za-z0-9_.-] as one '_', none at its ends, and
// cut at `limit`: part of an id that we give to something whose name came from outside.
std::string id_text(std::string_view text, std::size_t limit = 200);

}  // namespace nsbench
