// uts: the host name and the NIS domain name are the namespace's own. One set of acts, played with
// each of the two names.
#include "probes/uts/names.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "probes/sandbox/files.h"
#include "probes/uts/probes.h"

namespace nsbench::probes {

namespace {

// The three ways to ask; they must agree (uname(2), gethostname(2), proc_sys_kernel(5)).
template <class Name>
void look(Observation& seen) {
  utsname names{};
  seen.call("uname", ::uname(&names));
  seen.text(Name::field, Name::of(names));
  std::array<char, 256> name{};
  seen.call(Name::getter.substr(0, Name::getter.find('\'')),
            Name::get(name.data(), name.size() - 1));
  seen.text(Name::getter, name.data());
  const Result<std::string> sysctl = read_small_file(std::string(Name::file));
  seen.text(Name::sysctl, sysctl ? trimmed(*sysctl) : sysctl.error().str());
}

template <class Name>
void rename_to(Observation& seen, std::string_view name) {
  seen.call(Name::setter, Name::set(name));
  look<Name>(seen);
}

template <class Name>
constexpr std::array acts{
    Act{Side::Outside, "outside is named",
        [](Scene& s) { rename_to<Name>(s.seen, "nsb-outside"); }},
    Act{Side::Inside, "inside is born", [](Scene& s) { look<Name>(s.seen); }},
    Act{Side::Sibling, "sibling is named",
        [](Scene& s) { rename_to<Name>(s.seen, "nsb-sibling"); }},
    Act{Side::Inside, "inside looks first", [](Scene& s) { look<Name>(s.seen); }},
    Act{Side::Inside, "inside renames", [](Scene& s) { rename_to<Name>(s.seen, "nsb-inside"); }},
    Act{Side::Outside, "outside looks", [](Scene& s) { look<Name>(s.seen); }},
    Act{Side::Sibling, "sibling looks", [](Scene& s) { look<Name>(s.seen); }},
    Act{Side::Outside, "outside renames", [](Scene& s) { rename_to<Name>(s.seen, "nsb-renamed"); }},
    Act{Side::Inside, "inside looks", [](Scene& s) { look<Name>(s.seen); }},
};

// That uname(2), the C library's call and the sysctl file show the same in one act.
template <class Name>
void judge_agreement(Judgement& j, const Observation& seen, std::string_view name) {
  j.works_equal("a name set inside is seen inside by uname(2)", name, seen.text_of(Name::field));
  j.rule_equal(
      fmt::format("{} agrees with uname(2)", Name::getter.substr(0, Name::getter.find('\''))), name,
      seen.text_of(Name::getter));
  j.rule_equal(fmt::format("{} agrees with uname(2)", Name::file), name,
               seen.text_of(Name::sysctl));
}

template <class Name>
Judgement judge(const Transcript& t) {
  Judgement j;
  const auto name = [&t](std::string_view act) { return t.at(act).text_of(Name::field); };
  const auto sysctl = [&t](std::string_view act) { return t.at(act).text_of(Name::sysctl); };
  j.works_errno(fmt::format("{} works inside", Name::setter),
                t.at("inside renames").errno_of(Name::setter));
  judge_agreement<Name>(j, t.at("inside renames"), "nsb-inside");
  j.isolated_equal("a name set inside is not seen outside", "nsb-outside", name("outside looks"));
  j.isolated_equal("a name set inside is not seen outside through /proc/sys", "nsb-outside",
                   sysctl("outside looks"));
  j.isolated_equal("a name set inside is not seen by a sibling", "nsb-sibling",
                   name("sibling looks"));
  j.isolated_equal("a name set by a sibling is not seen inside", "nsb-outside",
                   name("inside looks first"));
  j.isolated_equal("a name set outside is not seen inside", "nsb-inside", name("inside looks"));
  j.isolated_equal("a name set outside is not seen inside through /proc/sys", "nsb-inside",
                   sysctl("inside looks"));
  return j;
}

}  // namespace

constinit const Probe hostname{
    .family = "uts",
    .name = "hostname",
    .sentence = "a host name set on one side is seen on that side only",
    .source = "uts_namespaces(7), sethostname(2); kernel/sys.c sethostname()",
    .first_kernel = "2.6.19",
    .namespaces = {Kind::Uts},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts<HostName>,
    .judge = judge<HostName>,
    .look = look<HostName>,
    .why =
        "Container engines give each container a host name. Log files, shell prompts, cluster "
        "software and licences identify a machine by it.",
    .failure = "A container renames its host, or sees the host's name change under it.",
    .by_hand =
        "uname -n\n"
        "unshare --map-root-user --uts sh -c 'hostname inside; uname -n'\n"
        "uname -n   # unchanged",
};

constinit const Probe domainname{
    .family = "uts",
    .name = "domainname",
    .sentence = "a NIS domain name set on one side is seen on that side only",
    .source = "uts_namespaces(7), setdomainname(2); kernel/sys.c setdomainname()",
    .first_kernel = "2.6.19",
    .namespaces = {Kind::Uts},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts<DomainName>,
    .judge = judge<DomainName>,
    .look = look<DomainName>,
    .why =
        "NIS clients take it from the kernel, and container engines set one per "
        "container (docker run --domainname). It is a second field beside the host name, with a "
        "call of its own.",
    .failure = "A container moves its host into another NIS domain, whose users it then trusts.",
    .by_hand =
        "cat /proc/sys/kernel/domainname\n"
        "unshare --map-root-user --uts sh -c 'domainname inside; domainname'\n"
        "cat /proc/sys/kernel/domainname   # unchanged",
};

}  // namespace nsbench::probes
