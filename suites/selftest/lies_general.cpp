// Lies about the calls by which namespaces are made and joined: each CLONE_NEW* flag ignored or
// taken for another one, calls without any effect, and refusals for which there is no reason.
#include <fmt/format.h>
#include <linux/sched.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "probes/sandbox/namespace_set.h"
#include "suites/selftest/lie.h"

namespace nsbench::selftest {

namespace {

constexpr std::array clone_call{long{SYS_clone}};
constexpr std::array clone3_call{long{SYS_clone3}};
constexpr std::array unshare_call{long{SYS_unshare}};
constexpr std::array setns_call{long{SYS_setns}};

constexpr std::uint64_t all_flags() {
  std::uint64_t flags = 0;
  for (const KindRow& kind : all_kinds) flags |= kind.flag;
  return flags;
}

// The flags of a call that makes namespaces. Classic clone has no CLONE_NEWTIME: that bit is part
// of its exit signal.
std::uint64_t flags_of(const Call& call) {
  if (call.number() == SYS_clone3) {
    const std::string bytes = call.read(call.arg(0), sizeof(std::uint64_t));
    std::uint64_t flags = 0;
    if (bytes.size() == sizeof flags) std::memcpy(&flags, bytes.data(), sizeof flags);
    return flags;
  }
  return call.number() == SYS_clone ? call.arg(0) & ~std::uint64_t{CSIGNAL} : call.arg(0);
}

void set_flags(Call& call, std::uint64_t flags) {
  if (call.number() == SYS_clone3) {
    call.write(call.arg(0), {reinterpret_cast<const char*>(&flags), sizeof flags});
  } else {
    const std::uint64_t signal = call.number() == SYS_clone ? call.arg(0) & CSIGNAL : 0;
    call.set_arg(0, flags | signal);
  }
}

template <std::size_t kind>
void ignore(Call& call) {
  const std::uint64_t flags = flags_of(call);
  if ((flags & all_kinds.at(kind).flag) != 0) set_flags(call, flags & ~all_kinds.at(kind).flag);
}

// Makes the next kind of the table instead of this one.
template <std::size_t kind>
void mistake(Call& call) {
  constexpr std::uint64_t asked = all_kinds.at(kind).flag;
  constexpr std::uint64_t given = all_kinds.at((kind + 1) % all_kinds.size()).flag;
  const std::uint64_t flags = flags_of(call);
  if ((flags & asked) != 0) set_flags(call, (flags & ~asked) | given);
}

// Makes this kind too, whenever another one is made.
template <std::size_t kind>
void add(Call& call) {
  const std::uint64_t flags = flags_of(call);
  if ((flags & all_flags()) != 0) set_flags(call, flags | all_kinds.at(kind).flag);
}

using Handler = void (*)(Call&);

template <template <std::size_t> class Of, std::size_t... kinds>
constexpr std::array<Handler, sizeof...(kinds)> by_kind(std::index_sequence<kinds...>) {
  return {Of<kinds>::handler...};
}
template <std::size_t kind>
struct Ignore {
  static constexpr Handler handler = ignore<kind>;
};
template <std::size_t kind>
struct Mistake {
  static constexpr Handler handler = mistake<kind>;
};
template <std::size_t kind>
struct Add {
  static constexpr Handler handler = add<kind>;
};
using Kinds = std::make_index_sequence<all_kinds.size()>;
constexpr std::array ignore_handlers = by_kind<Ignore>(Kinds{});
constexpr std::array add_handlers = by_kind<Add>(Kinds{});
constexpr std::array mistake_handlers = by_kind<Mistake>(Kinds{});

bool joins_by_pidfd(const Call& call) { return call.file_of(call.arg(0)) == "anon_inode:[pidfd]"; }

void do_nothing(Call& call) { call.answer(0); }
void do_nothing_by_pidfd(Call& call) {
  if (joins_by_pidfd(call)) call.answer(0);
}
void do_nothing_by_descriptor(Call& call) {
  if (!joins_by_pidfd(call)) call.answer(0);
}
// Of several kinds, only the first.
void join_one_by_pidfd(Call& call) {
  const std::uint64_t flags = call.arg(1);
  if (joins_by_pidfd(call)) call.set_arg(1, flags & (~flags + 1));
}
// Refuses namespaces, and nothing else.
template <int err>
void refuse(Call& call) {
  const bool makes = call.number() != SYS_setns;
  if (!makes || (flags_of(call) & all_flags()) != 0) call.answer(-err);
}

struct Maker {
  std::string_view name;  // of the call
  std::span<const long> calls;
};
constexpr std::array makers{Maker{"clone", clone_call}, Maker{"clone3", clone3_call},
                            Maker{"unshare", unshare_call}};

// The showcase's probes: between them they touch six kinds.
constexpr std::string_view some =
    "^(uts/hostname|ipc/sysv_keys|pid/(pid_one|process_ids)|"
    "mnt/mount_view|net/interfaces|user/id_mapping|user/uid_map)";

// Keeps the texts that the lies point to.
class Lies {
 public:
  Lies() {
    for (const Maker& maker : makers) {
      for (std::size_t kind = 0; kind < all_kinds.size(); ++kind) add_flag_lies(maker, kind);
    }
    add_calls_without_effect();
    add_refusals<ENOSYS>("ENOSYS");
    add_refusals<EPERM>("EPERM");
    add_refusals<EINVAL>("EINVAL");
    add_refusals<ENOSPC>("ENOSPC");
    add_refusals<EAGAIN>("EAGAIN");
    add_refusals<ENOMEM>("ENOMEM");
  }
  [[nodiscard]] const std::vector<Lie>& lies() const { return lies_; }

