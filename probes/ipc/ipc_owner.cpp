// ipc: capabilities over objects count in the user namespace that owns the ipc namespace.
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/ipc/objects.h"
#include "probes/ipc/probes.h"
#include "probes/nested.h"
#include "probes/sandbox/id_map.h"

namespace nsbench::probes {

namespace {

constexpr key_t key = 0x6e736201;

// Makes an object that its permissions let nobody use, not even its owner.
template <class Object>
int make_closed(Observation& seen) {
  const int id = Object::get(key, IPC_CREAT | IPC_EXCL);
  seen.call(fmt::format("make {}", Object::name), id);
  return id;
}

template <class Object>
void use(Observation& seen, int id) {
  seen.call(fmt::format("read {}", Object::name), Object::read(id));
  seen.call(fmt::format("open {} by key", Object::name), Object::get(key, mode));
}

struct Ids {
  int shm = -1;
  int sem = -1;
  int msg = -1;
};

Ids make_all(Observation& seen) {
  Ids ids;
  ids.shm = make_closed<Shm>(seen);
  ids.sem = make_closed<Sem>(seen);
  ids.msg = make_closed<Msg>(seen);
  return ids;
}

void use_all(Observation& seen, const Ids& ids) {
  use<Shm>(seen, ids.shm);
  use<Sem>(seen, ids.sem);
  use<Msg>(seen, ids.msg);
}

void try_all(Scene& scene) {
  const Ids ids = make_all(scene.seen);
  if (scene.seen.errno_of("make shm") == ENOSYS) {
    return scene.skip(SkipReason::NoFeature, "the kernel has no System V IPC (CONFIG_SYSVIPC)");
  }
  use_all(scene.seen, ids);
  const Look use_theirs = [ids](Observation& seen) { use_all(seen, ids); };
  const Look use_own = [](Observation& seen) { use_all(seen, make_all(seen)); };
  if (!in_nested_or_skip(scene, "below", {Kind::User}, use_theirs)) return;
  if (!in_nested_or_skip(scene, "own", {Kind::User, Kind::Ipc}, use_own)) return;
  in_child(scene, [ids](Observation& seen) {
    const Status dropped = drop_privilege();
    seen.result("drop", dropped.error().err);
    Observation powerless;
    use_all(powerless, ids);
    for (const Fact& fact : powerless.facts()) {
      seen.result("powerless " + fact.name, static_cast<int>(fact.number));
    }
  });
}

constexpr std::array acts{
    Act{Side::Inside, "inside tries", try_all},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside tries");
  j.works_errno("the process gave its capabilities up", seen.errno_of("drop"));
  for (const std::string_view object : {Shm::name, Sem::name, Msg::name}) {
    j.works_errno(fmt::format("{} with mode 0 can be made", object),
                  seen.errno_of(fmt::format("make {}", object)));
    for (const std::string& call :
         {fmt::format("read {}", object), fmt::format("open {} by key", object)}) {
      j.works_errno(fmt::format("{} works with CAP_IPC_OWNER in the owning user namespace", call),
                    seen.errno_of(call));
      j.works_errno(fmt::format("{} works below in an ipc namespace owned there", call),
                    seen.errno_of("own " + call));
      j.rule_errno(fmt::format("{} needs CAP_IPC_OWNER", call), EACCES,
                   seen.errno_of("powerless " + call));
      j.rule_errno(fmt::format("{} with the capabilities of a user namespace below", call), EACCES,
                   seen.errno_of("below " + call));
    }
  }
  return j;
}

}  // namespace

constinit const Probe ipc_owner{
    .family = "ipc",
    .name = "ipc_owner",
    .sentence = "CAP_IPC_OWNER counts only in the user namespace that owns the ipc namespace",
    .source = "user_namespaces(7), capabilities(7); ipc/util.c ipcperms()",
    .first_kernel = "3.8",
    .namespaces = {Kind::Ipc},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "Every user is given all capabilities in a user namespace of their own. Objects of other "
        "users are kept from them by this question alone: capable of what, and over whom.",
    .failure = "Any user reads and writes everybody's shared memory: unshare --user is enough.",
    .by_hand =
        "id=$(ipcmk --shmem 4096 --mode 0 | grep -o '[0-9]*$')\n"
        "perl -e 'shmread('$id', $_, 0, 1) or die \"$!\"'   # root may, others may not\n"
        "unshare --map-root-user perl -e 'shmread('$id', $_, 0, 1) or die \"$!\"'\n"
        "ipcrm --shmem-id $id",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
