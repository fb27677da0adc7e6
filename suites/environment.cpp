#include "suites/environment.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <sstream>
#include <string>

#include "ci/kernel/guest_layout.h"
#include "probes/sandbox/capability_names.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/proc_text.h"
#include "reports/number.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

namespace nsbench {

namespace {

std::string read_or_empty(const std::string& path) {
  Result<std::string> text = read_small_file(path);
  return text ? trimmed(std::move(*text)) : "";
}

// The value behind "name : " in /proc/cpuinfo; the first processor's.
std::string cpuinfo(const std::string& text, std::string_view name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name)) continue;
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "";
}

int allowed_cpus() {
  cpu_set_t set;
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

// "32K"; 0 for what is no size.
std::int64_t bytes_of(std::string_view size) {
  const std::int64_t number = take_number<std::uint32_t>(size).value_or(0);
  constexpr std::int64_t kilo = 1024;
  if (size == "K") return number * kilo;
  return size == "M" ? number * kilo * kilo : number;
}

template <class Number>
Number number_or_zero(std::string_view text) {
  return parse_number<Number>(text).value_or(0);
}

std::vector<CacheInfo> look_at_caches() {
  std::vector<CacheInfo> caches;
  constexpr int most = 64;  // of one CPU
  for (int i = 0; i < most; ++i) {
    const std::string dir = fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}/", i);
    const std::string type = read_or_empty(dir + "type");
    if (type.empty()) return caches;
    int sharing = 0;
    for (const char digit : read_or_empty(dir + "shared_cpu_map")) {
      const std::string one(1, digit);
      sharing += std::popcount(static_cast<unsigned>(std::strtoul(one.c_str(), nullptr, 16)));
    }
    caches.push_back({.type = type,
                      .level = number_or_zero<int>(read_or_empty(dir + "level")),
                      .size = bytes_of(read_or_empty(dir + "size")),
                      .num_sharing = sharing});
  }
  return caches;
}

// What the hypervisor says of itself (CPUID leaf 0x40000000); "none" on bare metal.
std::string hypervisor(const std::string& cpu_text) {
  if (cpuinfo(cpu_text, "vendor_id") == "User Mode Linux") return "uml";
#if defined(__x86_64__) || defined(__i386__)
  struct Known {
    std::string_view signature;
    std::string_view name;
  };
  constexpr std::array known{Known{"KVMKVMKVM", "kvm"}, Known{"TCGTCGTCGTCG", "qemu-tcg"},
                             Known{"Microsoft Hv", "hyper-v"}, Known{"VMwareVMware", "vmware"},
                             Known{"XenVMMXenVMM", "xen"}};
  constexpr unsigned hypervisor_bit = 1U << 31U;
  constexpr unsigned hypervisor_leaf = 0x40000000;
  unsigned a = 0;
  std::array<unsigned, 3> text{};
  unsigned features = 0;
  if (__get_cpuid(1, &a, &text[0], &features, &text[1]) == 0 || (features & hypervisor_bit) == 0) {
    return "none";
  }
  __cpuid(hypervisor_leaf, a, text[0], text[1], text[2]);
  const std::string_view signature(reinterpret_cast<const char*>(text.data()), sizeof text);
  for (const Known& k : known) {
    if (signature.starts_with(k.signature)) return std::string(k.name);
  }
  return "hypervisor";
#else
  const std::string type = read_or_empty("/sys/hypervisor/type");
  return type.empty() ? "none" : type;
#endif
}

std::string container() {
  if (::access("/.dockerenv", F_OK) == 0) return "docker";
  if (::access("/run/.containerenv", F_OK) == 0) return "podman";
  return "";
}

std::string look_at_virtualisation(const std::string& cpu_text) {
  std::string outer = hypervisor(cpu_text);
  const std::string inner = container();
  if (inner.empty()) return outer;
  return outer == "none" ? inner : outer + ", " + inner;
}

