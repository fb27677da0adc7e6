// mnt: what becomes of a mount's propagation type when it is changed, bound or moved.
#include "probes/mnt/propagation_tables.h"

#include <fmt/format.h>
#include <sys/mount.h>

#include <array>
#include <cerrno>
#include <span>
#include <string>

#include "probes/mnt/mounts.h"
#include "probes/mnt/probes.h"

namespace nsbench::probes {

namespace {

// A step that must not fail; the judge hears of the first that did.
class Steps {
 public:
  explicit Steps(Observation& seen) : seen_(&seen) { seen.result("arrange", 0); }
  void take(int returned) {
    if (returned != 0 && seen_->errno_of("arrange") == 0) seen_->result("arrange", errno);
  }

 private:
  Observation* seen_;
};

// Makes a mount of this type at `name`. A shared one gets a peer, a slave a master, at "NAME-peer".
void make_mount(Steps& steps, const std::string& name, std::string_view type) {
  const std::string path = make_dir(name);
  const std::string peer = make_dir(name + "-peer");
  const bool alone = type == "private" || type == "unbindable" || type == "shared alone";
  steps.take(mount_tmpfs(alone ? path : peer));
  if (type == "unbindable") steps.take(set_propagation(path, MS_UNBINDABLE));
  if (type == "shared alone") steps.take(set_propagation(path, MS_SHARED));
  if (alone) return;
  steps.take(set_propagation(peer, MS_SHARED));
  steps.take(mount_bind(peer, path));
  if (type.starts_with("slave")) steps.take(set_propagation(path, MS_SLAVE));
  if (type == "slave and shared") steps.take(set_propagation(path, MS_SHARED));
}

unsigned long type_of(std::string_view act) {
  if (act == "make-shared") return MS_SHARED;
  if (act == "make-slave") return MS_SLAVE;
  return act == "make-private" ? MS_PRIVATE : MS_UNBINDABLE;
}

// What mountinfo says of all that was made, or the errno of what was refused.
class Outcomes {
 public:
  void put(const PropagationCell& cell, std::string path, int returned) {
    rows_.push_back({&cell, std::move(path), returned == 0 ? 0 : errno});
  }
  void tell(Observation& seen) const {
    const std::vector<MountLine> mounts = read_mounts();
    for (const Row& row : rows_) {
      const MountLine mount = find_mount(mounts, row.path);
      const std::string found = mount.point.empty() ? "none" : mount.propagation();
      seen.text(row.cell->name, row.err == 0 ? found : errno_name(row.err));
    }
  }

 private:
  struct Row {
    const PropagationCell* cell;
    std::string path;
    int err;
  };
  std::vector<Row> rows_;
};

void change_types(Scene& scene) {
  Steps steps(scene.seen);
  Outcomes outcomes;
  for (const PropagationCell& cell : transition_cells) {
    const auto number = &cell - transition_cells.data();
    const std::string name = fmt::format("changed-{}", number);
    make_mount(steps, name, cell.before);
    outcomes.put(cell, place(name), set_propagation(place(name), type_of(cell.act)));
  }
  outcomes.tell(scene.seen);
}

// Two mounts to go below, one shared and one private.
void make_parents(Steps& steps) {
  make_mount(steps, "shared", "shared");
  make_mount(steps, "private", "private");
}

void place_mounts(Scene& scene, std::span<const PropagationCell> cells,
                  int (*put)(const std::string& from, const std::string& to)) {
  Steps steps(scene.seen);
  make_parents(steps);
  Outcomes outcomes;
  for (const PropagationCell& cell : cells) {
    const std::string name = fmt::format("source-{}", &cell - cells.data());
    make_mount(steps, name, cell.before);
    const std::string to = make_dir(fmt::format("{}/{}", cell.act, name));
    outcomes.put(cell, to, put(place(name), to));
  }
  outcomes.tell(scene.seen);
}

void bind_mounts(Scene& scene) {
  place_mounts(scene, bind_cells,
               [](const std::string& from, const std::string& to) { return mount_bind(from, to); });
}
void move_mounts(Scene& scene) { place_mounts(scene, move_cells, mount_move); }

constexpr std::array change_acts{Act{Side::Inside, "inside changes types", change_types}};
constexpr std::array bind_acts{Act{Side::Inside, "inside binds", bind_mounts}};
constexpr std::array move_acts{Act{Side::Inside, "inside moves", move_mounts}};

Judgement judge_cells(const Observation& seen, std::span<const PropagationCell> cells,
                      std::string_view what) {
  Judgement j;
  j.works_errno("mounts of every type can be made", seen.errno_of("arrange"));
  for (const PropagationCell& cell : cells) {
    j.rule_equal(fmt::format("{} {}", what, cell.name), cell.after, seen.text_of(cell.name));
  }
  return j;
}

Judgement judge_changes(const Transcript& t) {
  return judge_cells(t.at(change_acts[0].name), transition_cells, "changing");
}
Judgement judge_binds(const Transcript& t) {
  return judge_cells(t.at(bind_acts[0].name), bind_cells, "binding");
}
Judgement judge_moves(const Transcript& t) {
  return judge_cells(t.at(move_acts[0].name), move_cells, "moving");
}

namespace unbindable {

void bind_tree(Scene& scene) {
  mount_at("tree");
  mount_at("tree/kept");
  mount_at("tree/left");
  scene.seen.call("make it unbindable", set_propagation(place("tree/left"), MS_UNBINDABLE));
  scene.seen.call("bind it", mount_bind(place("tree/left"), make_dir("copy-of-it")));
  scene.seen.call("bind the tree", mount_bind(place("tree"), make_dir("copy"), MS_REC));
  scene.seen.call("reach it", reach("tree/left"));
  scene.seen.call("reach the copy below", reach("copy/kept"));
  scene.seen.call("reach the unbindable copy", reach("copy/left"));
}

constexpr std::array acts{Act{Side::Inside, "inside binds it", bind_tree}};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside binds it");
  j.works_errno("a mount can be made unbindable", seen.errno_of("make it unbindable"));
  j.works_errno("it is reached as before", seen.errno_of("reach it"));
  j.works_errno("the tree that it is in can be bound", seen.errno_of("bind the tree"));
  j.works_errno("with the other mount below", seen.errno_of("reach the copy below"));
  j.rule_errno("an unbindable mount can't be bound", EINVAL, seen.errno_of("bind it"));
  j.rule_errno("a recursive bind leaves it out", ENOENT,
               seen.errno_of("reach the unbindable copy"));
  return j;
}

}  // namespace unbindable

constexpr Probe table_probe(std::string_view name, std::string_view sentence,
                            std::string_view source, std::span<const Act> acts,
                            Judgement (*judge)(const Transcript&)) {
  Probe probe{.family = "mnt",
              .name = name,
              .sentence = sentence,
              .source = source,
              .first_kernel = "2.6.15",
              .namespaces = {Kind::Mnt},
              .ways = one_way,
              .privileges = all_privileges,
              .acts = acts,
              .judge = judge,
              .control = ControlKind::Positive};
  probe.why =
      "What a mount inherits from where it comes from and where it goes decides whether it is "
      "seen in other namespaces. systemd, container run times and mount(8) rely on the tables.";
  probe.failure =
      "A mount is shared with other namespaces although its owner was promised that it is not, "
      "or is cut off from those it was to follow.";
  return probe;
}

constexpr Probe with_by_hand(Probe probe, std::string_view by_hand) {
  probe.by_hand = by_hand;
  return probe;
}

}  // namespace

