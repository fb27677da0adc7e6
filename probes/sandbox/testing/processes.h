// For tests: which processes are left, and by which namespaces.
#pragma once

#include <functional>
#include <string>

namespace nsbench::testing {

// A name for processes (PR_SET_NAME) that nothing else on the machine has. Children inherit it.
std::string unique_name();
void take_name(const std::string& name);
// Processes of this name that /proc lists, zombies among them.
int count_named(const std::string& name);

// Whether any process is in this namespace ("uts:[4026531838]").
bool is_in_use(const std::string& ns_link);
// The caller's: "uts:[4026531838]"; empty if it can't be read.
std::string own_link(const std::string& kind);

// From now on, orphans below the caller become its children instead of init's.
void adopt_orphans();
// Whether the caller has a child, running or not yet reaped.
bool has_children();
// Reaps every child that has ended.
void reap_children();

// Asks until the answer is yes; no after 20 seconds.
bool soon(const std::function<bool()>& question);

}  // namespace nsbench::testing