// Named only where few are missing: a root that is almost one.
std::string missing_capabilities(const std::string& effective) {
  const std::uint64_t set = parse_number<std::uint64_t>(effective, 16).value_or(0);
  const int last = number_or_zero<int>(read_or_empty("/proc/sys/kernel/cap_last_cap"));
  std::string missing;
  int count = 0;
  for (int cap = 0; cap <= last && cap <= CAP_LAST_CAP; ++cap) {
    if ((set >> static_cast<unsigned>(cap) & 1U) != 0) continue;
    missing += (missing.empty() ? "" : ", ") + capability_name(cap);
    ++count;
  }
  constexpr int few = 8;
  return count <= few ? missing : "";
}

// The initial user namespace maps every id to itself (user_namespaces(7)).
bool in_initial_user_namespace() {
  const auto map = parse_id_map(read_or_empty("/proc/self/uid_map"));
  return map && maps_all_to_themselves(*map);
}

std::map<std::string, std::int64_t> look_at_limits() {
  std::map<std::string, std::int64_t> limits;
  for (const KindRow& kind : all_kinds) {
    const std::string text = read_or_empty(fmt::format("/proc/sys/user/{}", kind.limit));
    const auto limit = parse_number<std::int64_t>(text);
    if (limit) limits[fmt::format("user.{}", kind.limit)] = *limit;
  }
  return limits;
}

// The value of a word of the kernel's command line; `otherwise` if it is not there.
std::string cmdline_value(const std::string& cmdline, std::string_view name,
                          std::string_view otherwise) {
  std::istringstream words(cmdline);
  for (std::string word; words >> word;) {
    if (word.starts_with(name)) return word.substr(name.size());
  }
  return std::string(otherwise);
}

}  // namespace

KernelInfo look_at_kernel() {
  KernelInfo kernel;
  utsname names{};
  if (::uname(&names) == 0) {
    kernel.release = names.release;
    kernel.version = names.version;
    kernel.machine = names.machine;
  }
  kernel.cmdline = read_or_empty("/proc/cmdline");
  kernel.engine = cmdline_value(kernel.cmdline, nsbench::kernel::guest::engine, kernel.engine);
  kernel.clock = cmdline_value(kernel.cmdline, nsbench::kernel::guest::clock, kernel.clock);
  kernel.machine_id = read_or_empty("/etc/machine-id");
  kernel.boot_id = read_or_empty("/proc/sys/kernel/random/boot_id");
  kernel.taint = number_or_zero<std::int64_t>(read_or_empty("/proc/sys/kernel/tainted"));
  return kernel;
}

Environment look_at_environment(const Support& support) {
  Environment env;
  utsname names{};
  if (::uname(&names) == 0) env.host_name = names.nodename;
  const std::string cpu_text = read_or_empty("/proc/cpuinfo");
  env.cpu_model = cpuinfo(cpu_text, "model name");
  env.cpus = allowed_cpus();
  env.mhz = number_or_zero<double>(cpuinfo(cpu_text, "cpu MHz"));
  env.caches = look_at_caches();
  std::istringstream load(read_or_empty("/proc/loadavg"));
  for (double average = 0; env.load_avg.size() < 3 && load >> average;) {
    env.load_avg.push_back(average);
  }
  env.virtualisation = look_at_virtualisation(cpu_text);
  env.uid = ::geteuid();
  env.initial_user_namespace = in_initial_user_namespace();
  const std::string status = read_or_empty("/proc/self/status");
  env.capabilities = field_of(status, "CapEff");
  if (support.sys_admin) env.missing_capabilities = missing_capabilities(env.capabilities);
  env.seccomp = support.seccomp_filter ? "filter" : "off";
  env.lsm = read_or_empty("/sys/kernel/security/lsm");
  env.limits = look_at_limits();
  for (const KindRow& kind : all_kinds) {
    env.namespaces.emplace_back(kind.name, support.present.has(kind.kind));
  }
  return env;
}

}  // namespace nsbench
