// Reading and writing whole files, so that a reader never sees half a report.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "reports/result.h"

namespace nsbench {

// Writes `text` to `path`. A regular file is replaced in one step: a temporary with a random name
// is written beside it, synced and renamed over it. Anything else that exists there (/dev/null, a
// FIFO) is written to, never renamed over. "-" is standard output.
Status write_file(const std::string& path, std::string_view text);

// Writes `text` behind what `path` has, which is made if it is not there.
Status append_file(const std::string& path, std::string_view text);

// Reads a whole file. Errors that say so: a directory, more than `limit` bytes (of which no more
// are read), and a FIFO that nobody has open for writing: it is not waited for.
Result<std::string> read_file(const std::string& path, std::size_t limit = 1U << 28U);

}  // namespace nsbench
