// What a call costs in a plain C loop with nothing around it: what nsbench's own times are held
// against (bench/accuracy). It shares no code with nsbench, and reads its own clock.
//
// It speaks the worker protocol on standard input and output, a line each way:
//   run batch=1 case=create/uts:unshare:root seconds=0.1
//   result batch=1 case=create/uts:unshare:root outcome=measured unit=ns n=8000 k=1 p25=.. p50=..
//   ..
// Cases of the families create and join, by every way. The privilege is that of the caller.
// Without --here it makes namespaces of its own first, so that nothing it does is seen outside.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { max_timings = 16384, max_cases = 128, kinds = 8, targets = 2, many = 64 };

// In the order in which they are joined.
static const struct {
  const char* name;
  unsigned flag;
  int most;  // made per batch, so that their teardown keeps up
} kind[kinds] = {
    {"user", CLONE_NEWUSER, 256},
    {"pid", CLONE_NEWPID, 256},
    {"uts", CLONE_NEWUTS, max_timings},
    {"ipc", CLONE_NEWIPC, 256},
    {"net", CLONE_NEWNET, 64},
    {"cgroup", CLONE_NEWCGROUP, max_timings},
    {"time", CLONE_NEWTIME, max_timings},
    {"mnt", CLONE_NEWNS, 512},
};

enum way { by_clone, by_clone3, by_unshare, by_setns, by_pidfd };

struct operation {
  char id[128];
  enum way way;
  unsigned flags;
  int ready;
  // Of setns: two processes that hold such namespaces, and descriptors of these.
  int pidfd[targets];
  int fd[targets][kinds];
};

// What the process of a batch leaves behind, in memory shared with it.
struct batch {
  int failed;  // errno of the first call that failed
  int n, k;
  double seconds;
  double ns[max_timings];
};

static struct batch* batch;

#if defined(__x86_64__)
static inline uint64_t before(void) {
  uint32_t low, high;
  __asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high)::"memory");
  return (uint64_t)high << 32 | low;
}
static inline uint64_t after(void) {
  uint32_t low, high;
  __asm__ volatile("rdtscp\n\tlfence" : "=a"(low), "=d"(high)::"rcx", "memory");
  return (uint64_t)high << 32 | low;
}
#else
static inline uint64_t before(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC_RAW, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}
static inline uint64_t after(void) { return before(); }
#endif

static double ns_per_tick = 1;
static double clock_cost;

