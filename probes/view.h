// What nsprobe shows: the namespaces the caller is in, as the probes' acts look at them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "probes/probe.h"
#include "reports/observation.h"
#include "reports/result.h"

namespace nsbench {

// The JSON document's schema number: raised when a key changes its meaning or goes.
inline constexpr int view_schema = 1;

// Whether a probe has something to show without acting. Those of the family `all` show what others
// do.
bool is_viewable(const Probe& probe);

// Viewable probes by "family/name", name or family, each once, in the order of all_probes(); all of
// them if `names` is empty. An unknown name is an Error that holds the nearest ones.
Result<std::vector<const Probe*>> choose_probes(std::span<const std::string> names);

// The few of `names` that are most like `wrong`, comma-separated: for messages.
std::string nearest(std::string_view wrong, std::vector<std::string> names);

// Looks now, changing nothing, and shows what is seen: as aligned text, where probes that look at
// the same share a section, or as one JSON document.
std::string view_text(std::span<const Probe* const> probes);
std::string view_json(std::span<const Probe* const> probes);

// One line a probe: its name and what must hold.
std::string probe_list(std::span<const Probe* const> probes);

}  // namespace nsbench
