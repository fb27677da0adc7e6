// The two names that a uts namespace has of its own, for the probes that treat them alike.
#pragma once

#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace nsbench::probes {

// By number: the C library's wrappers warn of the impossible lengths that are tried on purpose.
inline int set_by(long call, std::string_view name) {
  return static_cast<int>(::syscall(call, name.data(), name.size()));
}

// The name that sethostname(2) sets; uname(2) calls it nodename.
struct HostName {
  static constexpr std::string_view field = "nodename";
  static constexpr std::string_view setter = "sethostname";
  static constexpr std::string_view getter = "gethostname's";
  static constexpr std::string_view sysctl = "kernel.hostname";
  static constexpr std::string_view file = "/proc/sys/kernel/hostname";
  static int set(std::string_view name) { return set_by(SYS_sethostname, name); }
  static int get(char* name, std::size_t size) { return ::gethostname(name, size); }
  static std::string of(const utsname& names) { return names.nodename; }
};

// The NIS domain name.
struct DomainName {
  static constexpr std::string_view field = "domainname";
  static constexpr std::string_view setter = "setdomainname";
  static constexpr std::string_view getter = "getdomainname's";
  static constexpr std::string_view sysctl = "kernel.domainname";
  static constexpr std::string_view file = "/proc/sys/kernel/domainname";
  static int set(std::string_view name) { return set_by(SYS_setdomainname, name); }
  static int get(char* name, std::size_t size) { return ::getdomainname(name, size); }
  static std::string of(const utsname& names) { return names.domainname; }
};

}  // namespace nsbench::probes