// Not from the vDSO, whose page would be mapped again by each reading: to take it away costs a time
// namespace's calls up to 600 ns.
static double seconds(clockid_t clock) {
  struct timespec now;
  syscall(SYS_clock_gettime, clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int ascending(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

static void calibrate(void) {
  static double costs[1001];
  for (int i = 0; i < 1001; ++i) {
    const uint64_t start = before();
    costs[i] = (double)(after() - start);
  }
  qsort(costs, 1001, sizeof costs[0], ascending);
  // The mean of all but the slowest: some counters go on in steps, which a median would round to.
  for (int i = 0; i < 900; ++i) clock_cost += costs[i] / 900;
#if defined(__x86_64__)
  const double start = seconds(CLOCK_MONOTONIC_RAW);
  const uint64_t ticks = before();
  usleep(50000);
  const double stop = seconds(CLOCK_MONOTONIC_RAW);
  ns_per_tick = (stop - start) * 1e9 / (double)(before() - ticks);
#endif
}

static void die(const char* what) {
  fprintf(stderr, "reference: %s: %s\n", what, strerror(errno));
  exit(2);
}

static pid_t raw_clone(unsigned flags) {
  return (pid_t)syscall(SYS_clone, (unsigned long)flags | SIGCHLD, NULL, NULL, NULL, NULL);
}

static pid_t raw_clone3(unsigned flags) {
  struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};
  return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

static void end_with_parent(void) { prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }

static void reap(pid_t pid) {
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
}

static void open_namespaces(const char* process, unsigned flags, int* fd) {
  for (int i = 0; i < kinds; ++i) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/ns/%s", process, kind[i].name);
    fd[i] = flags & kind[i].flag ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (flags & kind[i].flag && fd[i] < 0) die(path);
  }
}

static int join(const int* fd) {
  for (int i = 0; i < kinds; ++i) {
    if (fd[i] >= 0 && syscall(SYS_setns, fd[i], kind[i].flag) != 0) return -1;
  }
  return 0;
}

// The baseline of setns enters the uts namespace that it is in already.
static unsigned joined(const struct operation* op) { return op->flags ? op->flags : CLONE_NEWUTS; }

static void hold_targets(struct operation* op) {
  for (int i = 0; i < targets; ++i) {
    const pid_t pid = raw_clone3(op->flags);
    if (pid < 0) die("clone3 of a holder");
    if (pid == 0) {
      end_with_parent();
      for (;;) pause();
    }
    char name[16];
    snprintf(name, sizeof name, "%d", pid);
    op->pidfd[i] = (int)syscall(SYS_pidfd_open, pid, 0);
    if (op->pidfd[i] < 0) die("pidfd_open");
    open_namespaces(name, joined(op), op->fd[i]);
  }
}

static void keep(uint64_t start, uint64_t stop, int calls) {
  const double ticks = (double)(stop - start) - clock_cost;
  batch->ns[batch->n++] = ticks > 0 ? ticks * ns_per_tick / calls : 0;
}

static int fail(void) {
  batch->failed = errno;
  return -1;
}

// One clone: the child waits until the time is taken.
static int time_clone(const struct operation* op, const int* pipe_ends) {
  const uint64_t start = before();
  const pid_t pid = op->way == by_clone ? raw_clone(op->flags) : raw_clone3(op->flags);
  if (pid == 0) {
    char byte;
    end_with_parent();
    while (read(pipe_ends[0], &byte, 1) < 0 && errno == EINTR) continue;
    _exit(0);
  }
  const uint64_t stop = after();
  if (pid < 0) return fail();
  if (write(pipe_ends[1], "", 1) != 1) return fail();
  reap(pid);
  keep(start, stop, 1);
  return 0;
}

static int time_unshare(unsigned flags, int calls) {
  long result = 0;
  const uint64_t start = before();
  for (int i = 0; i < calls; ++i) result |= syscall(SYS_unshare, (unsigned long)flags);
  const uint64_t stop = after();
  if (result != 0) return fail();
  keep(start, stop, calls);
  return 0;
}

static int time_setns(const struct operation* from, int calls) {
  // A page that a new process reads for the first time is not part of the call.
  const struct operation copy = *from, *const op = &copy;
  const unsigned flags = joined(op);
  long result = 0;
  const uint64_t start = before();
  for (int i = 0; i < calls; ++i) {
    result |= op->way == by_pidfd ? syscall(SYS_setns, op->pidfd[i % targets], flags)
                                  : join(op->fd[i % targets]);
  }
  const uint64_t stop = after();
  if (result != 0) return fail();
  keep(start, stop, calls);
  return 0;
}

static int time_one(const struct operation* op, int calls) {
  return op->way == by_unshare ? time_unshare(op->flags, calls) : time_setns(op, calls);
}

// Where there is no way back: each call in a process of its own, which goes through the code once
// before, since a fork leaves it no page of code mapped.
static int time_in_child(const struct operation* op) {
  const pid_t pid = raw_clone(0);
  if (pid < 0) return fail();
  if (pid == 0) {
    static const struct operation nothing = {.pidfd = {-1, -1}, .fd = {{-1, -1}, {-1, -1}}};
    struct operation rehearsed = nothing;
    rehearsed.way = op->way;
    const int n = batch->n;
    time_one(&rehearsed, 1);
    batch->n = n;
    batch->failed = 0;
    time_one(op, 1);
    _exit(0);
  }
  reap(pid);
  return batch->failed ? -1 : 0;
}

// A mount namespace whose one mount is a tmpfs: what a new one is a copy of. /proc is gone then.
static void keep_one_mount(void) {
  if (mount("reference", "/tmp", "tmpfs", 0, "size=1m") != 0) die("mount(tmpfs)");
  if (chdir("/tmp") != 0 || syscall(SYS_pivot_root, ".", ".") != 0) die("pivot_root");
  if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) die("umount2");
}

// All calls of one batch; in a process of its own.
static void make_calls(const struct operation* op, double wanted) {
  const int clones = op->way == by_clone || op->way == by_clone3;
  const int in_child = !clones && op->flags & CLONE_NEWUSER;
  const int single_kind = (joined(op) & (joined(op) - 1)) == 0;
  const int repeats = !clones && !in_child && (op->way == by_unshare ? !op->flags : single_kind);
  int most = max_timings;
  for (int i = 0; i < kinds && op->way < by_setns; ++i) {
    if (op->flags & kind[i].flag && kind[i].most < most) most = kind[i].most;
  }
  int own[kinds], pipe_ends[2] = {-1, -1};
  const int mounts = (op->flags & CLONE_NEWNS) != 0;
  if (mounts && syscall(SYS_unshare, (unsigned long)CLONE_NEWNS) != 0) die("unshare(CLONE_NEWNS)");
  open_namespaces("self", op->way < by_setns ? op->flags : joined(op), own);
  if (mounts) keep_one_mount();
  if (clones && pipe2(pipe_ends, O_CLOEXEC) != 0) die("pipe2");
  batch->k = repeats ? many : 1;
  double start = 0;
  for (int first = 1; first || (batch->n < most && (batch->n < 8 || batch->seconds < wanted));) {
    const int result = clones     ? time_clone(op, pipe_ends)
                       : in_child ? time_in_child(op)
                                  : time_one(op, batch->k);
    if (result != 0) return;
    if (!clones && !in_child && join(own) != 0) {
      fail();
      return;
    }
    if (first) {
      first = batch->n = 0;
      start = seconds(CLOCK_MONOTONIC);
    }
    batch->seconds = seconds(CLOCK_MONOTONIC) - start;
  }
}

static int parse(const char* id, struct operation* op) {
  static const struct {
    const char* name;
    enum way way;
  } ways[] = {{"clone", by_clone},
              {"clone3", by_clone3},
              {"unshare", by_unshare},
              {"setns", by_setns},
              {"setns.pidfd", by_pidfd}};
  char family[16], name[32], way[16];
  if (sscanf(id, "%15[^/]/%31[^:]:%15[^:]", family, name, way) != 3) return -1;
  memset(op, 0, sizeof *op);
  snprintf(op->id, sizeof op->id, "%s", id);
  int known = -1;
  for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; ++i) {
    if (strcmp(way, ways[i].name) == 0) known = (int)i;
  }
  if (known < 0) return -1;
  op->way = ways[known].way;
  if (strcmp(family, op->way < by_setns ? "create" : "join") != 0) return -1;
  if (strcmp(name, "none") == 0) return 0;
  for (int i = 0; i < kinds; ++i) {
    const int time = kind[i].flag == CLONE_NEWTIME;
    if (strcmp(name, kind[i].name) == 0 || strcmp(name, "all") == 0 ||
        (strcmp(name, "all_but_time") == 0 && !time)) {
      op->flags |= kind[i].flag;
    }
  }
  return op->flags ? 0 : -1;
}

