// ipc: an attached segment is memory of the process, which no namespace takes away; its identifier
// is the namespace's.
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/ipc/objects.h"
#include "probes/ipc/probes.h"

namespace nsbench::probes {

namespace {

constexpr key_t key = 0x6e736201;

// Where the segment lies in every side's process: forks keep the address.
volatile int* memory_of(const Scene& scene) {
  return reinterpret_cast<volatile int*>(scene.saw("outside attaches").number_of("address"));
}

void count(Scene& scene, int id) {
  shmid_ds info{};
  scene.seen.call("IPC_STAT", ::shmctl(id, IPC_STAT, &info));
  scene.seen.number("attached", static_cast<std::int64_t>(info.shm_nattch));
}

int id_of(const Scene& scene) {
  return static_cast<int>(scene.saw("outside attaches").number_of("id"));
}

void attach(Scene& scene) {
  const int id = make_object<Shm>(scene, "shmget", key);
  if (scene.ended()) return;
  scene.seen.number("id", id);
  void* const at = ::shmat(id, nullptr, 0);
  const bool failed = at == reinterpret_cast<void*>(-1);
  scene.seen.call("shmat", failed ? -1 : 0);
  if (failed) return scene.broken("shmat failed");
  *static_cast<volatile int*>(at) = 5;
  scene.seen.number("address", reinterpret_cast<std::intptr_t>(at));
}

// The memory is mapped here by birth; the segment's identifier means nothing.
void use(Scene& scene) {
  scene.seen.number("memory", *memory_of(scene));
  *memory_of(scene) = 6;
  count(scene, id_of(scene));
  void* const again = ::shmat(id_of(scene), nullptr, 0);
  scene.seen.call("shmat", again == reinterpret_cast<void*>(-1) ? -1 : 0);
  if (again != reinterpret_cast<void*>(-1)) ::shmdt(again);
}

void detach(Scene& scene) { scene.seen.call("shmdt", ::shmdt(const_cast<int*>(memory_of(scene)))); }

void look(Scene& scene) {
  scene.seen.number("memory", *memory_of(scene));
  count(scene, id_of(scene));
}

constexpr std::array acts{
    Act{Side::Outside, "outside attaches", attach},  Act{Side::Inside, "inside uses it", use},
    Act{Side::Outside, "outside looks", look},       Act{Side::Inside, "inside detaches", detach},
    Act{Side::Outside, "outside looks again", look},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside uses it");
  const Observation& outside = t.at("outside looks");
  const Observation& later = t.at("outside looks again");
  j.works_errno("a segment can be attached outside", t.at("outside attaches").errno_of("shmat"));
  j.rule_equal("attached memory is still there inside", "5",
               std::to_string(inside.number_of("memory")));
  j.rule_equal("and still shared", "6", std::to_string(outside.number_of("memory")));
  j.works_errno("it can be detached inside", t.at("inside detaches").errno_of("shmdt"));
  const std::int64_t before = outside.number_of("attached");
  const std::int64_t after = later.number_of("attached");
  j.rule("the outside's count follows", "one less than before, and before at least two",
         fmt::format("{} after {}", after, before), before >= 2 && after == before - 1);
  j.isolated_errno("the segment's identifier is unknown inside", EINVAL,
                   inside.errno_of("IPC_STAT"));
  j.isolated_errno("it can't be attached inside once more", EINVAL, inside.errno_of("shmat"));
  return j;
}

}  // namespace

constinit const Probe attached_segment{
    .family = "ipc",
    .name = "attached_segment",
    .sentence = "attached memory stays with the process, the segment with its namespace",
    .source = "ipc_namespaces(7), shmop(2); ipc/shm.c do_shmat(), shm_open(), ksys_shmdt()",
    .first_kernel = "2.6.19",
    .namespaces = {Kind::Ipc},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "Servers fork and unshare with segments attached. Each mapping remembers the namespace "
        "of its segment, for the count that decides when the segment may go.",
    .failure =
        "A process loses memory by entering a namespace, reaches other segments of the one "
        "it left, or leaves a count wrong, so that a segment goes too early or never.",
    .by_hand =
        "id=$(ipcmk --shmem 4096 | grep -o '[0-9]*$')\n"
        "perl -e 'shmread('$id', $_, 0, 1) or die \"outside: $!\"'\n"
        "unshare --map-root-user --ipc perl -e 'shmread('$id', $_, 0, 1) or die \"$!\"'\n"
        "ipcrm --shmem-id $id",
};

}  // namespace nsbench::probes
