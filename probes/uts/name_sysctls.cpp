// uts: the sysctl files of the two names stay on their side, and whom they obey.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/evidence.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/uts/names.h"
#include "probes/uts/probes.h"

namespace nsbench::probes {

namespace {

template <class Name>
void look(Observation& seen) {
  utsname names{};
  seen.call("uname", ::uname(&names));
  seen.text(Name::field, Name::of(names));
  const Result<std::string> sysctl = read_small_file(std::string(Name::file));
  seen.text(Name::sysctl, sysctl ? trimmed(*sysctl) : sysctl.error().str());
}

template <class Name>
std::string written() {
  return fmt::format("write {}", Name::sysctl);
}

// The file belongs to root of the initial user namespace, whoever owns the uts namespace.
template <class Name>
void write(Scene& scene, std::string_view name) {
  const std::string file(Name::file);
  const int err = write_small_file(file, name).error().err;
  if (err != 0) skip_if_unwritable(scene, file, err);
  scene.seen.result(written<Name>(), err);
  look<Name>(scene.seen);
}

// Renames with the file open: poll(2) reports the change to whoever has it open.
template <class Name>
void rename_under_poll(Scene& scene) {
  const Fd file(::open(std::string(Name::file).c_str(), O_RDONLY | O_CLOEXEC));
  scene.seen.call("open", file.get());
  scene.seen.call(Name::setter, Name::set("nsb-polled"));
  pollfd changed{.fd = file.get(), .events = POLLPRI, .revents = 0};
  ::poll(&changed, 1, 0);
  scene.seen.text("poll", (changed.revents & POLLPRI) != 0 ? "changed" : "nothing");
  look<Name>(scene.seen);
}

template <class Name>
constexpr std::array acts{
    Act{Side::Outside, "outside writes", [](Scene& s) { write<Name>(s, "nsb-outside"); }},
    Act{Side::Inside, "inside writes", [](Scene& s) { write<Name>(s, "nsb-inside"); }},
    Act{Side::Outside, "outside looks", [](Scene& s) { look<Name>(s.seen); }},
    Act{Side::Outside, "outside writes again", [](Scene& s) { write<Name>(s, "nsb-again"); }},
    Act{Side::Inside, "inside looks", [](Scene& s) { look<Name>(s.seen); }},
    Act{Side::Sibling, "sibling writes", [](Scene& s) { write<Name>(s, "nsb-sibling"); }},
    Act{Side::Inside, "inside polls", rename_under_poll<Name>},
    Act{Side::Sibling, "sibling looks", [](Scene& s) { look<Name>(s.seen); }},
};

template <class Name>
Judgement judge(const Transcript& t) {
  Judgement j;
  const auto name = [&t](std::string_view act) { return t.at(act).text_of(Name::field); };
  const Observation& inside = t.at("inside writes");
  j.works_errno("the sysctl can be written inside", inside.errno_of(written<Name>()));
  j.works_equal("a name written inside is seen inside", "nsb-inside", inside.text_of(Name::field));
  j.rule_equal("poll(2) on the sysctl reports a change of the name", "changed",
               t.at("inside polls").text_of("poll"));
  j.isolated_equal("a name written inside is not seen outside", "nsb-outside",
                   name("outside looks"));
  j.isolated_equal("a name written outside is not seen inside", "nsb-inside",
                   t.at("inside looks").text_of(Name::sysctl));
  j.isolated_equal("a sibling keeps the name that it wrote", "nsb-sibling",
                   t.at("sibling looks").text_of(Name::sysctl));
  return j;
}

namespace owner {

// Whether this process counts as root of the initial user namespace, to whom the file belongs. An
// owner who is not mapped here reads as the overflow id, which is nobody's own in an arena.
void try_both(Scene& scene) {
  struct stat file {};
  scene.seen.call("stat", ::stat(HostName::file.data(), &file));
  scene.seen.text("the file is", file.st_uid == ::geteuid() ? "the caller's" : "a stranger's");
  scene.seen.result("write",
                    write_small_file(std::string(HostName::file), "nsb-sysctl").error().err);
  scene.seen.call("sethostname", HostName::set("nsb-call"));
  look<HostName>(scene.seen);
}

constexpr std::array acts{
    Act{Side::Inside, "inside writes", try_both},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside writes");
  j.works_errno("sethostname works inside", seen.errno_of("sethostname"));
  j.works_equal("and takes effect", "nsb-call", seen.text_of(HostName::field));
  const std::string file = seen.text_of("the file is");
  j.rule_errno("the file obeys root of the initial user namespace alone",
               file == "a stranger's" ? EACCES : 0, seen.errno_of("write"));
  j.works("the file has an owner", "the caller's, or a stranger's", file,
          seen.errno_of("stat") == 0 && (file == "the caller's" || file == "a stranger's"));
  return j;
}

}  // namespace owner

constexpr std::string_view why =
    "systemd, container engines and scripts write this file, where no program to set the name is "
    "installed. The file is the same for all; which name it shows depends on who reads it.";
constexpr std::string_view failure =
    "A container that writes the file renames its host, although sethostname(2) would not.";

template <class Name>
constexpr Probe sysctl_probe(std::string_view name, std::string_view sentence,
                             std::string_view by_hand) {
  return {.family = "uts",
          .name = name,
          .sentence = sentence,
          .source = "proc_sys_kernel(5); kernel/utsname_sysctl.c proc_do_uts_string(), get_uts()",
          .first_kernel = "2.6.19",
          .namespaces = {Kind::Uts},
          .ways = all_ways,
          // In a user namespace nobody may write it: that is sysctl_owner's subject.
          .privileges = root_only,
          .acts = acts<Name>,
          .judge = judge<Name>,
          .look = look<Name>,
          .why = why,
          .failure = failure,
          .by_hand = by_hand};
}

}  // namespace

constinit const Probe hostname_sysctl = sysctl_probe<HostName>(
    "hostname_sysctl", "a host name written to /proc/sys/kernel/hostname stays on its side",
    "# as root\n"
    "unshare --uts sh -c 'echo inside > /proc/sys/kernel/hostname; uname -n'\n"
    "uname -n   # unchanged");

constinit const Probe domainname_sysctl = sysctl_probe<DomainName>(
    "domainname_sysctl",
    "a NIS domain name written to /proc/sys/kernel/domainname stays on its side",
    "# as root\n"
    "unshare --uts sh -c 'echo inside > /proc/sys/kernel/domainname; domainname'\n"
    "cat /proc/sys/kernel/domainname   # unchanged");

constinit const Probe sysctl_owner{
    .family = "uts",
    .name = "sysctl_owner",
    .sentence = "/proc/sys/kernel/hostname obeys root of the initial user namespace only",
    .source = "user_namespaces(7); fs/proc/proc_sysctl.c test_perm()",
    .first_kernel = "3.8",
    .namespaces = {Kind::Uts},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = owner::acts,
    .judge = owner::judge,
    .why =
        "The files below /proc/sys/kernel have one owner for all namespaces. Root of a user "
        "namespace may set its host name by the call, never through the file, so that a mistake "
        "in choosing the namespace can't be reached without privilege.",
    .failure = "Root of a user namespace writes files of /proc/sys that are the host's.",
    .by_hand =
        "# as an ordinary user\n"
        "unshare --map-root-user --uts sh -c '\n"
        "  hostname inside; uname -n\n"
        "  ls -ln /proc/sys/kernel/hostname\n"
        "  echo again > /proc/sys/kernel/hostname'   # Permission denied",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
