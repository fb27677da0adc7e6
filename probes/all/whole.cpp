// all: the properties that each namespace is known for, where all eight are made by one call. Each
// row is another family's probe, with its acts and its judge, that enters every kind at once.
#include <algorithm>
#include <array>
#include <string_view>

#include "probes/all/probes.h"
#include "probes/ipc/probes.h"
#include "probes/mnt/probes.h"
#include "probes/net/probes.h"
#include "probes/pid/probes.h"
#include "probes/user/probes.h"
#include "probes/uts/probes.h"

namespace nsbench::probes {

namespace {

// Classic clone has no flag for time. One of each further call is enough: what joins one by one is
// each family's own matter.
constexpr std::array whole_ways{Way{Method::Clone3, ""}, Way{Method::Unshare, ""},
                                Way{Method::Setns, "pidfd"}};
constexpr std::array whole_making_ways{Way{Method::Clone3, ""}, Way{Method::Unshare, ""}};

constexpr std::array showcase{&pid_one,    &parent_invisible, &proc_view,      &hostname,
                              &mount_view, &pivot_root,       &sysv_shm,       &sysv_sem,
                              &sysv_msg,   &mqueue,           &uid_map,        &gid_map,
                              &file_owner, &interfaces,       &interface_names};

// The row's own arena is inside a user namespace where its user is unprivileged, since its acts
// outside need rights over what they change.
Probe at_once(const Probe& own) {
  Probe whole = own;
  const bool joins = std::any_of(own.ways.begin(), own.ways.end(),
                                 [](Way way) { return way.method == Method::Setns; });
  whole.family = "all";
  whole.first_kernel = "5.6";  // the first with all eight
  whole.namespaces = NamespaceSet::all();
  whole.ways = joins ? std::span<const Way>(whole_ways) : std::span<const Way>(whole_making_ways);
  whole.arena = {Kind::User};
  whole.why =
      "Containers are made like this: one call, every flag. The kernel makes the namespaces one "
      "after the other and lets the new user namespace own them; a flag that is lost among the "
      "others, or an owner mixed up, does not show where one kind is tried alone.";
  return whole;
}

}  // namespace

// Built at the first question: a row is another family's, changed.
const std::vector<Probe>& whole_probes() {
  static const std::vector<Probe> rows = [] {
    std::vector<Probe> made;
    for (const Probe* own : showcase) made.push_back(at_once(*own));
    return made;
  }();
  return rows;
}

std::span<const Probe* const> whole_originals() { return showcase; }

}  // namespace nsbench::probes
