#include "probes/sandbox/proc_text.h"

#include <gmock/gmock.h>

namespace nsbench {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Texts that no kernel should write, for every parser: there must be an answer, and no end of ours.
const std::vector<std::string> hostile{
    "",
    "\n",
    "\n\n\n",
    " ",
    std::string(4, '\0'),
    "-",
    " - ",
    ":::",
    ")",
    ") ",
    std::string(100'000, ' '),
    std::string(100'000, 'x'),
    std::string(100'000, ':'),
    std::string(50'000, '\\'),
    "1 2 3 4 5",
    "a b c d \xff\xfe\x80",
    "99999999999999999999 99999999999999999999 99999999999999999999\n",
    "-1 -1 -1\n",
    "4294967296 0 1\n",
    "18446744073709551616.5 1\n",
    "nan nan\n",
    "inf inf\n",
    "1e308 1\n",
    "btime 99999999999999999999\n",
    "btime\n",
    "monotonic 99999999999999999999 0\nboottime 0 0\n",
    "1 (x) S" + std::string(5000, ' '),
    "1 (x) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 99999999999999999999 1",
};

TEST(ProcText, HostileTextsAreReadWithinBounds) {
  for (const std::string& text : hostile) {
    EXPECT_LE(parse_mountinfo(text).size(), 1U);
    EXPECT_LE(parse_cgroup(text).size(), 1U);
    EXPECT_LE(parse_sysvipc_keys(text).size(), 3U);
    EXPECT_EQ(parse_btime(text), std::nullopt);
    EXPECT_EQ(parse_starttime(text), std::nullopt);
    EXPECT_EQ(parse_timens_offsets(text), std::nullopt);
    EXPECT_EQ(parse_lock_holder(text, 1, 1), std::nullopt);
    EXPECT_EQ(parse_active_objects(text, "pid"), std::nullopt);
    const auto map = parse_id_map(text);
    EXPECT_FALSE(map && is_mapped(*map, 0)) << text;
    EXPECT_TRUE(text == "1 2 3 4 5" || !parse_last_pid(text)) << text;
  }
}

TEST(Mountinfo, IsReadByField) {
  const auto mounts = parse_mountinfo(
      "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime shared:7 master:1 - ext3 /dev/root "
      "rw,errors=continue\n"
      "40 36 0:30 / /sys/fs/cgroup rw unbindable - cgroup2  rw,nsdelegate\n");
  ASSERT_EQ(mounts.size(), 2U);
  EXPECT_EQ(mounts[0], (MountInfo{.id = "36",
                                  .parent = "35",
                                  .device = "98:0",
                                  .root = "/mnt1",
                                  .point = "/mnt 2",
                                  .options = "rw,noatime",
                                  .peers = "7",
                                  .master = "1",
                                  .type = "ext3",
                                  .source = "/dev/root",
                                  .super_options = "rw,errors=continue"}));
  // Its source is empty, which is no reason to take the options for it.
  EXPECT_EQ(mounts[1], (MountInfo{.id = "40",
                                  .parent = "36",
                                  .device = "0:30",
                                  .root = "/",
                                  .point = "/sys/fs/cgroup",
                                  .options = "rw",
                                  .unbindable = true,
                                  .type = "cgroup2",
                                  .super_options = "rw,nsdelegate"}));
}

TEST(Mountinfo, EscapesStandForOneByte) {
  const auto point = [](const std::string& text) {
    const auto mounts = parse_mountinfo("1 1 0:1 / " + text + " rw - tmpfs tmpfs rw");
    return mounts.empty() ? "(none)" : mounts.front().point;
  };
  EXPECT_EQ(point("/a\\011b\\012c\\134d"), "/a\tb\nc\\d");
  EXPECT_EQ(point("/a\\377"), "/a\xff");
  for (const char* const as_it_is : {"/a\\", "/a\\04", "/a\\400", "/a\\x20", "/a\\089"}) {
    EXPECT_EQ(point(as_it_is), as_it_is);
  }
}

TEST(Mountinfo, LinesThatAreCutAreReadAsFarAsTheyGo) {
  EXPECT_THAT(parse_mountinfo("36 35 98:0 /mnt1"), IsEmpty());
  EXPECT_THAT(parse_mountinfo("36 35 98:0 /mnt1 "), IsEmpty());
  EXPECT_THAT(
      parse_mountinfo("36 35 98:0 /mnt1 /mnt2"),
      ElementsAre(MountInfo{
          .id = "36", .parent = "35", .device = "98:0", .root = "/mnt1", .point = "/mnt2"}));
  EXPECT_THAT(parse_mountinfo("36 35 98:0 / / rw shared:1"), ElementsAre(MountInfo{.id = "36",
                                                                                   .parent = "35",
                                                                                   .device = "98:0",
                                                                                   .root = "/",
                                                                                   .point = "/",
                                                                                   .options = "rw",
                                                                                   .peers = "1"}));
  EXPECT_THAT(parse_mountinfo("36 35 98:0 / / rw -").front().type, IsEmpty());
}

TEST(IdMap, IsReadByExtent) {
  const auto all = parse_id_map("         0          0 4294967295\n");
  ASSERT_TRUE(all);
  EXPECT_TRUE(maps_all_to_themselves(*all));
  EXPECT_TRUE(is_mapped(*all, 0) && is_mapped(*all, 4294967294));
  EXPECT_FALSE(is_mapped(*all, 4294967295) || is_mapped(*all, -1));
  const auto two = parse_id_map("0 1000 1\n4294967290 65534 4294967295\n");
  ASSERT_TRUE(two);
  EXPECT_FALSE(maps_all_to_themselves(*two));
  EXPECT_TRUE(is_mapped(*two, 0) && is_mapped(*two, 4294967295));
  EXPECT_FALSE(is_mapped(*two, 1) || is_mapped(*two, 4294967289));
  const auto none = parse_id_map("");
  ASSERT_TRUE(none);
  EXPECT_FALSE(maps_all_to_themselves(*none));
}

TEST(IdMap, NamesTheLineThatIsNoExtent) {
  for (const char* const wrong : {"0 1000 1\n0 1000\n", "0 1000 1\n0 1000 4294967296\n",
                                  "0 1000 1\n0 -1 1\n", "0 1000 1\n\n", "0 1000 1\n1 2 3 4\n"}) {
    const auto map = parse_id_map(wrong);
    ASSERT_FALSE(map) << wrong;
    EXPECT_EQ(map.error().str(), "line 2 of an id map is no extent");
  }
}

TEST(Cgroup, IsReadByLine) {
  EXPECT_THAT(
      parse_cgroup("4:cpu,cpuacct:/a:b\n0::/user.slice\nnone\n1:\n"),
      ElementsAre(CgroupLine{"4", "cpu,cpuacct", "/a:b"}, CgroupLine{"0", "", "/user.slice"}));
  EXPECT_TRUE(parse_cgroup("0::/\n").front().unified());
  EXPECT_FALSE(parse_cgroup("1:name=systemd:/\n").front().unified());
  EXPECT_TRUE(has_word("rw,cpu,cpuacct", "cpu"));
  EXPECT_FALSE(has_word("rw,cpuset", "cpu"));
  EXPECT_FALSE(has_word("", "cpu"));
}

TEST(Times, AreReadWhereTheyStand) {
  EXPECT_EQ(parse_uptime_ms("350735.47 234388.90\n"), 350735470);
  EXPECT_EQ(parse_uptime_ms("0.00 0.00\n"), 0);
  for (const char* const none : {"-1.00 0.00\n", "nan nan\n", "inf inf\n", "1e308 1\n", "x", ""}) {
    EXPECT_EQ(parse_uptime_ms(none), std::nullopt) << none;
  }
  EXPECT_EQ(parse_btime("cpu  1 2\nbtime 1700000000\nprocesses 7\n"), 1700000000);
  EXPECT_EQ(parse_btime("cpu 1\nintr 2\n"), std::nullopt);
  EXPECT_EQ(
      parse_starttime("7 (a) b) (S) R 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21\n"),
      4711);
  EXPECT_EQ(parse_last_pid("0.20 0.18 0.12 1/80 11206\n"), 11206);
  const auto offsets = parse_timens_offsets("monotonic  -100  0\nboottime   200 5\n");
  ASSERT_TRUE(offsets);
  EXPECT_EQ(offsets->monotonic, -100);
  EXPECT_EQ(offsets->boottime, 200);
}

TEST(Locks, AreFoundByInodeAndByte) {
  const char* const list =
      "1: POSIX  ADVISORY  WRITE 12 00:2d:77 10 10\n"
      "1: -> POSIX  ADVISORY  WRITE 13 00:2d:77 10 10\n"
      "2: FLOCK  ADVISORY  READ 14 00:2d:177 10 EOF\n";
  EXPECT_EQ(parse_lock_holder(list, 77, 10), "12");
  EXPECT_EQ(parse_lock_holder(list, 177, 10), "14");
  EXPECT_EQ(parse_lock_holder(list, 77, 1), std::nullopt);
}

TEST(Slabinfo, HasActiveObjectsSecond) {
  const char* const info =
      "slabinfo - version: 2.1\n# name <active_objs>\nuts_namespace 17 32 440\nother x 1\n";
  EXPECT_EQ(parse_active_objects(info, "uts_namespace"), 17);
  EXPECT_EQ(parse_active_objects(info, "other"), std::nullopt);
  EXPECT_EQ(parse_active_objects(info, "uts"), std::nullopt);
}

TEST(Sysvipc, KeysAreTheFirstColumn) {
  EXPECT_THAT(parse_sysvipc_keys("       key      shmid perms\n 1853055489  3   600\n\n-5\n"),
              ElementsAre("1853055489", "", "-5"));
}

}  // namespace
}  // namespace nsbench