static struct operation* find(const char* id) {
  static struct operation known[max_cases];
  for (int i = 0; i < max_cases; ++i) {
    if (strcmp(known[i].id, id) == 0) return &known[i];
    if (known[i].id[0] != '\0') continue;
    if (parse(id, &known[i]) == 0) return &known[i];
    memset(&known[i], 0, sizeof known[i]);
    return NULL;
  }
  return NULL;
}

static double at(double share) { return batch->ns[(int)(share * (batch->n - 1) + 0.5)]; }

static void answer(unsigned long number, const char* id, double wanted) {
  struct operation* op = find(id);
  printf("result batch=%lu case=%s ", number, id);
  if (op == NULL) {
    printf("outcome=broken error=no%%20such%%20case\n");
    return;
  }
  if (op->way >= by_setns && !op->ready) hold_targets(op);
  op->ready = 1;
  fflush(stdout);
  batch->failed = batch->n = 0;
  batch->seconds = 0;
  const pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) {
    end_with_parent();
    make_calls(op, wanted);
    _exit(0);
  }
  reap(pid);
  if (batch->failed || batch->n == 0) {
    printf("outcome=failed error=errno%%20%d\n", batch->failed);
    return;
  }
  double sum = 0;
  for (int i = 0; i < batch->n; ++i) sum += batch->ns[i];
  qsort(batch->ns, (size_t)batch->n, sizeof batch->ns[0], ascending);
  printf("outcome=measured unit=ns n=%d k=%d p25=%.2f p50=%.2f p90=%.2f p99=%.2f min=%.2f ",
         batch->n * batch->k, batch->k, at(0.25), at(0.5), at(0.9), at(0.99), batch->ns[0]);
  printf("max=%.2f mean=%.2f cpu=0 seconds=%.6f drain=0 drained=1 samples=%.2f\n",
         batch->ns[batch->n - 1], sum / batch->n, batch->seconds, at(0.5));
}

