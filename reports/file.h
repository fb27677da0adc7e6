// Reading and writing whole files, so that a reader never sees half a report.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "reports/result.h"

namespace nsbench {

// Writes `text` to `path`. A regular file is replaced in one step, and a reader, or who finds it
// after a kill, has the old one or the new one, whole: it is written without a name (O_TMPFILE) and
// synced before it is linked to its name, or over a random one beside it renamed to that. Where the
// file system has no files without a name, the random one is there from the start. SIGKILL alone
// can leave it behind. Anything else that exists there (/dev/null, a FIFO) is written to, never
// renamed over. "-" is standard output.
// A new file's mode is 0644 less the umask; one that is replaced passes on its owner and mode. A
// symbolic link stays one, and is followed if that is safe: find_place() in place.h says when.
Status write_file(const std::string& path, std::string_view text);

// Writes `text` behind what `path` has, which is made if it is not there. Symbolic links as above;
// root appends to no file with a second name.
Status append_file(const std::string& path, std::string_view text);

// Reads a whole file. Errors that say so: a directory, more than `limit` bytes (of which no more
// are read), and a FIFO that nobody has open for writing: it is not waited for.
Result<std::string> read_file(const std::string& path, std::size_t limit = 1U << 28U);

}  // namespace nsbench
