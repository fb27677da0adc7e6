#include "suites/observe/inspection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace nsbench::observe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* host_mounts =
    "1 0 254:0 / / rw shared:1 - ext4 /dev/vda rw\n"
    "2 1 0:5 / /dev rw - devtmpfs devtmpfs rw\n"
    "3 1 0:20 / /proc rw - proc proc rw\n"
    "4 1 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
    "5 1 0:40 / /run rw - tmpfs tmpfs rw\n";

// As an engine with a user namespace sets a container up.
constexpr const char* container_mounts =
    "100 99 254:0 /var/lib/engine/1/rootfs / rw - ext4 /dev/vda rw\n"
    "101 100 0:60 / /proc rw - proc proc rw\n"
    "102 101 0:60 /sys /proc/sys ro - proc proc rw\n"
    "103 100 0:61 / /dev rw - tmpfs tmpfs rw\n"
    "104 103 0:5 /null /dev/null rw - devtmpfs devtmpfs rw\n"
    "105 100 254:0 /var/lib/engine/1/hosts /etc/hosts rw - ext4 /dev/vda rw\n"
    "106 100 0:30 /engine/1 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
    "107 100 254:0 /usr/share /data ro - ext4 /dev/vda rw\n";

ProcessState state(pid_t pid, std::uint64_t first_id, const char* mounts) {
  ProcessState state{.pid = pid,
                     .command = "it",
                     .status =
                         "CapEff:\t0\nNoNewPrivs:\t1\nSeccomp:\t2\n"
                         "Seccomp_filters:\t1\nUid:\t1\t1\t1\t1\n"};
  for (std::size_t i = 0; i < all_kinds.size(); ++i) state.namespaces.at(i) = first_id + i;
  state.mounts = parse_mountinfo(mounts);
  state.cgroups = {{.hierarchy = "0", .controllers = "", .path = "/engine/1"}};
  state.label = "container (enforce)";
  return state;
}

Observation sockets(const std::string& paths) {
  Observation seen;
  seen.text("found", paths);
  return seen;
}

Looked container() {
  Looked looked{.target = state(7, 200, container_mounts), .against = state(1, 100, host_mounts)};
  looked.target.uid_map = {{.inside = 0, .outside = 100000, .count = 65536}};
  looked.against.uid_map = {{.inside = 0, .outside = 0, .count = 4294967295}};
  Observation proc;
  proc.text("self", "9");
  proc.number("getpid", 9);
  proc.number("processes", 3);
  looked.inside.add({"inside", "pid/proc_view", proc});
  Observation cgroup;
  cgroup.text("own", "0::/\n");
  looked.inside.add({"inside", "cgroup", cgroup});
  looked.inside.add({"inside", "sockets", sockets("")});
  return looked;
}

const Part& part(const Inspection& inspection, Kind kind) {
  return inspection.parts.at(static_cast<std::size_t>(kind));
}

Inspection with_mount(const std::string& line) {
  Looked looked = container();
  looked.target.mounts = parse_mountinfo(container_mounts + line);
  return inspect(looked);
}

TEST(Inspection, AContainerOfItsOwnIsIsolated) {
  const Inspection seen = inspect(container());
  EXPECT_EQ(seen.open(NamespaceSet::all()).str(), "none");
  EXPECT_EQ(exit_code_of(seen, NamespaceSet::all()), 0);
  for (const StateFact& fact : seen.facts) EXPECT_FALSE(fact.weak) << fact.name;
}

TEST(Inspection, EachSharedNamespaceIsFound) {
  for (const KindRow& kind : all_kinds) {
    Looked looked = container();
    const auto place = static_cast<std::size_t>(kind.kind);
    looked.target.namespaces.at(place) = looked.against.namespaces.at(place);
    const Inspection seen = inspect(looked);
    EXPECT_EQ(seen.open(NamespaceSet::all()), NamespaceSet{kind.kind});
    EXPECT_EQ(exit_code_of(seen, {kind.kind}), 1);
    EXPECT_EQ(exit_code_of(seen, NamespaceSet::all() - NamespaceSet{kind.kind}), 0);
  }
}

TEST(Inspection, WhatIsNotToldIsNotIsolated) {
  Looked looked = container();
  looked.target.namespaces.at(static_cast<std::size_t>(Kind::Net)).reset();
  looked.target.untold = {"/proc/7/ns/net: EACCES"};
  const Inspection seen = inspect(looked);
  EXPECT_EQ(exit_code_of(seen, {Kind::Net}), 3);
  EXPECT_EQ(exit_code_of(seen, {Kind::Pid}), 0);
  looked.target.namespaces.at(static_cast<std::size_t>(Kind::Pid)) = 101;
  EXPECT_EQ(exit_code_of(inspect(looked), {Kind::Net, Kind::Pid}), 1);
}

