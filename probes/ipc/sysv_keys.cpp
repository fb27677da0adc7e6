// ipc: System V shared memory, semaphores and message queues are known inside one namespace only,
// by key and by identifier. One set of acts, played with each of the three kinds of object.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include "probes/ipc/objects.h"
#include "probes/ipc/probes.h"
#include "probes/sandbox/files.h"

namespace nsbench::probes {

namespace {

constexpr key_t outside_key = 0x6e736201;  // "nsb" and a number
constexpr key_t inside_key = 0x6e736202;
constexpr key_t sibling_key = 0x6e736203;
constexpr int outside_value = 3;
constexpr int inside_value = 7;
constexpr int sibling_value = 5;

template <class Object>
void look(Observation& seen) {
  const Result<std::string> list = read_small_file(fmt::format("/proc/sysvipc/{}", Object::name));
  // The first line is the heading.
  seen.number(fmt::format("{} objects", Object::name),
              list ? std::count(list->begin(), list->end(), '\n') - 1 : -1);
}

// Makes an object with a key, after `before` others, so that its identifier's slot can't be in use
// on the other side by chance: each namespace numbers its slots from 0.
template <class Object>
void make(Scene& scene, key_t key, int before, int value) {
  for (int i = 0; i < before; ++i) {
    if (Object::get(IPC_PRIVATE, mode) < 0)
      return scene.broken("get(IPC_PRIVATE): " + errno_name(errno));
  }
  const int id = make_object<Object>(scene, "create by key", key);
  scene.seen.number("id", id);
  scene.seen.call("write", Object::write(id, value));
}

template <class Object>
void look_for(Scene& scene, key_t key, std::string_view maker) {
  scene.seen.call("get by key", Object::get(key, 0));
  const auto id = static_cast<int>(scene.saw(maker).number_of("id"));
  scene.seen.call("stat by id", Object::stat(id));
}

// Makes an object with the key that the outside used too, and writes to whatever that is now.
template <class Object>
void take_same_key(Scene& scene) {
  const int made = Object::get(outside_key, IPC_CREAT | IPC_EXCL | mode);
  scene.seen.call("create with the same key", made);
  const int id = made >= 0 ? made : Object::get(outside_key, 0);
  scene.seen.call("write", Object::write(id, inside_value));
  scene.seen.number("value", Object::read(id));
}

template <class Object>
void read_back(Scene& scene) {
  scene.seen.number("value",
                    Object::read(static_cast<int>(scene.saw("outside makes").number_of("id"))));
}

template <class Object>
constexpr std::array acts{
    Act{Side::Outside, "outside makes",
        [](Scene& s) { make<Object>(s, outside_key, 3, outside_value); }},
    Act{Side::Inside, "inside looks",
        [](Scene& s) { look_for<Object>(s, outside_key, "outside makes"); }},
    Act{Side::Inside, "inside makes",
        [](Scene& s) { make<Object>(s, inside_key, 9, inside_value); }},
    Act{Side::Outside, "outside looks",
        [](Scene& s) { look_for<Object>(s, inside_key, "inside makes"); }},
    Act{Side::Sibling, "sibling looks",
        [](Scene& s) { look_for<Object>(s, inside_key, "inside makes"); }},
    Act{Side::Sibling, "sibling makes",
        [](Scene& s) { make<Object>(s, sibling_key, 27, sibling_value); }},
    Act{Side::Inside, "inside looks for the sibling's",
        [](Scene& s) { look_for<Object>(s, sibling_key, "sibling makes"); }},
    Act{Side::Inside, "inside takes the same key", take_same_key<Object>},
    Act{Side::Outside, "outside reads its own", read_back<Object>},
};

void judge_unknown(Judgement& j, const Observation& seen, const std::string& rule) {
  j.isolated_errno(rule + " by its key", ENOENT, seen.errno_of("get by key"));
  j.isolated_errno(rule + " by its identifier", EINVAL, seen.errno_of("stat by id"));
}

Judgement judge(const Transcript& t) {
  Judgement j;
  j.works_errno("an object can be made outside", t.at("outside makes").errno_of("create by key"));
  j.works_errno("an object can be made inside", t.at("inside makes").errno_of("create by key"));
  j.works_errno("it can be written inside", t.at("inside makes").errno_of("write"));
  j.works_errno("an object can be made by a sibling",
                t.at("sibling makes").errno_of("create by key"));
  judge_unknown(j, t.at("inside looks"), "an object of the outside is unknown inside");
  judge_unknown(j, t.at("outside looks"), "an object of the inside is unknown outside");
  judge_unknown(j, t.at("sibling looks"), "an object of the inside is unknown to a sibling");
  judge_unknown(j, t.at("inside looks for the sibling's"),
                "an object of a sibling is unknown inside");
  j.isolated_errno("a key used outside is free inside", 0,
                   t.at("inside takes the same key").errno_of("create with the same key"));
  j.works_equal("what is written inside to an object is read back there",
                std::to_string(inside_value),
                std::to_string(t.at("inside takes the same key").number_of("value")));
  j.isolated_equal("the two objects with the same key have contents of their own",
                   std::to_string(outside_value),
                   std::to_string(t.at("outside reads its own").number_of("value")));
  return j;
}

template <class Object>
constexpr Probe sysv_probe(std::string_view name, std::string_view sentence, std::string_view why,
                           std::string_view failure, std::string_view by_hand) {
  return {.family = "ipc",
          .name = name,
          .sentence = sentence,
          .source = "ipc_namespaces(7), sysvipc(7); ipc/util.c ipcget(), ipc_obtain_object_check()",
          .first_kernel = "2.6.19",
          .namespaces = {Kind::Ipc},
          .ways = all_ways,
          .privileges = all_privileges,
          .acts = acts<Object>,
          .judge = judge,
          .look = look<Object>,
          .why = why,
          .failure = failure,
          .by_hand = by_hand};
}

}  // namespace

constinit const Probe sysv_shm = sysv_probe<Shm>(
    "sysv_shm", "System V shared memory is known on the side that made it only",
    "PostgreSQL, Oracle and X servers make segments with fixed keys. Two of them on one machine "
    "depend on each one's namespace.",
    "Somebody inside attaches the memory of a database outside, and reads or writes it.",
    "id=$(ipcmk --shmem 4096 | grep -o '[0-9]*$')\n"
    "ipcs --shmems\n"
    "unshare --map-root-user --ipc ipcs --shmems   # not there\n"
    "ipcrm --shmem-id $id");
constinit const Probe sysv_sem =
    sysv_probe<Sem>("sysv_sem", "System V semaphores are known on the side that made them only",
                    "Semaphores with fixed keys are the locks of web servers and databases.",
                    "Somebody inside takes, breaks or removes the locks of a server outside.",
                    "id=$(ipcmk --semaphore 1 | grep -o '[0-9]*$')\n"
                    "ipcs --semaphores\n"
                    "unshare --map-root-user --ipc ipcs --semaphores   # not there\n"
                    "ipcrm --semaphore-id $id");
constinit const Probe sysv_msg = sysv_probe<Msg>(
    "sysv_msg", "System V message queues are known on the side that made them only",
    "Queues with fixed keys carry the requests of older server software.",
    "Somebody inside reads messages that are meant for a server outside, or sends it some.",
    "id=$(ipcmk --queue | grep -o '[0-9]*$')\n"
    "ipcs --queues\n"
    "unshare --map-root-user --ipc ipcs --queues   # not there\n"
    "ipcrm --queue-id $id");

}  // namespace nsbench::probes