 private:
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  void add_flag_lies(const Maker& maker, std::size_t kind) {
    const KindRow& row = all_kinds.at(kind);
    if (maker.name == "clone" && row.kind == Kind::Time) return;
    const std::string_view cases = keep(fmt::format("^{}/.*:{}:", row.name, maker.name));
    const std::string_view property = keep(fmt::format("{}/flag", row.name));
    std::string lower;
    for (const char c : row.flag_name.substr(6)) lower += static_cast<char>(c | 0x20);
    lies_.push_back({.name = keep(fmt::format("{}_ignores_{}", maker.name, lower)),
                     .sentence = keep(fmt::format("{}({}) succeeds and makes no namespace",
                                                  maker.name, row.flag_name)),
                     .row = property,
                     .cases = cases,
                     .calls = maker.calls,
                     .at_entry = ignore_handlers.at(kind)});
    add_arena_lie(maker, row, lower, kind);
    add_surplus_lie(maker, row, lower, kind);
    const KindRow& next = all_kinds.at((kind + 1) % all_kinds.size());
    if (maker.name == "clone" && next.kind == Kind::Time) return;
    lies_.push_back({.name = keep(fmt::format("{}_mistakes_{}", maker.name, lower)),
                     .sentence = keep(fmt::format("{}({}) makes a namespace of the kind {}",
                                                  maker.name, row.flag_name, next.name)),
                     .row = property,
                     .cases = cases,
                     .calls = maker.calls,
                     .at_entry = mistake_handlers.at(kind)});
  }

  void add_surplus_lie(const Maker& maker, const KindRow& row, const std::string& lower,
                       std::size_t kind) {
    // A surplus user namespace takes the rights away: nobody can overlook it.
    if (row.kind == Kind::User) return;
    std::string others;
    for (const KindRow& other : all_kinds) {
      if (other.kind == row.kind || other.kind == Kind::User) continue;
      others += fmt::format("{}{}", others.empty() ? "" : "|", other.name);
    }
    lies_.push_back(
        {.name = keep(fmt::format("{}_adds_{}", maker.name, lower)),
         .sentence = keep(fmt::format("{}() of any namespace makes one of the kind {} too",
                                      maker.name, row.name)),
         .row = "nsfs/sharing",
         .cases = keep(fmt::format("^({})/identity:{}:", others, maker.name)),
         .calls = maker.calls,
         .at_entry = add_handlers.at(kind)});
  }

