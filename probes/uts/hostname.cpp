// uts: the host name is the namespace's own.
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/sandbox/files.h"
#include "probes/uts/probes.h"

namespace nsbench::probes {

namespace {

// The three ways to ask; they must agree (uname(2), gethostname(2), proc_sys_kernel(5)).
void look(Observation& seen) {
  utsname names{};
  seen.call("uname", ::uname(&names));
  seen.text("nodename", names.nodename);
  std::array<char, 256> name{};
  seen.call("gethostname", ::gethostname(name.data(), name.size() - 1));
  seen.text("gethostname's", name.data());
  const Result<std::string> sysctl = read_small_file("/proc/sys/kernel/hostname");
  seen.text("kernel.hostname", sysctl ? trimmed(*sysctl) : sysctl.error().str());
}

void rename_to(Observation& seen, std::string_view name) {
  seen.call("sethostname", ::sethostname(name.data(), name.size()));
  look(seen);
}

constexpr std::array acts{
    Act{Side::Outside, "outside is named", [](Scene& s) { rename_to(s.seen, "nsb-outside"); }},
    Act{Side::Inside, "inside is born", [](Scene& s) { look(s.seen); }},
    Act{Side::Sibling, "sibling is named", [](Scene& s) { rename_to(s.seen, "nsb-sibling"); }},
    Act{Side::Inside, "inside renames", [](Scene& s) { rename_to(s.seen, "nsb-inside"); }},
    Act{Side::Outside, "outside looks", [](Scene& s) { look(s.seen); }},
    Act{Side::Sibling, "sibling looks", [](Scene& s) { look(s.seen); }},
    Act{Side::Outside, "outside renames", [](Scene& s) { rename_to(s.seen, "nsb-renamed"); }},
    Act{Side::Inside, "inside looks", [](Scene& s) { look(s.seen); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const auto name = [&t](std::string_view act) { return t.at(act).text_of("nodename"); };
  j.works_errno("sethostname works inside", t.at("inside renames").errno_of("sethostname"));
  j.works_equal("a name set inside is seen inside by uname(2)", "nsb-inside",
                name("inside renames"));
  j.works_equal("gethostname(2) agrees with uname(2)", "nsb-inside",
                t.at("inside renames").text_of("gethostname's"));
  j.works_equal("/proc/sys/kernel/hostname agrees with uname(2)", "nsb-inside",
                t.at("inside renames").text_of("kernel.hostname"));
  j.isolated_equal("a name set inside is not seen outside", "nsb-outside", name("outside looks"));
  j.isolated_equal("a name set inside is not seen outside through /proc/sys", "nsb-outside",
                   t.at("outside looks").text_of("kernel.hostname"));
  j.isolated_equal("a name set inside is not seen by a sibling", "nsb-sibling",
                   name("sibling looks"));
  j.isolated_equal("a name set outside is not seen inside", "nsb-inside", name("inside looks"));
  return j;
}

namespace sysctl {

constexpr const char* file = "/proc/sys/kernel/hostname";

// The file belongs to root of the initial user namespace, whoever owns the uts namespace.
void write(Scene& scene, std::string_view name) {
  const Status written = write_small_file(file, name);
  struct stat owner {};
  if (written.error().err == EACCES && ::stat(file, &owner) == 0 && owner.st_uid != ::geteuid()) {
    scene.skip(SkipReason::NoPrivilege, std::string(file) + " belongs to another user namespace");
  }
  scene.seen.result("write kernel.hostname", written.error().err);
  look(scene.seen);
}

constexpr std::array acts{
    Act{Side::Outside, "outside writes", [](Scene& s) { write(s, "nsb-outside"); }},
    Act{Side::Inside, "inside writes", [](Scene& s) { write(s, "nsb-inside"); }},
    Act{Side::Outside, "outside looks", [](Scene& s) { look(s.seen); }},
    Act{Side::Outside, "outside writes again", [](Scene& s) { write(s, "nsb-again"); }},
    Act{Side::Inside, "inside looks", [](Scene& s) { look(s.seen); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside writes");
  j.works_errno("the sysctl can be written inside", inside.errno_of("write kernel.hostname"));
  j.works_equal("a name written inside is seen inside", "nsb-inside", inside.text_of("nodename"));
  j.isolated_equal("a name written inside is not seen outside", "nsb-outside",
                   t.at("outside looks").text_of("nodename"));
  j.isolated_equal("a name written outside is not seen inside", "nsb-inside",
                   t.at("inside looks").text_of("kernel.hostname"));
  return j;
}

}  // namespace sysctl

}  // namespace

constinit const Probe hostname_sysctl{
    .family = "uts",
    .name = "hostname_sysctl",
    .sentence = "a host name written to /proc/sys/kernel/hostname stays on its side",
    .source = "proc_sys_kernel(5); kernel/utsname_sysctl.c proc_do_uts_string()",
    .first_kernel = "2.6.19",
    .namespaces = {Kind::Uts},
    .ways = all_ways,
    .privileges = root_only,
    .acts = sysctl::acts,
    .judge = sysctl::judge,
    .look = look,
};

constinit const Probe hostname{
    .family = "uts",
    .name = "hostname",
    .sentence = "a host name set on one side is seen on that side only",
    .source = "uts_namespaces(7), sethostname(2); kernel/utsname_sysctl.c get_uts()",
    .first_kernel = "2.6.19",
    .namespaces = {Kind::Uts},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .look = look,
};

}  // namespace nsbench::probes
