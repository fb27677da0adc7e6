// The two names that a uts namespace has of its own, for the probes that treat them alike.
#pragma once

#include <sys/utsname.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace nsbench::probes {

// The name that sethostname(2) sets; uname(2) calls it nodename.
struct HostName {
  static constexpr std::string_view field = "nodename";
  static constexpr std::string_view setter = "sethostname";
  static constexpr std::string_view getter = "gethostname's";
  static constexpr std::string_view sysctl = "kernel.hostname";
  static constexpr std::string_view file = "/proc/sys/kernel/hostname";
  static int set(std::string_view name) { return ::sethostname(name.data(), name.size()); }
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
  static int set(std::string_view name) { return ::setdomainname(name.data(), name.size()); }
  static int get(char* name, std::size_t size) { return ::getdomainname(name, size); }
  static std::string of(const utsname& names) { return names.domainname; }
};

}  // namespace nsbench::probes
