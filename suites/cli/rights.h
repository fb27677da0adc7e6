// What commands may do, once that is less than what they were started with.
#pragma once

#include <string>

#include "reports/result.h"

namespace nsbench::cli {

// For commands that read, judge and write files, and for the end of those that did more before:
// from now on this process and its children have no right of root's but those over files, and none
// that a set-user-id program would give. As far as the kernel, or a filter, lets it be.
void keep_rights_over_files();

// For commands that make arenas or machines: what none of them needs is given up.
void keep_rights_of_harness();

// For a library that opens files by their names itself, and others beside them (SQLite's journals):
// where the way to `path` leads through a directory that is another user's, who can lead it
// anywhere and plant anything, root becomes that user, for good. A directory in which everybody can
// plant files is refused (EACCES). Anybody but the machine's root is left as they are.
Status share_rights_on_the_way_to(const std::string& path);

}  // namespace nsbench::cli
