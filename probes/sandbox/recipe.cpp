#include "probes/sandbox/recipe.h"

#include <fmt/format.h>

#include <array>

namespace nsbench {

std::string name_of(const Way& way) {
  return fmt::format("{}{}{}", id(way.method), way.variant.empty() ? "" : ".", way.variant);
}

std::string Recipe::str() const {
  return fmt::format("{} by {} as {}", namespaces.str(), name_of({method, variant}), id(privilege));
}

Result<Recipe> Recipe::parse(std::string_view text) {
  const auto bad = [text](std::string_view part) {
    return Error{
        fmt::format("\"{}\" is no recipe: {} (wanted: \"pid,net by clone3 as root\")", text, part)};
  };
  const std::size_t by = text.find(" by ");
  const std::size_t as = text.find(" as ");
  if (by == std::string_view::npos || as == std::string_view::npos || as < by) {
    return bad("\"by\" or \"as\" is missing");
  }
  Recipe recipe;
  Result<NamespaceSet> set = NamespaceSet::parse(text.substr(0, by));
  if (!set) return set.error();
  recipe.namespaces = *set;
  std::string_view way = text.substr(by + 4, as - by - 4);
  if (const std::size_t dot = way.find('.'); dot != std::string_view::npos) {
    recipe.variant = way.substr(dot + 1);
    way = way.substr(0, dot);
  }
  const std::optional<Method> method = parse_method(way);
  if (!method) return bad(fmt::format("no method \"{}\"", way));
  recipe.method = *method;
  const bool variant_known =
      recipe.variant.empty() || (recipe.method == Method::Setns && recipe.variant == "pidfd");
  if (!variant_known) return bad(fmt::format("no variant \"{}\"", recipe.variant));
  const std::optional<Privilege> privilege = parse_privilege(text.substr(as + 4));
  if (!privilege) return bad(fmt::format("no privilege \"{}\"", text.substr(as + 4)));
  recipe.privilege = *privilege;
  return recipe;
}

bool Recipe::exists() const { return !(method == Method::Clone && namespaces.has(Kind::Time)); }

}  // namespace nsbench
