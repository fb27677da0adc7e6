// The memory of a stopped process.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nsbench::selftest {

// Up to `size` bytes: fewer where the memory ends; "" where there is none or the process is gone.
std::string read_memory(pid_t process, std::uint64_t address, std::size_t size);
// Up to the NUL, at most PATH_MAX bytes.
std::string read_text(pid_t process, std::uint64_t address);
// Into pages that it may only read, too. All or, as far as the caller can tell, nothing.
bool write_memory(pid_t process, std::uint64_t address, std::string_view bytes);

}  // namespace nsbench::selftest