  // Told to the call that makes the arena too, which must then refuse to go on.
  void add_arena_lie(const Maker& maker, const KindRow& row, const std::string& lower,
                     std::size_t kind) {
    if (maker.name != (row.kind == Kind::Time ? "clone3" : "clone")) return;
    // A user namespace of the arena's own is made for the others, as an unprivileged process.
    const bool user = row.kind == Kind::User;
    lies_.push_back(
        {.name = keep(fmt::format("arena_lacks_{}", lower)),
         .sentence = keep(fmt::format("{}({}) makes no namespace, not even for the harness",
                                      maker.name, row.flag_name)),
         .row = keep(fmt::format("{}/flag", row.name)),
         .cases = user ? "^uts/identity:.*:userns" : keep(fmt::format("^{}/identity:", row.name)),
         .calls = maker.calls,
         .at_entry = ignore_handlers.at(kind),
         .harness = true});
  }

  void add_calls_without_effect() {
    lies_.push_back({.name = "unshare_does_nothing",
                     .sentence = "unshare() succeeds and does nothing",
                     .row = "calls/unshare",
                     .cases = keep(fmt::format("{}:unshare:", some)),
                     .calls = unshare_call,
                     .at_entry = do_nothing});
    lies_.push_back({.name = "setns_does_nothing",
                     .sentence = "setns() succeeds and does nothing",
                     .row = "calls/setns",
                     .cases = keep(fmt::format("{}:setns", some)),
                     .calls = setns_call,
                     .at_entry = do_nothing});
    lies_.push_back({.name = "setns_of_a_pidfd_does_nothing",
                     .sentence = "setns() of a pidfd succeeds and does nothing",
                     .row = "calls/setns",
                     .cases = keep(fmt::format("{}:setns.pidfd", some)),
                     .calls = setns_call,
                     .at_entry = do_nothing_by_pidfd});
    lies_.push_back({.name = "setns_of_a_pidfd_joins_one_kind",
                     .sentence = "setns() of a pidfd joins the first kind of several only",
                     .row = "nsfs/pidfd",
                     .cases = "^all/.*:setns.pidfd",
                     .calls = setns_call,
                     .at_entry = join_one_by_pidfd});
    lies_.push_back({.name = "setns_of_a_descriptor_does_nothing",
                     .sentence = "setns() of a namespace's descriptor succeeds and does nothing",
                     .row = "calls/setns",
                     .cases = keep(fmt::format("{}:setns:", some)),
                     .calls = setns_call,
                     .at_entry = do_nothing_by_descriptor});
  }

  template <int err>
  void add_refusals(std::string_view name) {
    std::string lower;
    for (const char c : name) lower += static_cast<char>(c | 0x20);
    constexpr std::array names{std::string_view("clone"), std::string_view("clone3"),
                               std::string_view("unshare"), std::string_view("setns")};
    constexpr std::array calls{
        std::span<const long>(clone_call), std::span<const long>(clone3_call),
        std::span<const long>(unshare_call), std::span<const long>(setns_call)};
    for (std::size_t i = 0; i < names.size(); ++i) {
      lies_.push_back(
          {.name = keep(fmt::format("{}_refuses_with_{}", names.at(i), lower)),
           .sentence = keep(fmt::format("{}() of namespaces fails with {}", names.at(i), name)),
           .row = keep(fmt::format("calls/{}", names.at(i))),
           .cases = keep(fmt::format("{}:{}[.:]", some, names.at(i))),
           .calls = calls.at(i),
           .at_entry = refuse<err>});
    }
  }

  std::deque<std::string> texts_;
  std::vector<Lie> lies_;
};

}  // namespace

std::span<const Lie> general_lies() {
  static const Lies all;
  return all.lies();
}

}  // namespace nsbench::selftest