TEST(Inspection, WaysOutThroughMountsAreFound) {
  struct Row {
    const char* line;
    const char* found;  // nothing: no way out
  };
  for (const Row& row :
       {Row{"110 100 254:0 /srv /srv rw - ext4 /dev/vda rw\n",
            "/srv is /srv of the outside's ext4"},
        Row{"110 100 254:0 /srv /srv ro - ext4 /dev/vda rw\n", ""},
        Row{"110 100 254:0 /srv /srv rw - ext4 /dev/vda ro\n", ""},
        Row{"110 100 0:99 / /own rw - tmpfs tmpfs rw\n", ""},
        Row{"110 100 0:40 /docker.sock /var/run/docker.sock ro - tmpfs tmpfs rw\n",
            "container engine's socket"},
        Row{"110 100 254:0 /srv /srv ro shared:1 - ext4 /dev/vda rw\n", "shared propagation"},
        Row{"110 100 254:0 /srv /srv ro master:1 - ext4 /dev/vda rw\n", ""},
        Row{"110 103 0:5 /vda /dev/vda rw - devtmpfs devtmpfs rw\n",
            "/dev/vda is /vda of the outside's devtmpfs"}}) {
    const std::vector<std::string> ways = part(with_mount(row.line), Kind::Mnt).reaches;
    if (std::string_view(row.found).empty()) {
      EXPECT_THAT(ways, IsEmpty()) << row.line;
    } else {
      EXPECT_THAT(ways, ElementsAre(HasSubstr(row.found))) << row.line;
    }
  }
}

// What lies below another mount is reached by nobody.
TEST(Inspection, CoveredMountsAreNoWayOut) {
  const std::string host_dev =
      "110 100 0:5 / /dev2 rw - devtmpfs devtmpfs rw\n"
      "111 110 0:40 / /dev2/shm rw - tmpfs tmpfs rw\n";
  EXPECT_EQ(part(with_mount(host_dev), Kind::Mnt).reaches.size(), 2U);
  const std::string cover = "112 110 0:77 / /dev2 rw - tmpfs tmpfs rw\n";
  EXPECT_THAT(part(with_mount(host_dev + cover), Kind::Mnt).reaches, IsEmpty());
  const std::string above = "113 112 0:40 / /dev2/shm rw - tmpfs tmpfs rw\n";
  EXPECT_EQ(part(with_mount(host_dev + cover + above), Kind::Mnt).reaches.size(), 1U);
}

