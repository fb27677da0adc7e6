#include "reports/kernel_config.h"

#include <algorithm>
#include <array>
#include <optional>

namespace nsbench {
namespace {

constexpr std::string_view config = "CONFIG_";
constexpr std::size_t longest_value = 256;
constexpr std::size_t most_options = 500;  // of a file that only looks like a configuration

// Told even if they are not set: that is what explains a skip, or a difference in times.
constexpr std::array<std::string_view, 27> always{"NAMESPACES",
                                                  "UTS_NS",
                                                  "TIME_NS",
                                                  "IPC_NS",
                                                  "USER_NS",
                                                  "PID_NS",
                                                  "NET_NS",
                                                  "CGROUPS",
                                                  "SYSVIPC",
                                                  "POSIX_MQUEUE",
                                                  "CHECKPOINT_RESTORE",
                                                  "SMP",
                                                  "NUMA",
                                                  "MODULES",
                                                  "KASAN",
                                                  "KFENCE",
                                                  "KCSAN",
                                                  "UBSAN",
                                                  "LOCKDEP",
                                                  "PROVE_LOCKING",
                                                  "SECURITY",
                                                  "SECCOMP",
                                                  "PREEMPT_RT",
                                                  "VETH",
                                                  "OVERLAY_FS",
                                                  "KMEMLEAK",
                                                  "DEBUG_KMEMLEAK"};

// Told where they are set.
constexpr std::array<std::string_view, 24> set_names{"LSM",
                                                     "NET_NS_REFCNT_TRACKER",
                                                     "SLUB",
                                                     "SLAB",
                                                     "NR_CPUS",
                                                     "TINY_RCU",
                                                     "TREE_RCU",
                                                     "PREEMPT_RCU",
                                                     "RCU_EXPERT",
                                                     "MEMCG",
                                                     "BLK_CGROUP",
                                                     "CPUSETS",
                                                     "FRAME_POINTER",
                                                     "UNWINDER_ORC",
                                                     "LTO_CLANG",
                                                     "LTO_NONE",
                                                     "CFI_CLANG",
                                                     "FTRACE",
                                                     "LOCK_STAT",
                                                     "KCOV",
                                                     "GCOV_KERNEL",
                                                     "PAGE_TABLE_ISOLATION",
                                                     "MITIGATION_PAGE_TABLE_ISOLATION",
                                                     "LOCALVERSION"};
constexpr std::array<std::string_view, 15> set_prefixes{
    "PREEMPT",         "HZ",         "NO_HZ",   "DEBUG_",  "KASAN_",    "KFENCE_",
    "KCSAN_",          "UBSAN_",     "PROVE_",  "CGROUP_", "SECURITY_", "DEFAULT_SECURITY",
    "LOCKUP_DETECTOR", "SLUB_DEBUG", "INIT_ON_"};
// Of debugging, what only changes files: there are dozens.
constexpr std::string_view without_effect = "DEBUG_INFO";

bool is_among(std::string_view name, const auto& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool matters_if_set(std::string_view name) {
  if (name.starts_with(without_effect)) return false;
  return is_among(name, always) || is_among(name, set_names) ||
         std::any_of(set_prefixes.begin(), set_prefixes.end(),
                     [name](std::string_view prefix) { return name.starts_with(prefix); });
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 100 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

struct Option {
  std::string_view name;  // without CONFIG_
  std::string_view value;
};

// "CONFIG_SMP=y" or "# CONFIG_SMP is not set".
std::optional<Option> option_of(std::string_view line) {
  constexpr std::string_view comment = "# ";
  constexpr std::string_view not_set = " is not set";
  if (line.ends_with('\r')) line.remove_suffix(1);
  Option option;
  if (line.starts_with(comment) && line.ends_with(not_set)) {
    line.remove_prefix(comment.size());
    line.remove_suffix(std::min(not_set.size(), line.size()));
    option = {line, "n"};
  } else {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    option = {line.substr(0, equals), line.substr(equals + 1)};
  }
  if (!option.name.starts_with(config)) return std::nullopt;
  option.name.remove_prefix(config.size());
  std::string_view& value = option.value;
  if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
    value = value.substr(1, value.size() - 2);
  }
  return is_name(option.name) ? std::optional(option) : std::nullopt;
}

}  // namespace

std::map<std::string, std::string> config_options_of(std::string_view text) {
  std::map<std::string, std::string> options;
  const auto put = [&options](std::string_view name, std::string_view value) {
    options[std::string(config) + std::string(name)] = std::string(value.substr(0, longest_value));
  };
  bool is_config = false;
  while (!text.empty() && options.size() < most_options) {
    const std::size_t end = text.find('\n');
    const std::optional<Option> option = option_of(text.substr(0, end));
    if (option) {
      is_config = true;
      const bool tell =
          option->value == "n" ? is_among(option->name, always) : matters_if_set(option->name);
      if (tell) put(option->name, option->value);
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  if (!is_config) return options;
  // Where the option that it depends on is off, a file does not even say "is not set".
  for (const std::string_view name : always) {
    if (!options.contains(std::string(config) + std::string(name))) put(name, "n");
  }
  return options;
}

}  // namespace nsbench
