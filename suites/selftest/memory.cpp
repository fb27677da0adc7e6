#include "suites/selftest/memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "probes/sandbox/fd.h"

namespace nsbench::selftest {

namespace {

Fd open_memory(pid_t process, int flags) {
  return Fd(::open(fmt::format("/proc/{}/mem", process).c_str(), flags | O_CLOEXEC));
}

void* pointer(std::uint64_t address) { return reinterpret_cast<void*>(address); }

}  // namespace

std::string read_memory(pid_t process, std::uint64_t address, std::size_t size) {
  constexpr std::size_t sane = 1U << 20U;
  std::string bytes(std::min(size, sane), '\0');
  const iovec here{.iov_base = bytes.data(), .iov_len = bytes.size()};
  const iovec there{.iov_base = pointer(address), .iov_len = bytes.size()};
  ssize_t got = ::process_vm_readv(process, &here, 1, &there, 1, 0);
  if (got < 0) {
    const Fd memory = open_memory(process, O_RDONLY);
    if (!memory.valid()) return "";
    got = ::pread(memory.get(), bytes.data(), bytes.size(), static_cast<off_t>(address));
  }
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return bytes;
}

std::string read_text(pid_t process, std::uint64_t address) {
  constexpr std::size_t page = 4096;
  std::string text;
  while (text.size() < PATH_MAX) {
    // To the end of the page: the next one may not be there.
    const std::size_t step = page - ((address + text.size()) % page);
    const std::string more = read_memory(process, address + text.size(), step);
    text += more;
    if (const std::size_t end = text.find('\0'); end != std::string::npos)
      return text.substr(0, end);
    if (more.size() < step) return "";
  }
  return text.substr(0, PATH_MAX);
}

bool write_memory(pid_t process, std::uint64_t address, std::string_view bytes) {
  const iovec here{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
  const iovec there{.iov_base = pointer(address), .iov_len = bytes.size()};
  const auto whole = static_cast<ssize_t>(bytes.size());
  if (::process_vm_writev(process, &here, 1, &there, 1, 0) == whole) return true;
  // A tracer may write through /proc/PID/mem into pages that are read-only (proc(5)).
  const Fd memory = open_memory(process, O_RDWR);
  return memory.valid() &&
         ::pwrite(memory.get(), bytes.data(), bytes.size(), static_cast<off_t>(address)) == whole;
}

}  // namespace nsbench::selftest
