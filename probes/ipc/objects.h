// The three kinds of System V objects, for the probes that treat them alike.
#pragma once

#include <fmt/format.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include <cerrno>
#include <string_view>

#include "probes/probe.h"

namespace nsbench::probes {

// What the three kinds have in common. A number is written to an object and read back.
struct Shm {
  static constexpr std::string_view name = "shm";
  static int get(key_t key, int flags) { return ::shmget(key, sizeof(int), flags); }
  static int stat(int id) {
    shmid_ds info{};
    return ::shmctl(id, IPC_STAT, &info);
  }
  static int write(int id, int value) {
    void* at = ::shmat(id, nullptr, 0);
    if (at == reinterpret_cast<void*>(-1)) return -1;
    *static_cast<volatile int*>(at) = value;
    return ::shmdt(at);
  }
  static int read(int id) {
    void* at = ::shmat(id, nullptr, SHM_RDONLY);
    if (at == reinterpret_cast<void*>(-1)) return -1;
    const int value = *static_cast<volatile int*>(at);
    ::shmdt(at);
    return value;
  }
};

struct Sem {
  static constexpr std::string_view name = "sem";
  static int get(key_t key, int flags) { return ::semget(key, 1, flags); }
  static int stat(int id) { return ::semctl(id, 0, GETVAL); }
  static int write(int id, int value) { return ::semctl(id, 0, SETVAL, value); }
  static int read(int id) { return ::semctl(id, 0, GETVAL); }
};

// The number is how many messages are waiting.
struct Msg {
  static constexpr std::string_view name = "msg";
  static int get(key_t key, int flags) { return ::msgget(key, flags); }
  static int stat(int id) {
    msqid_ds info{};
    return ::msgctl(id, IPC_STAT, &info);
  }
  static int write(int id, int value) {
    const struct {
      long type;
      char text[1];
    } message{1, {'m'}};
    while (read(id) < value) {
      if (::msgsnd(id, &message, sizeof message.text, IPC_NOWAIT) != 0) return -1;
    }
    return 0;
  }
  static int read(int id) {
    msqid_ds info{};
    return ::msgctl(id, IPC_STAT, &info) == 0 ? static_cast<int>(info.msg_qnum) : -1;
  }
};

// Permissions of an object that its owner may use.
constexpr int mode = 0600;

// Makes an object with this key. A kernel without System V IPC ends the case.
template <class Object>
int make_object(Scene& scene, std::string_view step, key_t key) {
  const int id = Object::get(key, IPC_CREAT | IPC_EXCL | mode);
  scene.seen.call(step, id);
  if (id < 0 && errno == ENOSYS) {
    scene.skip(SkipReason::NoFeature, "the kernel has no System V IPC (CONFIG_SYSVIPC)");
  }
  return id;
}

}  // namespace nsbench::probes