TEST(Inspection, OtherWaysOutAreFound) {
  Looked looked = container();
  looked.target.mounts = parse_mountinfo("100 99 254:0 / / rw - ext4 /dev/vda rw\n");
  EXPECT_THAT(part(inspect(looked), Kind::Mnt).reaches,
              ElementsAre("/ is the whole of the outside's ext4, and writable"));
  looked = container();
  looked.target.strays = {{.fd = 8, .path = "/"}};
  EXPECT_THAT(part(inspect(looked), Kind::Mnt).reaches,
              ElementsAre(HasSubstr("descriptor 8 is a directory outside")));
  looked = container();
  looked.target.uid_map = {{.inside = 0, .outside = 0, .count = 1}};
  EXPECT_THAT(part(inspect(looked), Kind::User).reaches,
              ElementsAre("user 0 inside is root outside"));
  looked = container();
  looked.target.mounts = parse_mountinfo("106 100 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  EXPECT_THAT(part(inspect(looked), Kind::Cgroup).reaches, ElementsAre(HasSubstr("above its own")));
  looked = container();
  Observation proc;
  proc.text("self", "4711");
  proc.number("getpid", 9);
  proc.number("processes", 300);
  looked.inside = Transcript();
  looked.inside.add({"inside", "pid/proc_view", proc});
  EXPECT_THAT(part(inspect(looked), Kind::Pid).reaches,
              ElementsAre(HasSubstr("lists 300 processes")));
}

// A read-only mount does not keep anybody from connecting to a socket on it.
TEST(Inspection, AnEnginesSocketIsAWayOutWhereverItLies) {
  Looked looked = container();
  looked.target.mounts = parse_mountinfo(std::string(container_mounts) +
                                         "110 100 0:40 / /run ro - tmpfs tmpfs rw\n"
                                         "111 110 0:99 / /run/podman rw - tmpfs tmpfs rw\n");
  looked.inside = Transcript();
  looked.inside.add({"inside", "sockets", sockets("/run/docker.sock\n/run/podman/podman.sock\n")});
  EXPECT_THAT(part(inspect(looked), Kind::Mnt).reaches,
              ElementsAre(HasSubstr("/run/docker.sock is a container engine's socket")));
}

TEST(Inspection, FileSystemsThatShowTheOutsideAreFound) {
  EXPECT_THAT(part(with_mount("110 100 0:20 / /host/proc ro - proc proc rw\n"), Kind::Pid).reaches,
              ElementsAre(HasSubstr("/host/proc is the outside's /proc")));
  for (const char* harmless : {"110 100 0:20 /sys /host/sys ro - proc proc rw\n",
                               "110 100 0:60 / /again ro - proc proc rw\n"}) {
    EXPECT_THAT(part(with_mount(harmless), Kind::Pid).reaches, IsEmpty()) << harmless;
  }
  Looked looked = container();
  looked.target.mounts = parse_mountinfo(std::string(container_mounts) +
                                         "110 103 0:44 / /dev/mqueue rw - mqueue mqueue rw\n");
  EXPECT_TRUE(part(inspect(looked), Kind::Ipc).isolated());
  looked.against.mounts =
      parse_mountinfo(std::string(host_mounts) + "9 2 0:44 / /dev/mqueue rw - mqueue mqueue rw\n");
  EXPECT_THAT(part(inspect(looked), Kind::Ipc).reaches,
              ElementsAre("/dev/mqueue is the outside's message queues"));
}

// What could not be looked at is neither isolated nor open; what was found holds all the same.
TEST(Inspection, WhatWasNotSearchedIsNotIsolated) {
  Looked looked = container();
  looked.inside = Transcript();
  const Inspection unseen = inspect(looked);
  EXPECT_EQ(unseen.open(NamespaceSet::all()).str(), "pid,cgroup,mnt");
  EXPECT_EQ(exit_code_of(unseen, {Kind::Pid}), 3);
  EXPECT_EQ(exit_code_of(unseen, {Kind::Net, Kind::Uts}), 0);
  EXPECT_THAT(inspection_text(unseen, {}, 100, false), HasSubstr("own, not searched"));
  EXPECT_THAT(inspection_headline(unseen, {}), HasSubstr("; can't tell: pid,cgroup,mnt"));
  looked = container();
  looked.against.mounts.clear();
  EXPECT_EQ(exit_code_of(inspect(looked), {Kind::Mnt}), 3);
  looked = container();
  looked.target.untold = {"/proc/7/fd: EACCES"};
  EXPECT_EQ(exit_code_of(inspect(looked), {Kind::Mnt}), 3);
  looked.target.uid_map = {{.inside = 0, .outside = 0, .count = 1}};
  EXPECT_EQ(exit_code_of(inspect(looked), {Kind::Mnt, Kind::User}), 1);
}

TEST(Inspection, OfWhatIsNotToldNothingIsGuessed) {
  Looked looked = container();
  looked.target.namespaces = {};
  looked.inside = Transcript();
  for (const KindRow& kind : all_kinds) {
    looked.target.untold.push_back("/proc/7/ns/" + std::string(kind.name) + ": EACCES");
  }
  const Inspection seen = inspect(looked);
  EXPECT_EQ(exit_code_of(seen, {}), 3);
  EXPECT_EQ(inspection_headline(seen, {}), "CAN'T TELL anything");
  const std::string text = inspection_text(seen, {}, 200, false);
  EXPECT_THAT(text, HasSubstr("not told: its pid namespace may not be looked at"));
  EXPECT_THAT(text, HasSubstr("in a user namespace that is not told"));
  EXPECT_THAT(text, Not(HasSubstr("own cgroup")));
}

TEST(Inspection, ThinGuardsAreMarked) {
  Looked looked = container();
  looked.target.status =
      "CapEff:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\nNoNewPrivs:\t0\n"
      "Seccomp:\t0\nUid:\t0\t0\t0\t0\n";
  looked.target.label = "unconfined";
  looked.target.namespaces.at(0) = looked.against.namespaces.at(0);
  std::string weak;
  for (const StateFact& fact : inspect(looked).facts) {
    if (fact.weak) weak += fact.name + "; ";
  }
  EXPECT_EQ(weak,
            "effective capabilities; bounding set; no_new_privs; seccomp; LSM label; user ids; ");
}

TEST(Inspection, NothingRawReachesATerminalOrAPage) {
  Looked looked = container();
  looked.target.command = "\x1b[2J<script>";
  looked.target.label = "\x1b]0;x\x07<b>";
  looked.target.strays = {{.fd = 8, .path = "/\x1b[31m<i>\n"}};
  const Inspection seen = inspect(looked);
  const std::string text = inspection_text(seen, NamespaceSet::all(), 100, false);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("NOT ISOLATED: mnt; exit 1"));
  const std::string page = inspection_html(seen, NamespaceSet::all());
  EXPECT_THAT(page, Not(HasSubstr("\x1b")));
  EXPECT_THAT(page, Not(HasSubstr("<script>\xc2")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<i>")));
  const auto json = nlohmann::json::parse(inspection_json(seen, {Kind::Mnt}));
  EXPECT_EQ(json["exit_code"], 1);
  EXPECT_EQ(json["not_isolated"][0], "mnt");
}

TEST(CapabilityNames, AreThoseOfTheManual) {
  EXPECT_EQ(capability_names("0000000000000000", 40), "none");
  EXPECT_EQ(capability_names("000001ffffffffff", 40), "all");
  EXPECT_EQ(capability_names("0000000000000021", 40), "CAP_CHOWN CAP_KILL");
  EXPECT_EQ(capability_names("000001fffeffffff", 40), "all but CAP_SYS_RESOURCE");
  EXPECT_EQ(capability_names("0000030000000000", 41), "CAP_CHECKPOINT_RESTORE 41");
  for (const char* odd : {"", "x", "12x", "11111111111111111"})
    EXPECT_EQ(capability_names(odd, 40), odd);
}

}  // namespace
}  // namespace nsbench::observe