// The rest of the program in a child: a fork costs more the more forks lie between a process and
// its exec (anon_vma_fork(), mm/rmap.c), and nsbench's processes have two before theirs, too.
static void go_one_deeper(void) {
  const pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid > 0) {
    reap(pid);
    exit(0);
  }
  end_with_parent();
}

// The rest of the program in namespaces of its own, which end with it.
static void leave_host(void) {
  end_with_parent();
  const unsigned flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET |
                         CLONE_NEWCGROUP | CLONE_NEWTIME;
  const pid_t pid = raw_clone3(flags);
  if (pid < 0) die("clone3 of namespaces of its own");
  if (pid > 0) {
    reap(pid);
    exit(0);
  }
  end_with_parent();
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) die("mount(/, MS_PRIVATE)");
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
    die("mount(proc)");
}

static void pin(void) {
  cpu_set_t cpus;
  if (sched_getaffinity(0, sizeof cpus, &cpus) != 0) die("sched_getaffinity");
  int last = CPU_SETSIZE - 1;
  while (last > 0 && !CPU_ISSET(last, &cpus)) --last;
  CPU_ZERO(&cpus);
  CPU_SET(last, &cpus);
  if (sched_setaffinity(0, sizeof cpus, &cpus) != 0) die("sched_setaffinity");
}

int main(int argc, char** argv) {
  if (argc > 2 || (argc == 2 && strcmp(argv[1], "--here") != 0)) {
    fprintf(stderr, "usage: reference [--here]\n");
    return 2;
  }
  end_with_parent();
  if (argc == 1) {
    leave_host();
  } else {
    go_one_deeper();
  }
  pin();
  calibrate();
  batch = mmap(NULL, sizeof *batch, PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (batch == MAP_FAILED) die("mmap");
  struct utsname name;
  uname(&name);
  printf("hello protocol=1 nsbench=reference workload=1 build=release kernel=%s clock=wall\n",
         name.release);
  fflush(stdout);
  char line[4096], id[128];
  unsigned long number;
  double wanted;
  while (fgets(line, sizeof line, stdin) != NULL && strncmp(line, "bye", 3) != 0) {
    if (sscanf(line, "run batch=%lu case=%127s seconds=%lf", &number, id, &wanted) != 3) return 2;
    answer(number, id, wanted);
    fflush(stdout);
  }
  printf("bye\n");
  return 0;
}
