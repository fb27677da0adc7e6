// uts: who may set the names, and how long they may be.
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/helpers.h"
#include "probes/nested.h"
#include "probes/sandbox/id_map.h"
#include "probes/uts/names.h"
#include "probes/uts/probes.h"

namespace nsbench::probes {

namespace {

void look(Observation& seen) {
  utsname names{};
  seen.call("uname", ::uname(&names));
  seen.text("nodename", names.nodename);
  seen.text("domainname", names.domainname);
}

void rename_both(Observation& seen, std::string_view name) {
  seen.call("sethostname", HostName::set(name));
  seen.call("setdomainname", DomainName::set(name));
}

void rename_with_rights(Scene& scene) {
  rename_both(scene.seen, "nsb-rightful");
  look(scene.seen);
}

// A process without CAP_SYS_ADMIN in the user namespace that owns the uts namespace.
void rename_without_capability(Scene& scene) {
  in_child(scene, [](Observation& seen) {
    const Status dropped = drop_privilege();
    seen.result("drop", dropped.error().err);
    rename_both(seen, "nsb-powerless");
  });
  look(scene.seen);
}

// Root of a user namespace below, in the uts namespace that the one above owns; then in one that it
// owns itself.
void rename_from_below(Scene& scene) {
  const Look look_below = [](Observation& seen) { rename_both(seen, "nsb-below"); };
  if (!in_nested_or_skip(scene, "shared", {Kind::User}, look_below)) return;
  if (!in_nested_or_skip(scene, "own", {Kind::User, Kind::Uts}, look_below)) return;
  look(scene.seen);
}

constexpr std::array acts{
    Act{Side::Inside, "inside renames", rename_with_rights},
    Act{Side::Inside, "a process without capabilities tries", rename_without_capability},
    Act{Side::Inside, "a user namespace below tries", rename_from_below},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& rightful = t.at("inside renames");
  const Observation& powerless = t.at("a process without capabilities tries");
  const Observation& below = t.at("a user namespace below tries");
  j.works_errno("the process gave its capabilities up", powerless.errno_of("drop"));
  for (const char* call : {"sethostname", "setdomainname"}) {
    j.works_errno(fmt::format("{} works with CAP_SYS_ADMIN in the owning user namespace", call),
                  rightful.errno_of(call));
    j.works_errno(fmt::format("{} works below in a uts namespace owned there", call),
                  below.errno_of(fmt::format("own {}", call)));
    j.rule_errno(fmt::format("{} needs CAP_SYS_ADMIN", call), EPERM, powerless.errno_of(call));
    j.rule_errno(fmt::format("{} from a user namespace below the owner is refused", call), EPERM,
                 below.errno_of(fmt::format("shared {}", call)));
  }
  j.works_equal("both names were set", "nsb-rightful nsb-rightful",
                rightful.text_of("nodename") + ' ' + rightful.text_of("domainname"));
  j.rule_equal("the refused calls changed neither name", "nsb-rightful nsb-rightful",
               below.text_of("nodename") + ' ' + below.text_of("domainname"));
  return j;
}

namespace length {

constexpr std::size_t longest = 64;  // __NEW_UTS_LEN of linux/utsname.h

template <class Name>
void try_lengths(Observation& seen) {
  const std::string full(longest, 'n');
  seen.call(fmt::format("{} of 64 bytes", Name::setter), Name::set(full));
  utsname names{};
  ::uname(&names);
  seen.number(fmt::format("{} length", Name::field),
              static_cast<std::int64_t>(Name::of(names).size()));
  seen.call(fmt::format("{} of 65 bytes", Name::setter), Name::set(full + 'n'));
  // As an int, which the kernel takes it for, this length is -1.
  const std::string_view negative(full.data(), ~std::size_t{0});
  seen.call(fmt::format("{} of -1 bytes", Name::setter), Name::set(negative));
  ::uname(&names);
  seen.text(fmt::format("{} afterwards", Name::field),
            Name::of(names) == full ? "unchanged" : Name::of(names));
}

constexpr std::array acts{
    Act{Side::Inside, "inside renames",
        [](Scene& s) {
          try_lengths<HostName>(s.seen);
          try_lengths<DomainName>(s.seen);
        }},
};

template <class Name>
void judge_one(Judgement& j, const Observation& seen) {
  const auto of = [&seen](std::string_view bytes) {
    return seen.errno_of(fmt::format("{} of {} bytes", Name::setter, bytes));
  };
  j.works_errno(fmt::format("{} takes a name of 64 bytes", Name::setter), of("64"));
  j.works_equal("and keeps all of it", "64",
                std::to_string(seen.number_of(fmt::format("{} length", Name::field))));
  j.rule_errno(fmt::format("{} refuses a name of 65 bytes", Name::setter), EINVAL, of("65"));
  j.rule_errno(fmt::format("{} refuses a negative length", Name::setter), EINVAL, of("-1"));
  j.rule_equal(fmt::format("the refused calls left the {}", Name::field), "unchanged",
               seen.text_of(fmt::format("{} afterwards", Name::field)));
}

Judgement judge(const Transcript& t) {
  Judgement j;
  judge_one<HostName>(j, t.at("inside renames"));
  judge_one<DomainName>(j, t.at("inside renames"));
  return j;
}

}  // namespace length

}  // namespace

constinit const Probe uts_no_privilege{
    .family = "uts",
    .name = "no_privilege",
    .sentence = "only CAP_SYS_ADMIN in the user namespace that owns them sets the two names",
    .source = "sethostname(2), user_namespaces(7); kernel/sys.c sethostname(), setdomainname()",
    .first_kernel = "3.8",
    .namespaces = {Kind::Uts},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "Every user may be root of a user namespace. What that root may rename is decided by "
        "who owns the uts namespace it is in.",
    .failure = "Any user renames the machine: unshare --user is enough.",
    .by_hand =
        "unshare --map-root-user hostname below         # you must be root\n"
        "unshare --map-root-user --uts hostname below   # works",
    .control = ControlKind::Positive,
};

constinit const Probe name_length{
    .family = "uts",
    .name = "name_length",
    .sentence = "a name of 64 bytes is kept whole, and a longer one is refused",
    .source = "sethostname(2), uname(2); kernel/sys.c sethostname(), setdomainname()",
    .first_kernel = "2.6.19",
    .namespaces = {Kind::Uts},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = length::acts,
    .judge = length::judge,
    .why =
        "The kernel copies the name into 65 bytes of a structure that all fields share, at "
        "lengths that anybody in a user namespace may choose.",
    .failure = "Somebody inside writes kernel memory behind the name.",
    .by_hand =
        "unshare --map-root-user --uts sh -c '\n"
        "  hostname $(printf %064d 0); uname -n\n"
        "  hostname $(printf %065d 0)'   # name too long",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
