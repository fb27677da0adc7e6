#include "probes/user/further.h"

#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <stdexcept>

#include "probes/sandbox/calls.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/proc_text.h"
#include "reports/number.h"

namespace nsbench {

namespace {

constexpr std::chrono::seconds patience{6};  // below the stage's own

std::string encoded(const Look& look) {
  Entry entry{"", "", {}};
  look(entry.seen);
  Transcript one;
  one.add(std::move(entry));
  return one.encode();
}

// "errno N" first, then the answer to each word.
int serve(Channel& channel, std::uint64_t unshared, const std::vector<Look>& looks) {
  const int refused = unshared == 0 ? 0 : as_errno(calls::unshare(unshared));
  stay_tied_to_parent();
  if (!channel.send(fmt::format("{}", refused))) return 1;
  for (const Look& look : looks) {
    if (!channel.receive() || !channel.send(encoded(look))) return 1;
  }
  // Stays for as long as its maker wants the namespaces.
  return channel.receive() ? 0 : 1;
}

void put(const Fact& fact, const std::string& name, Observation& to) {
  if (fact.kind == Fact::Kind::Text) return to.text(name, fact.text);
  if (fact.kind == Fact::Kind::Number) return to.number(name, fact.number);
  to.result(name, static_cast<int>(fact.number));
}

struct CapabilitySets {
  std::array<__user_cap_data_struct, 2> half{};
};

CapabilitySets capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  CapabilitySets sets;
  if (::syscall(SYS_capget, &header, sets.half.data()) != 0) return {};
  return sets;
}

[[noreturn]] void give_up(const Error& trouble) {
  throw std::runtime_error("a further process: " + trouble.str());
}

bool maps_all(const char* file, std::uint32_t last) {
  const Result<std::string> text = read_small_file(file);
  const auto map = text ? parse_id_map(*text) : text.error();
  return map && std::any_of(map->begin(), map->end(), [last](const IdExtent& extent) {
           return extent.inside == 0 && extent.count > last;
         });
}

}  // namespace

Further::Further(Observation& seen, std::string_view name, Method method, NamespaceSet set,
                 std::vector<Look> looks) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) give_up(ends.error());
  const bool clones = method == Method::Clone || method == Method::Clone3;
  const auto call = method == Method::Clone3 ? calls::clone3 : calls::clone;
  Result<Child> child = Child::start(fmt::format("{}({})", id(method), set.flag_names()), call,
                                     clones ? set.flags() : 0, [&] {
                                       ends->first.close();
                                       return serve(ends->second, clones ? 0 : set.flags(), looks);
                                     });
  const std::string fact = fmt::format("{} enter", name);
  if (!child) {
    seen.result(fact, child.error().err);
    return;
  }
  ends->second.close();
  const Result<std::string> ready = ends->first.receive(Deadline::in(patience));
  if (!ready) give_up(ready.error());
  const int refused = parse_number<int>(*ready).value_or(-1);
  seen.result(fact, refused);
  if (refused != 0) return;
  child_ = std::move(*child);
  channel_ = std::move(ends->first);
}

void Further::look(Observation& seen, std::string_view prefix) {
  if (!made()) return;
  Result<std::string> text = Error{"not asked"};
  if (channel_.send("look")) text = channel_.receive(Deadline::in(patience));
  if (!text) give_up(text.error());
  const Result<Transcript> one = Transcript::decode(*text);
  if (!one || one->entries().size() != 1) give_up(Error{"a malformed answer"});
  for (const Fact& fact : one->entries().front().seen.facts()) {
    put(fact, fmt::format("{} {}", prefix, fact.name), seen);
  }
}

void Further::write(Observation& seen, std::string_view fact, std::string_view file,
                    std::string_view text) const {
  if (made()) seen.result(fact, write_errno(this->file(file), text));
}