constinit const Probe propagation_changes = with_by_hand(
    table_probe("propagation_changes",
                "each propagation type changes into each other as the manual's table says",
                "mount_namespaces(7), \"Propagation type transitions\"; fs/pnode.c "
                "change_mnt_propagation()",
                change_acts, judge_changes),
    "unshare -m sh -c '\n"
    "  mount -t tmpfs none /mnt; mount --make-unbindable /mnt; mount --make-slave /mnt\n"
    "  findmnt -o TARGET,PROPAGATION /mnt   # still unbindable\n"
    "  mount --make-shared /mnt; mount --make-slave /mnt\n"
    "  findmnt -o TARGET,PROPAGATION /mnt'  # private: nobody is left to follow");

constinit const Probe propagation_bind = with_by_hand(
    table_probe("propagation_bind",
                "a bind mount's propagation type follows from its source's and its parent's",
                "mount_namespaces(7), \"Bind (MS_BIND) semantics\"; fs/namespace.c "
                "attach_recursive_mnt()",
                bind_acts, judge_binds),
    "unshare -m sh -c '\n"
    "  mount -t tmpfs none /mnt; mkdir /mnt/a /mnt/b; mount -t tmpfs none /mnt/a\n"
    "  mount --make-shared /mnt; mount --bind /mnt/a /mnt/b\n"
    "  findmnt -o TARGET,PROPAGATION -R /mnt'  # a is private, its copy below the shared one not");

constinit const Probe propagation_move = with_by_hand(
    table_probe("propagation_move",
                "a moved mount's propagation type follows from its own and its new parent's",
                "mount_namespaces(7), \"Move (MS_MOVE) semantics\"; fs/namespace.c do_move_mount()",
                move_acts, judge_moves),
    "unshare -m sh -c '\n"
    "  mount -t tmpfs none /mnt; mkdir /mnt/a /mnt/b; mount -t tmpfs none /mnt/a\n"
    "  mount -t tmpfs none /mnt/b; mount --make-shared /mnt/b; mkdir /mnt/b/c\n"
    "  mount --move /mnt/a /mnt/b/c; findmnt -o TARGET,PROPAGATION -R /mnt'");

constinit const Probe propagation_unbindable = with_by_hand(
    table_probe("propagation_unbindable",
                "an unbindable mount can't be bound, and is left out of a recursive bind",
                "mount_namespaces(7), \"MS_UNBINDABLE\"; fs/namespace.c __do_loopback()",
                unbindable::acts, unbindable::judge),
    "unshare -m sh -c '\n"
    "  mount -t tmpfs none /mnt; mkdir /mnt/a /mnt/b; mount -t tmpfs none /mnt/a\n"
    "  mount --make-unbindable /mnt/a; mount --bind /mnt/a /mnt/b'  # refused");

}  // namespace nsbench::probes
