// ipc: the lists and the counts of System V objects are the namespace's own.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "probes/ipc/objects.h"
#include "probes/ipc/probes.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/proc_text.h"
#include "reports/number.h"

namespace nsbench::probes {

namespace {

constexpr std::array kinds{Shm::name, Sem::name, Msg::name};
constexpr key_t outside_key = 0x6e736201;
constexpr key_t inside_key = 0x6e736202;

// The keys in the first column of /proc/sysvipc/KIND, sorted: "6e736201,6e736202".
std::string keys_in(std::string_view kind) {
  const Result<std::string> list = read_small_file(fmt::format("/proc/sysvipc/{}", kind));
  if (!list) return list.error().str();
  std::vector<std::string> keys = parse_sysvipc_keys(*list);
  for (std::string& key : keys) {
    if (const auto number = parse_number<std::int64_t>(key)) key = fmt::format("{:x}", *number);
  }
  std::sort(keys.begin(), keys.end());
  return fmt::format("{}", fmt::join(keys, ","));
}

void list(Observation& seen) {
  for (const std::string_view kind : kinds) {
    seen.text(fmt::format("/proc/sysvipc/{}", kind), keys_in(kind));
  }
}

template <class Object>
int make_one(Scene& scene, key_t key) {
  return make_object<Object>(scene, fmt::format("make {}", Object::name), key);
}

void make_all(Scene& scene, key_t key) {
  make_one<Shm>(scene, key);
  make_one<Sem>(scene, key);
  make_one<Msg>(scene, key);
}

constexpr std::array acts{
    Act{Side::Outside, "outside makes", [](Scene& s) { make_all(s, outside_key); }},
    Act{Side::Inside, "inside makes", [](Scene& s) { make_all(s, inside_key); }},
    Act{Side::Inside, "inside lists", [](Scene& s) { list(s.seen); }},
    Act{Side::Outside, "outside lists", [](Scene& s) { list(s.seen); }},
    Act{Side::Sibling, "sibling lists", [](Scene& s) { list(s.seen); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  for (const std::string_view kind : kinds) {
    const std::string made = fmt::format("make {}", kind);
    const std::string file = fmt::format("/proc/sysvipc/{}", kind);
    j.works_errno(fmt::format("{} can be made outside", kind),
                  t.at("outside makes").errno_of(made));
    j.works_errno(fmt::format("{} can be made inside", kind), t.at("inside makes").errno_of(made));
    j.isolated_equal(file + " inside lists the inside's only", fmt::format("{:x}", inside_key),
                     t.at("inside lists").text_of(file));
    j.isolated_equal(file + " outside lists the outside's only", fmt::format("{:x}", outside_key),
                     t.at("outside lists").text_of(file));
    j.isolated_equal(file + " lists nothing to a sibling", "", t.at("sibling lists").text_of(file));
  }
  return j;
}

namespace counts {

// What the three *_INFO commands count: objects, and what is in them.
void count(Observation& seen) {
  shm_info shm{};
  seen.call("SHM_INFO", ::shmctl(0, SHM_INFO, reinterpret_cast<shmid_ds*>(&shm)));
  seen.number("segments", shm.used_ids);
  seen.number("pages", static_cast<std::int64_t>(shm.shm_tot));
  seminfo sem{};
  seen.call("SEM_INFO", ::semctl(0, 0, SEM_INFO, &sem));
  seen.number("semaphore sets", sem.semusz);
  seen.number("semaphores", sem.semaem);
  msginfo msg{};
  seen.call("MSG_INFO", ::msgctl(0, MSG_INFO, reinterpret_cast<msqid_ds*>(&msg)));
  seen.number("queues", msg.msgpool);
  seen.number("messages", msg.msgmap);
  seen.number("bytes", msg.msgtql);
}

// What is in slot 0 of the namespace's tables, which is anybody's who may list.
void look_by_index(Observation& seen) {
  shmid_ds shm{};
  seen.call("SHM_STAT of slot 0", ::shmctl(0, SHM_STAT, &shm));
  semid_ds sem{};
  seen.call("SEM_STAT of slot 0", ::semctl(0, 0, SEM_STAT, &sem));
  msqid_ds msg{};
  seen.call("MSG_STAT of slot 0", ::msgctl(0, MSG_STAT, &msg));
}

constexpr std::array index_calls{"SHM_STAT of slot 0", "SEM_STAT of slot 0", "MSG_STAT of slot 0"};

// Two of each kind: segments of a page, single semaphores, queues with three messages of one byte.
void fill(Scene& scene, key_t key) {
  make_all(scene, key);
  make_all(scene, key + 0x100);
  if (scene.ended()) return;
  for (const key_t queue : {key, key + 0x100}) {
    scene.seen.call("send", Msg::write(Msg::get(queue, 0), 3));
  }
  count(scene.seen);
}

void look(Scene& scene) {
  count(scene.seen);
  look_by_index(scene.seen);
}

constexpr std::array acts{
    Act{Side::Outside, "outside makes", [](Scene& s) { fill(s, outside_key); }},
    Act{Side::Inside, "inside counts", look},
    Act{Side::Inside, "inside makes", [](Scene& s) { fill(s, inside_key); }},
    Act{Side::Outside, "outside counts", look},
};

struct Count {
  const char* name;
  int made;  // by one fill()
};
constexpr std::array counted{Count{"segments", 2},   Count{"pages", 2},  Count{"semaphore sets", 2},
                             Count{"semaphores", 2}, Count{"queues", 2}, Count{"messages", 6},
                             Count{"bytes", 6}};

Judgement judge(const Transcript& t) {
  Judgement j;
  const auto number = [&t](std::string_view act, std::string_view name) {
    return std::to_string(t.at(act).number_of(name));
  };
  for (const Count& count : counted) {
    const std::string made = std::to_string(count.made);
    j.works_equal(fmt::format("the outside's {} are counted outside", count.name), made,
                  number("outside makes", count.name));
    j.isolated_equal(fmt::format("a new namespace has no {}", count.name), "0",
                     number("inside counts", count.name));
    j.isolated_equal(fmt::format("the inside's {} are counted inside", count.name), made,
                     number("inside makes", count.name));
    j.isolated_equal(fmt::format("and not outside: {}", count.name), made,
                     number("outside counts", count.name));
  }
  for (const char* call : index_calls) {
    j.isolated_errno(fmt::format("{} is empty in a new namespace", call), EINVAL,
                     t.at("inside counts").errno_of(call));
    j.works_errno(fmt::format("{} is found outside", call), t.at("outside counts").errno_of(call));
  }
  return j;
}

}  // namespace counts

}  // namespace

constinit const Probe proc_sysvipc{
    .family = "ipc",
    .name = "proc_sysvipc",
    .sentence = "/proc/sysvipc lists the System V objects of the reader's namespace only",
    .source = "ipc_namespaces(7), proc(5); ipc/util.c sysvipc_proc_open()",
    .first_kernel = "2.6.19",
    .namespaces = {Kind::Ipc},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .look = list,
    .why =
        "ipcs(1) and monitoring read these files. They show keys, owners and process ids, which "
        "is all that one needs to aim at an object.",
    .failure = "Somebody inside sees which objects exist outside, and who uses them.",
    .by_hand =
        "id=$(ipcmk --shmem 4096 | grep -o '[0-9]*$')\n"
        "cat /proc/sysvipc/shm\n"
        "unshare --map-root-user --ipc cat /proc/sysvipc/shm   # the heading only\n"
        "ipcrm --shmem-id $id",
};

constinit const Probe sysv_counts{
    .family = "ipc",
    .name = "sysv_counts",
    .sentence = "the counts of System V objects, and their table's slots, are the namespace's own",
    .source = "ipc_namespaces(7), shmctl(2), semctl(2), msgctl(2); ipc/msg.c msgctl_info()",
    .first_kernel = "2.6.19",
    .namespaces = {Kind::Ipc},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = counts::acts,
    .judge = counts::judge,
    .look = counts::count,
    .why =
        "The limits of System V IPC are compared with these counts. They were global variables "
        "before there were namespaces.",
    .failure =
        "Somebody inside uses up the limits of the outside, and its databases fail to start.",
    .by_hand =
        "id=$(ipcmk --queue | grep -o '[0-9]*$')\n"
        "ipcs --queues --summary\n"
        "unshare --map-root-user --ipc ipcs --queues --summary   # allocated queues = 0\n"
        "ipcrm --queue-id $id",
};

}  // namespace nsbench::probes
