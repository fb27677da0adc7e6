#include "probes/sandbox/slow_machine.h"

#include "probes/sandbox/files.h"

namespace nsbench {

int patience_with(std::string_view cpuinfo) {
  constexpr int with_emulators = 4;
  for (const std::string_view emulator : {"QEMU TCG CPU", "User Mode Linux"}) {
    if (cpuinfo.find(emulator) != std::string_view::npos) return with_emulators;
  }
  return 1;
}

int patience_here() {
  static const int factor = [] {
    const Result<std::string> text = read_small_file("/proc/cpuinfo");
    return text ? patience_with(*text) : 1;
  }();
  return factor;
}

}  // namespace nsbench
