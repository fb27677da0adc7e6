#include "suites/lockstep/facts.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <functional>
#include <string>
#include <type_traits>

namespace nsbench::lockstep {
namespace {

constexpr std::string_view limit_prefix = "limit.";
constexpr std::string_view namespace_prefix = "namespace.";

template <class T>
bool parse(const std::string& text, T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    value = text;
    return true;
  } else if constexpr (std::is_same_v<T, bool>) {
    value = text == "1";
    return true;
  } else {
    T parsed{};
    const char* const end = text.data() + text.size();
    const auto [last, failed] = std::from_chars(text.data(), end, parsed);
    if (failed != std::errc{} || last != end) return false;
    value = parsed;
    return true;
  }
}

// Calls `visit(name, field)` for each fact that is one value.
template <class Kernel, class Env, class Visit>
void each_field(Kernel& kernel, Env& env, const Visit& visit) {
  visit("version", kernel.version);
  visit("arch", kernel.machine);
  visit("cmdline", kernel.cmdline);
  visit("engine", kernel.engine);
  visit("machine_id", kernel.machine_id);
  visit("boot_id", kernel.boot_id);
  visit("taint", kernel.taint);
  visit("host_name", env.host_name);
  visit("cpu_model", env.cpu_model);
  visit("cpus", env.cpus);
  visit("mhz", env.mhz);
  visit("virtualisation", env.virtualisation);
  visit("uid", env.uid);
  visit("initial_user_namespace", env.initial_user_namespace);
  visit("capabilities", env.capabilities);
  visit("missing_capabilities", env.missing_capabilities);
  visit("seccomp", env.seccomp);
  visit("lsm", env.lsm);
}

template <class T>
std::string written(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "1" : "0";
  } else {
    return fmt::format("{}", value);
  }
}

}  // namespace

std::vector<About> facts_of(const KernelInfo& kernel, const Environment& environment) {
  std::vector<About> facts;
  each_field(kernel, environment, [&facts](std::string_view name, const auto& value) {
    facts.push_back({std::string(name), written(value)});
  });
  for (const double load : environment.load_avg) facts.push_back({"load", written(load)});
  for (const auto& [name, value] : environment.limits) {
    facts.push_back({std::string(limit_prefix) + name, written(value)});
  }
  for (const auto& [name, present] : environment.namespaces) {
    facts.push_back({std::string(namespace_prefix) + name, written(present)});
  }
  return facts;
}

void learn(const About& fact, KernelInfo& kernel, Environment& environment) {
  constexpr std::size_t most = 64;  // of each list
  each_field(kernel, environment, [&fact](std::string_view name, auto& value) {
    if (fact.name == name) static_cast<void>(parse(fact.value, value));
  });
  if (double load = 0;
      fact.name == "load" && environment.load_avg.size() < 3 && parse(fact.value, load)) {
    environment.load_avg.push_back(load);
  }
  if (std::int64_t limit = 0; fact.name.starts_with(limit_prefix) &&
                              environment.limits.size() < most && parse(fact.value, limit)) {
    environment.limits[fact.name.substr(limit_prefix.size())] = limit;
  }
  if (fact.name.starts_with(namespace_prefix) && environment.namespaces.size() < most) {
    environment.namespaces.emplace_back(fact.name.substr(namespace_prefix.size()),
                                        fact.value == "1");
  }
}

}  // namespace nsbench::lockstep
