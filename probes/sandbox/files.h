// Small files of /proc and /sys, read and written in one call, with the errno kept.
#pragma once

#include <string>
#include <string_view>

#include "reports/result.h"

namespace nsbench {

// Reads a whole small file (up to 64 MiB: a mount table may be that long).
Result<std::string> read_small_file(const std::string& path);
// One write(2), as /proc wants it.
Status write_small_file(const std::string& path, std::string_view text);
// The target of a symbolic link: "pid:[4026531836]".
Result<std::string> read_link(const std::string& path);
// Without trailing white space.
std::string trimmed(std::string text);
// The value of a "Name:\tvalue" line of a /proc file; empty if there is none.
std::string field_of(std::string_view text, std::string_view name);

}  // namespace nsbench
