// What kernels with a broken uts namespace would do.
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>

#include "suites/selftest/lie.h"

namespace nsbench::selftest {

namespace {

constexpr std::array set_host{static_cast<long>(SYS_sethostname)};
constexpr std::array set_domain{static_cast<long>(SYS_setdomainname)};
constexpr std::array set_either{static_cast<long>(SYS_sethostname),
                                static_cast<long>(SYS_setdomainname)};
constexpr std::array host_calls{static_cast<long>(SYS_sethostname), static_cast<long>(SYS_uname)};
constexpr std::array domain_calls{static_cast<long>(SYS_setdomainname),
                                  static_cast<long>(SYS_uname)};
constexpr std::array uname_calls{static_cast<long>(SYS_uname)};
constexpr std::array file_calls{static_cast<long>(SYS_read), static_cast<long>(SYS_write)};
constexpr std::array file_and_uname{static_cast<long>(SYS_write), static_cast<long>(SYS_uname)};
#ifdef SYS_open
constexpr std::array open_calls{static_cast<long>(SYS_openat), static_cast<long>(SYS_open)};
#else
constexpr std::array open_calls{static_cast<long>(SYS_openat)};
#endif
#ifdef SYS_poll
constexpr std::array poll_calls{static_cast<long>(SYS_poll), static_cast<long>(SYS_ppoll)};
#else
constexpr std::array poll_calls{static_cast<long>(SYS_ppoll)};
#endif

void put_field(Call& call, std::size_t field, const std::string& name) {
  call.write(call.arg(0) + field, name + '\0');
}

// The name that was set last, on any side, is everybody's.
template <std::size_t field>
void name_is_global(Call& call) {
  if (call.number() != SYS_uname) {
    if (call.result() == 0) call.memory()["name"] = call.read(call.arg(0), call.arg(1));
  } else if (const auto name = call.memory().find("name"); name != call.memory().end()) {
    put_field(call, field, name->second);
  }
}

// The same of what is written to a sysctl file and read from it.
template <const char* const* file>
void file_is_global(Call& call) {
  if (call.result() <= 0 || call.file_of(call.arg(0)) != *file) return;
  if (call.number() == SYS_write) {
    call.memory()["name"] = call.read(call.arg(1), static_cast<std::size_t>(call.result()));
  } else if (const auto name = call.memory().find("name"); name != call.memory().end()) {
    const std::string line = name->second + '\n';
    if (call.write(call.arg(1), line)) call.set_result(static_cast<long>(line.size()));
  }
}

constexpr const char* host_file = "/proc/sys/kernel/hostname";
constexpr const char* domain_file = "/proc/sys/kernel/domainname";

// What is written to the file is what uname(2) shows, on every side.
void written_name_is_global(Call& call) {
  if (call.number() == SYS_write) {
    if (call.result() > 0 && call.file_of(call.arg(0)) == host_file) {
      call.memory()["name"] = call.read(call.arg(1), static_cast<std::size_t>(call.result()));
    }
  } else if (const auto name = call.memory().find("name"); name != call.memory().end()) {
    put_field(call, offsetof(utsname, nodename), name->second);
  }
}

void no_privilege_is_needed(Call& call) {
  if (call.result() == -EPERM) call.set_result(0);
}

void any_length_is_taken(Call& call) {
  if (call.result() == -EINVAL) call.set_result(0);
}

void long_names_are_cut(Call& call) {
  constexpr std::uint64_t cut = 63;
  if (call.arg(1) > cut) call.set_arg(1, cut);
}

void starts_without_a_name(Call& call) {
  if (call.side() == Side::Inside) put_field(call, offsetof(utsname, nodename), "(none)");
}

void starts_without_a_domain(Call& call) {
  if (call.side() == Side::Inside) put_field(call, offsetof(utsname, domainname), "(none)");
}

void has_another_release(Call& call) {
  if (call.side() == Side::Inside) put_field(call, offsetof(utsname, release), "2.6.32");
}

// Whoever opens the file for writing may write, to nowhere.
template <const char* const* file>
void anybody_may_write(Call& call) {
  const int path = call.number() == SYS_openat ? 1 : 0;
  if ((call.arg(path + 1) & O_ACCMODE) == O_RDONLY || call.text(call.arg(path)) != *file) return;
  call.write(call.arg(path), std::string("/dev/null") + '\0');
}

constexpr const char* release_file = "/proc/sys/kernel/osrelease";

void poll_sees_nothing(Call& call) {
  const std::string one = call.read(call.arg(0), sizeof(pollfd));
  if (call.result() <= 0 || one.size() != sizeof(pollfd)) return;
  pollfd polled{};
  one.copy(reinterpret_cast<char*>(&polled), sizeof polled);
  if (call.file_of(static_cast<std::uint64_t>(polled.fd)) != host_file) return;
  call.write(call.arg(0) + offsetof(pollfd, revents), std::string(sizeof polled.revents, '\0'));
  call.set_result(0);
}

constexpr std::array lies{
    Lie{"host_name_is_global", "a host name set on one side is everybody's in uname(2)",
        "uts/hostname", "^uts/(hostname|inherited):", host_calls, nullptr,
        name_is_global<offsetof(utsname, nodename)>},
    Lie{"domain_name_is_global", "a domain name set on one side is everybody's in uname(2)",
        "uts/domainname", "^uts/(domainname|inherited):", domain_calls, nullptr,
        name_is_global<offsetof(utsname, domainname)>},
    Lie{"host_name_file_is_global", "kernel.hostname shows what was last written by anybody",
        "uts/hostname", "^uts/hostname_sysctl:.*:root$", file_calls, nullptr,
        file_is_global<&host_file>},
    Lie{"domain_name_file_is_global", "kernel.domainname shows what was last written by anybody",
        "uts/domainname", "^uts/domainname_sysctl:.*:root$", file_calls, nullptr,
        file_is_global<&domain_file>},
    Lie{"written_host_name_is_global", "a host name written to the file is everybody's",
        "uts/hostname", "^uts/hostname_sysctl:.*:root$", file_and_uname, nullptr,
        written_name_is_global},
    Lie{"host_name_poll_is_deaf", "poll(2) on kernel.hostname reports no change", "uts/hostname",
        "^uts/hostname_sysctl:.*:root$", poll_calls, nullptr, poll_sees_nothing},
    Lie{"sethostname_without_privilege", "sethostname(2) needs no privilege", "uts/no_privilege",
        "^uts/no_privilege:", set_host, nullptr, no_privilege_is_needed},
    Lie{"setdomainname_without_privilege", "setdomainname(2) needs no privilege",
        "uts/no_privilege", "^uts/no_privilege:", set_domain, nullptr, no_privilege_is_needed},
    Lie{"hostname_file_is_anybodys", "root of any user namespace may write kernel.hostname",
        "uts/hostname", "^uts/sysctl_owner:.*:userns$", open_calls, anybody_may_write<&host_file>},
    Lie{"names_of_any_length", "a host or domain name may be longer than 64 bytes", "uts/hostname",
        "^uts/name_length:", set_either, nullptr, any_length_is_taken},
    Lie{"long_names_are_cut", "a host or domain name is cut to 63 bytes", "uts/hostname",
        "^uts/name_length:", set_either, long_names_are_cut},
    Lie{"no_host_name_at_birth", "a new uts namespace has no host name", "uts/inherited",
        "^uts/inherited:", uname_calls, nullptr, starts_without_a_name},
    Lie{"no_domain_name_at_birth", "a new uts namespace has no domain name", "uts/inherited",
        "^uts/inherited:", uname_calls, nullptr, starts_without_a_domain},
    Lie{"another_release_inside", "a new uts namespace has another kernel release", "uts/inherited",
        "^uts/inherited:", uname_calls, nullptr, has_another_release},
    Lie{"release_can_be_written", "kernel.osrelease can be opened for writing", "uts/inherited",
        "^uts/version_fixed:", open_calls, anybody_may_write<&release_file>},
};

}  // namespace

std::span<const Lie> uts_lies() { return lies; }

}  // namespace nsbench::selftest
