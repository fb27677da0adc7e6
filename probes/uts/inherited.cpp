// uts: what a new namespace starts with, and what stays the machine's.
#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/uts/names.h"
#include "probes/uts/probes.h"

namespace nsbench::probes {

namespace {

// The fields of uname(2) that describe the kernel: no namespace changes them.
constexpr std::array machine_fields{"sysname", "release", "version", "machine"};

void look(Observation& seen) {
  utsname names{};
  seen.call("uname", ::uname(&names));
  seen.text("nodename", names.nodename);
  seen.text("domainname", names.domainname);
  seen.text("sysname", names.sysname);
  seen.text("release", names.release);
  seen.text("version", names.version);
  seen.text("machine", names.machine);
}

void rename_both(Observation& seen, std::string_view host, std::string_view domain) {
  seen.call("sethostname", HostName::set(host));
  seen.call("setdomainname", DomainName::set(domain));
  look(seen);
}

constexpr std::array acts{
    Act{Side::Outside, "outside is named",
        [](Scene& s) { rename_both(s.seen, "nsb-host", "nsb-domain"); }},
    Act{Side::Inside, "inside is born", [](Scene& s) { look(s.seen); }},
    Act{Side::Outside, "outside renames",
        [](Scene& s) { rename_both(s.seen, "nsb-host-2", "nsb-domain-2"); }},
    Act{Side::Inside, "inside looks again", [](Scene& s) { look(s.seen); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside is named");
  const Observation& born = t.at("inside is born");
  j.works_errno("the outside can set its host name", outside.errno_of("sethostname"));
  j.works_errno("and its domain name", outside.errno_of("setdomainname"));
  j.rule_equal("a new namespace starts with a copy of the host name", "nsb-host",
               born.text_of("nodename"));
  j.rule_equal("and of the domain name", "nsb-domain", born.text_of("domainname"));
  for (const char* field : machine_fields) {
    j.rule(fmt::format("the {} is the machine's", field), outside.text_of(field),
           born.text_of(field),
           born.find(field) != nullptr && outside.text_of(field) == born.text_of(field));
  }
  const Observation& later = t.at("inside looks again");
  j.isolated_equal("the host name is a copy, not a reference", "nsb-host",
                   later.text_of("nodename"));
  j.isolated_equal("so is the domain name", "nsb-domain", later.text_of("domainname"));
  return j;
}

namespace fixed {

constexpr std::array files{"osrelease", "ostype", "version"};

std::string path_of(const char* file) { return fmt::format("/proc/sys/kernel/{}", file); }

// Opened only, so that even a kernel that allowed it would not be renamed by this.
void try_to_open(Scene& scene) {
  for (const char* file : files) {
    const Fd to_read(::open(path_of(file).c_str(), O_RDONLY | O_CLOEXEC));
    scene.seen.call(fmt::format("read {}", file), to_read.get());
    const Fd to_write(::open(path_of(file).c_str(), O_WRONLY | O_CLOEXEC));
    scene.seen.call(fmt::format("write {}", file), to_write.get());
    const Result<std::string> text = read_small_file(path_of(file));
    scene.seen.text(file, text ? trimmed(*text) : text.error().str());
  }
  look(scene.seen);
}

constexpr std::array acts{
    Act{Side::Inside, "inside tries", try_to_open},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside tries");
  constexpr std::array fields{"release", "sysname", "version"};
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string path = path_of(files[i]);
    j.works_errno(path + " can be read", seen.errno_of(fmt::format("read {}", files[i])));
    j.works(path + " agrees with uname(2)", seen.text_of(fields[i]), seen.text_of(files[i]),
            seen.find(files[i]) != nullptr && seen.text_of(fields[i]) == seen.text_of(files[i]));
    j.rule_errno(path + " can't be opened for writing", EACCES,
                 seen.errno_of(fmt::format("write {}", files[i])));
  }
  return j;
}

}  // namespace fixed

}  // namespace

constinit const Probe inherited{
    .family = "uts",
    .name = "inherited",
    .sentence = "a new namespace starts with a copy of the two names, on the same machine",
    .source = "uts_namespaces(7); kernel/utsname.c clone_uts_ns()",
    .first_kernel = "2.6.19",
    .namespaces = {Kind::Uts},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .look = look,
    .why =
        "A program that unshares its uts namespace and sets no name expects the name it had. "
        "Release and machine select code in run-time linkers and package managers.",
    .failure = "A namespace starts with another one's name, or its name follows the outside's.",
    .by_hand =
        "uname -a\n"
        "unshare --map-root-user --uts uname -a   # the same",
};

constinit const Probe version_fixed{
    .family = "uts",
    .name = "version_fixed",
    .sentence = "nobody can write what kernel it is: osrelease, ostype and version are read-only",
    .source = "proc_sys_kernel(5); kernel/utsname_sysctl.c uts_kern_table",
    .first_kernel = "2.6.19",
    .namespaces = {Kind::Uts},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = fixed::acts,
    .judge = fixed::judge,
    .why = "They lie in the same structure as the two names, and in files beside theirs.",
    .failure = "A container makes programs believe in another kernel, or its host's programs.",
    .by_hand =
        "# as root\n"
        "unshare --uts sh -c 'echo 1.0 > /proc/sys/kernel/osrelease'   # Permission denied\n"
        "unshare --uts sh -c 'echo name > /proc/sys/kernel/hostname; uname -n'   # works",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
