// A serial line (or a pipe, or a socket) that carries bytes as they are.
#pragma once

#include <string>
#include <string_view>

#include "probes/sandbox/fd.h"
#include "reports/result.h"

namespace nsbench {

// Opens `path` for reading and writing. A terminal is put into raw mode (termios(3)) without
// becoming the controlling one; anything else is left as it is. Errors name the call and the path.
Result<Fd> open_serial_line(const std::string& path);

// Writes all of it, however long the other end takes.
Status write_all(int fd, std::string_view bytes);

}  // namespace nsbench
