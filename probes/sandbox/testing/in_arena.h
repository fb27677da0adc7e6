// For tests: a question answered inside a throwaway arena.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "probes/sandbox/arena.h"
#include "probes/sandbox/recipe.h"

namespace nsbench::testing {

inline constexpr std::chrono::seconds patience{20};  // only a hung test waits so long

// An arena with what entering `namespaces` as `privilege` needs.
ArenaSpec arena_for(NamespaceSet namespaces, Privilege privilege);

// Why this machine, or this user, can't have such an arena or enter so (by unshare, if nothing else
// is said); for GTEST_SKIP. Nothing, if the refusal has no explanation: the test shall fail.
std::optional<std::string> impossible(const Recipe& recipe);
std::optional<std::string> impossible(NamespaceSet namespaces, Privilege privilege);

// The strongest privilege that is possible here.
Privilege possible_privilege();

// Runs `answer` as the arena's stage, and returns what it said: the text or the Error's.
std::string in_arena(const ArenaSpec& spec, const std::function<std::string()>& answer);

}  // namespace nsbench::testing
