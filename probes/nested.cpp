#include "probes/nested.h"

#include <fmt/format.h>

#include <optional>

#include "probes/sandbox/support.h"

namespace nsbench {

bool in_nested_or_skip(Scene& scene, std::string_view prefix, NamespaceSet set, const Look& look,
                       Method method) {
  if (!in_nested(scene, prefix, set, look, method)) return false;
  const int refused = scene.seen.errno_of(fmt::format("{} enter", prefix));
  if (refused == 0) return true;
  const Error refusal{fmt::format("{}({})", id(method), set.flag_names()), refused};
  const std::optional<Skip> skip = scene.support().explain(refusal, set.has(Kind::User));
  if (skip) scene.skip(skip->reason, skip->text);
  return !skip;
}

}  // namespace nsbench