void Further::map_own_ids(Observation& seen, unsigned inside) const {
  const OuterIds outer = OuterIds::current();
  write(seen, "write setgroups", "setgroups", "deny");
  write(seen, "write gid_map", "gid_map", fmt::format("{} {} 1", inside, outer.gid));
  write(seen, "write uid_map", "uid_map", fmt::format("{} {} 1", inside, outer.uid));
}

int write_errno(const std::string& path, std::string_view text) {
  const Status written = write_small_file(path, text);
  return written ? 0 : written.error().err;
}

std::string Further::file(std::string_view file) const {
  const Result<std::string> dir = proc_dir(child_);
  return fmt::format("{}/{}", dir ? *dir : "/proc/none", file);
}

int as_errno(long returned) { return returned < 0 ? errno : 0; }

int errno_in_child(const std::function<int()>& act) {
  Result<Child> child = Child::fork(act);
  if (!child) return -1;
  const Result<ExitStatus> ended = child->wait(Deadline::in(patience));
  return ended && ended->signal == 0 ? ended->code : -1;
}

bool ids_are_mapped(Scene& scene, std::uint32_t last) {
  if (maps_all("/proc/self/uid_map", last) && maps_all("/proc/self/gid_map", last)) return true;
  scene.skip(SkipReason::NoPrivilege,
             fmt::format("the ids from 0 to {} are not all mapped in this user namespace", last));
  return false;
}

bool own_id_is_mappable(Scene& scene) {
  if (::geteuid() != 0 || has_capability(CAP_SETFCAP)) return true;
  scene.skip(SkipReason::NoPrivilege, "mapping uid 0 needs CAP_SETFCAP, which this process lacks");
  return false;
}

std::int64_t overflow_id() {
  constexpr std::int64_t usual = 65534;
  const Result<std::string> text = read_small_file("/proc/sys/kernel/overflowuid");
  return text ? parse_number<std::int64_t>(*text).value_or(usual) : usual;
}

std::string own_user_namespace() {
  const Result<std::string> link = read_link("/proc/self/ns/user");
  return link ? *link : "";
}

void look_at_capabilities(Observation& seen, const std::string& proc) {
  const Result<std::string> status = read_small_file(proc + "/status");
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    seen.text(set, status ? field_of(*status, set) : status.error().str());
  }
}

std::string every_capability() {
  const Result<std::string> text = read_small_file("/proc/sys/kernel/cap_last_cap");
  const int told = text ? parse_number<int>(*text).value_or(-1) : -1;
  constexpr int most = 62;  // the set of all is made from the bit behind the last
  const int last = told >= 0 && told <= most ? told : CAP_LAST_CAP;
  return fmt::format("{:016x}", capability_bit(last + 1) - 1);
}

std::string one_capability(int capability) {
  return fmt::format("{:016x}", capability_bit(capability));
}

int set_capabilities(std::uint64_t effective, std::uint64_t permitted, std::uint64_t inheritable) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  CapabilitySets sets;
  for (unsigned i = 0; i < 2; ++i) {
    sets.half.at(i) = {.effective = static_cast<std::uint32_t>(effective >> (32 * i)),
                       .permitted = static_cast<std::uint32_t>(permitted >> (32 * i)),
                       .inheritable = static_cast<std::uint32_t>(inheritable >> (32 * i))};
  }
  return as_errno(::syscall(SYS_capset, &header, sets.half.data()));
}

std::uint64_t permitted_capabilities() {
  const CapabilitySets sets = capabilities();
  return std::uint64_t{sets.half[1].permitted} << 32 | sets.half[0].permitted;
}

int become(uid_t id) {
  if (::setgroups(0, nullptr) != 0 || ::setresgid(id, id, id) != 0 ||
      ::setresuid(id, id, id) != 0) {
    return errno;
  }
  ::prctl(PR_SET_DUMPABLE, 1);
  stay_tied_to_parent();
  return 0;
}

}  // namespace nsbench
