// How namespaces are entered: which, by which call, and with which rights. One value.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "probes/sandbox/namespace_set.h"
#include "reports/case_id.h"

namespace nsbench {

// A method and its variant: a way in. setns has two: "" joins by namespace descriptors one by one,
// "pidfd" by one call on a pidfd (since 5.8).
struct Way {
  Method method = Method::Clone;
  std::string_view variant;
  friend bool operator==(const Way&, const Way&) = default;
};
// "setns.pidfd"
std::string name_of(const Way& way);

inline constexpr std::array all_ways{Way{Method::Clone, ""}, Way{Method::Clone3, ""},
                                     Way{Method::Unshare, ""}, Way{Method::Setns, ""},
                                     Way{Method::Setns, "pidfd"}};
// Those that make the namespaces themselves, so that their process is the first inside.
inline constexpr std::array making_ways{Way{Method::Clone, ""}, Way{Method::Clone3, ""},
                                        Way{Method::Unshare, ""}};

inline constexpr std::array root_only{Privilege::Root};

struct Recipe {
  NamespaceSet namespaces;
  Method method = Method::Clone;
  std::string variant;  // as in Way
  Privilege privilege = Privilege::Root;

  // "pid,net by setns.pidfd as userns"
  [[nodiscard]] std::string str() const;
  static Result<Recipe> parse(std::string_view text);
  // Recipes that no kernel could carry out: classic clone's flag for time is part of the exit
  // signal (clone(2)).
  [[nodiscard]] bool exists() const;

  friend bool operator==(const Recipe&, const Recipe&) = default;
};

}  // namespace nsbench
