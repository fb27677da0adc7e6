#include <cerrno>

#include "probes/leak_table.h"
#include "probes/uts/probes.h"

namespace nsbench {
namespace {

using namespace probes;

const Value refused = Value::err(EPERM);
const Value invalid = Value::err(EINVAL);
const Value no_access = Value::err(EACCES);

// Of the host name or the domain name, whose facts are named alike.
LeakTable names_leaks(const Probe& probe, const char* setter, const char* field, const char* getter,
                      const char* sysctl) {
  return {&probe,
          {{"inside renames", setter, ok},
           {"inside renames", field, "nsb-inside"},
           {"inside renames", getter, "nsb-inside"},
           {"inside renames", sysctl, "nsb-inside"},
           {"outside looks", field, "nsb-outside", "nsb-inside"},
           {"outside looks", sysctl, "nsb-outside", "nsb-inside"},
           {"sibling looks", field, "nsb-sibling", "nsb-inside"},
           {"inside looks first", field, "nsb-outside", "nsb-sibling"},
           {"inside looks", field, "nsb-inside", "nsb-renamed"},
           {"inside looks", sysctl, "nsb-inside", "nsb-renamed"}},
          {{"inside renames", getter, "nsb-inside", "nsb-outside"},
           {"inside renames", sysctl, "nsb-inside", "nsb-outside"}}};
}

LeakTable sysctl_leaks(const Probe& probe, const char* field, const char* sysctl,
                       const char* write) {
  return {&probe,
          {{"inside writes", write, ok},
           {"inside writes", field, "nsb-inside"},
           {"inside polls", "poll", "changed"},
           {"outside looks", field, "nsb-outside", "nsb-inside"},
           {"inside looks", sysctl, "nsb-inside", "nsb-again"},
           {"sibling looks", sysctl, "nsb-sibling", "nsb-polled"}},
          {{"inside polls", "poll", "changed", "nothing"}}};
}

LeakTable sysctl_owner_leaks() {
  return {&sysctl_owner,
          {{"inside writes", "stat", ok},
           {"inside writes", "the file is", "a stranger's"},
           {"inside writes", "write", no_access, ok},
           {"inside writes", "sethostname", ok},
           {"inside writes", "nodename", "nsb-call"}},
          {{"inside writes", "write", no_access, refused}}};
}

LeakTable no_privilege_leaks() {
  constexpr std::string_view rightful = "inside renames";
  constexpr std::string_view powerless = "a process without capabilities tries";
  constexpr std::string_view below = "a user namespace below tries";
  return {&uts_no_privilege,
          {{rightful, "sethostname", ok},
           {rightful, "setdomainname", ok},
           {rightful, "nodename", "nsb-rightful"},
           {rightful, "domainname", "nsb-rightful"},
           {powerless, "drop", ok},
           {powerless, "sethostname", refused, ok},
           {powerless, "setdomainname", refused, ok},
           {below, "shared sethostname", refused, ok},
           {below, "shared setdomainname", refused, ok},
           {below, "own sethostname", ok},
           {below, "own setdomainname", ok},
           {below, "nodename", "nsb-rightful", "nsb-below"},
           {below, "domainname", "nsb-rightful", "nsb-below"}},
          {{powerless, "sethostname", refused, no_access}}};
}

LeakTable name_length_leaks() {
  constexpr std::string_view act = "inside renames";
  return {&name_length,
          {{act, "sethostname of 64 bytes", ok},
           {act, "nodename length", 64},
           {act, "sethostname of 65 bytes", invalid, ok},
           {act, "sethostname of -1 bytes", invalid, ok},
           {act, "nodename afterwards", "unchanged", "nnnn"},
           {act, "setdomainname of 64 bytes", ok},
           {act, "domainname length", 64},
           {act, "setdomainname of 65 bytes", invalid, ok},
           {act, "setdomainname of -1 bytes", invalid, ok},
           {act, "domainname afterwards", "unchanged", "nnnn"}},
          {{act, "nodename length", 64, 63}}};
}

LeakTable inherited_leaks() {
  constexpr std::string_view outside = "outside is named";
  constexpr std::string_view born = "inside is born";
  constexpr std::string_view later = "inside looks again";
  return {&inherited,
          {{outside, "sethostname", ok},
           {outside, "setdomainname", ok},
           {outside, "sysname", "Linux"},
           {outside, "release", "6.18.0"},
           {outside, "version", "#1 SMP"},
           {outside, "machine", "x86_64"},
           {born, "nodename", "nsb-host"},
           {born, "domainname", "nsb-domain"},
           {born, "sysname", "Linux"},
           {born, "release", "6.18.0"},
           {born, "version", "#1 SMP"},
           {born, "machine", "x86_64"},
           {later, "nodename", "nsb-host", "nsb-host-2"},
           {later, "domainname", "nsb-domain", "nsb-domain-2"}},
          {{born, "nodename", "nsb-host", "(none)"},
           {born, "domainname", "nsb-domain", "(none)"},
           {born, "sysname", "Linux", "GNU"},
           {born, "release", "6.18.0", "2.6.32"},
           {born, "version", "#1 SMP", "#2"},
           {born, "machine", "x86_64", "i686"}}};
}

LeakTable version_fixed_leaks() {
  constexpr std::string_view act = "inside tries";
  return {&version_fixed,
          {{act, "read osrelease", ok},
           {act, "read ostype", ok},
           {act, "read version", ok},
           {act, "osrelease", "6.18.0"},
           {act, "ostype", "Linux"},
           {act, "version", "#1 SMP"},
           {act, "release", "6.18.0"},
           {act, "sysname", "Linux"},
           {act, "write osrelease", no_access, ok},
           {act, "write ostype", no_access, ok},
           {act, "write version", no_access, ok}},
          {}};
}

}  // namespace

std::vector<LeakTable> uts_leak_tables() {
  return {
      names_leaks(hostname, "sethostname", "nodename", "gethostname's", "kernel.hostname"),
      names_leaks(domainname, "setdomainname", "domainname", "getdomainname's",
                  "kernel.domainname"),
      sysctl_leaks(hostname_sysctl, "nodename", "kernel.hostname", "write kernel.hostname"),
      sysctl_leaks(domainname_sysctl, "domainname", "kernel.domainname", "write kernel.domainname"),
      sysctl_owner_leaks(),
      no_privilege_leaks(),
      name_length_leaks(),
      inherited_leaks(),
      version_fixed_leaks(),
  };
}

}  // namespace nsbench
