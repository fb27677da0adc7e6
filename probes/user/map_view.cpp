// user: what a map looks like from here and from there, and maps of many extents.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>

#include "probes/sandbox/arena.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/proc_text.h"
#include "probes/user/further.h"
#include "probes/user/probes.h"

namespace nsbench::probes {

namespace {

constexpr NamespaceSet user_set{Kind::User};

// A map's first line without the padding.
std::string first_line(const std::string& path) {
  const Result<std::string> text = read_small_file(path);
  if (!text) return text.error().str();
  const auto map = parse_id_map(*text);
  if (!map || map->empty()) return *text;
  return fmt::format("{} {} {}", map->front().inside, map->front().outside, map->front().count);
}

void look_at_maps(Observation& seen, const std::string& dir) {
  seen.text("uid_map", first_line(dir + "/uid_map"));
  seen.text("gid_map", first_line(dir + "/gid_map"));
}

std::string proc_of(pid_t pid) { return "/proc/" + std::to_string(pid); }

// Inside, a nested namespace is made and kept until the end, for the outside to look at.
void keep_nested(Scene& scene) {
  look_at_maps(scene.seen, "/proc/self");
  static Result<Child> nested = hold_open(user_set, Deadline::in(std::chrono::seconds(6)));
  scene.seen.result("nested", nested ? 0 : nested.error().err);
  if (!nested) return;
  const Result<std::string> dir = proc_dir(*nested);
  if (!dir) return scene.broken(dir.error().str());
  scene.seen.text("nested dir", *dir);
  scene.seen.text("nested uid_map", first_line(*dir + "/uid_map"));
}

constexpr std::array view_acts{
    Act{Side::Outside, "outside looks at itself",
        [](Scene& s) {
          s.seen.number("uid", ::geteuid());
          s.seen.number("gid", ::getegid());
        }},
    Act{Side::Inside, "inside looks", keep_nested},
    Act{Side::Outside, "outside looks",
        [](Scene& s) {
          look_at_maps(s.seen, proc_of(s.inside_pid()));
          s.seen.text("nested uid_map",
                      first_line(s.saw("inside looks").text_of("nested dir") + "/uid_map"));
        }},
};

Judgement judge_view(const Transcript& t) {
  Judgement j;
  const auto outer = static_cast<uid_t>(t.at("outside looks at itself").number_of("uid"));
  const auto outer_gid = static_cast<gid_t>(t.at("outside looks at itself").number_of("gid"));
  const Observation& inside = t.at("inside looks");
  const Observation& outside = t.at("outside looks");
  const std::string map = fmt::format("{} {} 1", inside_id(outer), outer);
  const std::string gids = fmt::format("{} {} 1", inside_id(outer_gid), outer_gid);
  const uid_t nested = inside_id(inside_id(outer));
  j.works_errno("a namespace can be nested inside", inside.errno_of("nested"));
  j.isolated_equal("uid_map read inside names the parent's id", map, inside.text_of("uid_map"));
  j.isolated_equal("gid_map read inside names the parent's id", gids, inside.text_of("gid_map"));
  j.isolated_equal("uid_map read outside names the same", map, outside.text_of("uid_map"));
  j.isolated_equal("gid_map read outside names the same", gids, outside.text_of("gid_map"));
  j.isolated_equal("the nested uid_map read inside names the inside's id",
                   fmt::format("{} {} 1", nested, inside_id(outer)),
                   inside.text_of("nested uid_map"));
  j.isolated_equal("the nested uid_map read outside names the outside's id",
                   fmt::format("{} {} 1", nested, outer), outside.text_of("nested uid_map"));
  return j;
}

// A namespace with ids of its own, and one nested in it with ten extents, in reverse order: inner
// 0, 10, .. 90 are its parent's 19, 17, .. 1, which are the host's first + 19, ..
namespace many {

constexpr uid_t first = 100000;
constexpr int extents = 10;
constexpr uid_t parents = 3;   // an id of the middle namespace ..
constexpr uid_t nested = 80;   // .. as the nested one knows it
constexpr uid_t parents2 = 5;  // another
constexpr uid_t nested2 = 70;

std::string reverse_map() {
  std::string text;
  for (int i = 0; i < extents; ++i) {
    text += fmt::format("{} {} 1\n", 10 * (extents - 1 - i), 2 * i + 1);
  }
  return text;
}

std::string path(const char* name) { return scratch_dir() + "/" + name; }

void make_file(Observation& seen, const char* name, uid_t owner) {
  const Fd file(::open(path(name).c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  seen.call(fmt::format("make {}", name), ::fchown(file.get(), owner, owner));
}

void owner_of(Observation& seen, const char* name) {
  struct stat info {};
  seen.call(fmt::format("stat {}", name), ::stat(path(name).c_str(), &info));
  seen.number(fmt::format("owner of {}", name), info.st_uid);
  seen.number(fmt::format("group of {}", name), info.st_gid);
}

void look(Observation& seen) {
  seen.call("setgid", ::setresgid(0, 0, 0));
  seen.call("setuid", ::setresuid(0, 0, 0));
  owner_of(seen, "theirs");
  owner_of(seen, "host's");
  seen.call("chown theirs", ::chown(path("theirs").c_str(), nested2, nested2));
  seen.call("chown host's", ::chown(path("host's").c_str(), nested2, nested2));
  seen.call("chmod host's", ::chmod(path("host's").c_str(), 0666));
  seen.call("open host's", Fd(::open(path("host's").c_str(), O_RDONLY | O_CLOEXEC)).get());
}

// In the middle namespace: becomes its root, nests, maps, and lets the nested one look.
void nest(Observation& seen) {
  seen.call("setresgid", ::setresgid(0, 0, 0));
  seen.call("setresuid", ::setresuid(0, 0, 0));
  ::prctl(PR_SET_DUMPABLE, 1);  // or the nested one's maps would be root's
  stay_tied_to_parent();
  Further process(seen, "nested", Method::Clone, user_set, {look});
  process.write(seen, "write gid_map", "gid_map", reverse_map());
  process.write(seen, "write uid_map", "uid_map", reverse_map());
  process.look(seen, "nested");
}

void act(Scene& scene) {
  if (!ids_are_mapped(scene, first + 1000) || !own_id_is_mappable(scene)) return;
  make_file(scene.seen, "theirs", first + parents);
  make_file(scene.seen, "host's", parents);
  Further middle(scene.seen, "middle", Method::Clone, user_set, {nest});
  const std::string map = fmt::format("0 {} 1000\n", first);
  middle.write(scene.seen, "write gid_map", "gid_map", map);
  middle.write(scene.seen, "write uid_map", "uid_map", map);
  middle.look(scene.seen, "it");
  owner_of(scene.seen, "theirs");
  constexpr int most = 340;
  std::string all;
  for (int i = 0; i < most; ++i) all += fmt::format("{} {} 1\n", i, i);
  Further full(scene.seen, "full", Method::Clone, user_set, {[](Observation&) {}});
  full.write(scene.seen, "write 340 extents", "uid_map", all);
}

constexpr std::array acts{Act{Side::Outside, "a map of many extents", act}};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at(acts[0].name);
  const auto number = [&seen](const char* name) { return std::to_string(seen.number_of(name)); };
  j.works_errno("ten extents can be mapped", seen.errno_of("it write uid_map"));
  j.works_errno("ten extents of groups can be mapped", seen.errno_of("it write gid_map"));
  j.works_errno("340 extents can be mapped", seen.errno_of("write 340 extents"));
  j.works_errno("the nested process becomes a mapped id", seen.errno_of("it nested setuid"));
  j.rule_equal("a mapped owner is shown through both maps", std::to_string(nested),
               number("it nested owner of theirs"));
  j.rule_equal("a mapped group is shown through both maps", std::to_string(nested),
               number("it nested group of theirs"));
  j.works_errno("a mapped file can be given away", seen.errno_of("it nested chown theirs"));
  j.rule_equal("its new owner is the one mapped twice", std::to_string(first + parents2),
               number("owner of theirs"));
  j.rule_equal("its new group is the one mapped twice", std::to_string(first + parents2),
               number("group of theirs"));
  const std::string overflow = "65534";
  j.rule_equal("an id of the host that equals one of the parent's is not mapped", overflow,
               number("it nested owner of host's"));
  j.rule_errno("its file can't be taken", EPERM, seen.errno_of("it nested chown host's"));
  j.rule_errno("its file's mode can't be changed", EPERM, seen.errno_of("it nested chmod host's"));
  j.rule_errno("its file can't be read", EACCES, seen.errno_of("it nested open host's"));
  return j;
}

}  // namespace many

}  // namespace

constinit const Probe map_view{
    .family = "user",
    .name = "map_view",
    .sentence = "a map names the outer ids as its reader knows them",
    .source =
        "user_namespaces(7) \"Defining user and group ID mappings\"; "
        "kernel/user_namespace.c uid_m_show()",
    .first_kernel = "3.8",
    .namespaces = {Kind::User},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = view_acts,
    .judge = judge_view,
    .why =
        "Container engines read the maps of running containers to translate ids, from inside and "
        "from outside.",
    .failure = "Whoever reads a map translates ids wrongly, and acts for another user.",
    .by_hand =
        "cat /proc/self/uid_map\n"
        "unshare --user --map-user=1000 --map-group=1000 sh -c 'cat /proc/self/uid_map; unshare "
        "--user --map-root-user sleep 3 & sleep 1; cat /proc/$!/uid_map' & sleep 2\n"
        "cat /proc/$(pgrep -n -x sleep)/uid_map",
};

constinit const Probe many_extents{
    .family = "user",
    .name = "many_extents",
    .sentence = "a nested map of more than five extents maps in both directions",
    .source = "CVE-2018-18955 (fixed in 4.18.19 and 4.19.2); kernel/user_namespace.c map_write()",
    .first_kernel = "4.15",
    .ways = clone_only,
    .privileges = root_only,  // an unprivileged process maps one id only
    .acts = many::acts,
    .judge = many::judge,
    .why =
        "Since 4.15 long maps are sorted, once for each direction. In CVE-2018-18955 one of the "
        "two kept the ids of the parent namespace, which were taken for the host's.",
    .failure =
        "Root of a nested namespace reads and writes files of the host's users of the same "
        "numbers, /etc/shadow among them.",
    .by_hand =
        "unshare --user sleep 9 & m=$!; sleep 1\n"
        "echo 0 100000 1000 >/proc/$m/uid_map; echo 0 100000 1000 >/proc/$m/gid_map\n"
        "nsenter -t $m -U unshare --user sleep 8 & sleep 1; p=$(pgrep -fx 'sleep 8')\n"
        "nsenter -t $m -U sh -c \"seq 0 5 | sed 's/.*/& & 1/' >/proc/$p/uid_map\"\n"
        "cat /proc/$p/uid_map; nsenter -t $p -U --preserve-credentials stat -c %u /",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
