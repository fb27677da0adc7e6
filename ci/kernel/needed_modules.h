// The modules that probes and benchmarks can use, where a kernel has them as modules.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace nsbench::kernel {

struct NeededModule {
  std::string_view name;
  std::string_view reason;  // who uses it, for what
};

// In an order in which they can be loaded: a kernel of its own has no modprobe(8) to fetch by an
// alias what a module asks for as it is loaded.
std::span<const NeededModule> needed_modules();
// Their names alone, as load_modules() takes them.
std::vector<std::string_view> needed_module_names();

}  // namespace nsbench::kernel
