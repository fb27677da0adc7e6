#include "bench/kernel_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string>

#include "probes/sandbox/files.h"

namespace nsbench::bench {
namespace {

// proc_meminfo(5). Slab is what is reclaimable and what is not: descriptors' inodes are of the
// first.
// VmallocUsed has kernel stacks in it (CONFIG_VMAP_STACK), so KernelStack is left out.
constexpr std::array<std::string_view, 4> fields{"Slab", "PageTables", "VmallocUsed", "Percpu"};

}  // namespace

double kernel_bytes(std::string_view meminfo) {
  double kilobytes = 0;
  for (const std::string_view field : fields) {
    const std::string value = field_of(meminfo, field);
    const std::size_t digits = value.find_first_not_of(' ');
    std::uint64_t number = 0;
    if (digits == std::string::npos) continue;
    std::from_chars(value.data() + digits, value.data() + value.size(), number);
    kilobytes += static_cast<double>(number);
  }
  return kilobytes * 1024;
}

Status KernelMemory::open() {
  meminfo_ = Fd(::open("/proc/meminfo", O_RDONLY | O_CLOEXEC));
  if (!meminfo_.valid()) return Error::last("open(/proc/meminfo)");
  refresh_ = Fd(::open("/proc/sys/vm/stat_refresh", O_RDONLY | O_CLOEXEC));
  return {};
}

Result<double> KernelMemory::bytes() const {
  std::array<char, 8192> text{};
  if (refresh_.valid() && ::pread(refresh_.get(), text.data(), 1, 0) < 0) {
    return Error::last("read(/proc/sys/vm/stat_refresh)");
  }
  const ssize_t got = ::pread(meminfo_.get(), text.data(), text.size(), 0);
  if (got <= 0) return Error::last("read(/proc/meminfo)");
  return kernel_bytes({text.data(), static_cast<std::size_t>(got)});
}

}  // namespace nsbench::bench
