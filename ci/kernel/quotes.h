// Paths in messages.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "reports/printable.h"

namespace nsbench::kernel {

// "'boot/vmlinuz'", printable. Not `quoted`, which std::string would take to be std::quoted.
inline std::string in_quotes(std::string_view path) { return fmt::format("'{}'", printable(path)); }

}  // namespace nsbench::kernel
