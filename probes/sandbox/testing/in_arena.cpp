#include "probes/sandbox/testing/in_arena.h"

#include <unistd.h>

#include "probes/sandbox/enter.h"
#include "probes/sandbox/support.h"

namespace nsbench::testing {

namespace {

// An Error, or none, of entering in an arena.
std::optional<Error> refusal(const Recipe& recipe) {
  const ArenaSpec spec = arena_for(recipe.namespaces, recipe.privilege);
  Result<Arena> arena = Arena::start(spec, [&recipe](StagePort& port) {
    const Result<Member> member = enter(
        recipe, [] { return 0; }, Deadline::in(patience));
    if (!member) return port.fail(member.error());
    static_cast<void>(port.send("entered"));
  });
  if (!arena) return arena.error();
  const Result<std::string> message = arena->receive(Deadline::in(patience));
  if (!message) return message.error();
  return std::nullopt;
}

}  // namespace

ArenaSpec arena_for(NamespaceSet namespaces, Privilege privilege) {
  return {.kinds = namespaces - NamespaceSet{Kind::User},
          .privilege = privilege,
          .user_inside = namespaces.has(Kind::User)};
}

std::optional<std::string> impossible(const Recipe& recipe) {
  const Support support = Support::look();
  if (const auto skip = support.missing(recipe.namespaces, recipe.privilege)) return skip->text;
  const std::optional<Error> error = refusal(recipe);
  const bool userns = recipe.privilege == Privilege::Userns || recipe.namespaces.has(Kind::User);
  if (!error) return std::nullopt;
  const std::optional<Skip> skip = support.explain(*error, userns);
  return skip ? std::optional(skip->text) : std::nullopt;
}

std::optional<std::string> impossible(NamespaceSet namespaces, Privilege privilege) {
  return impossible(Recipe{namespaces, Method::Unshare, "", privilege});
}

Privilege possible_privilege() {
  return impossible({}, Privilege::Root) ? Privilege::Userns : Privilege::Root;
}

std::string in_arena(const ArenaSpec& spec, const std::function<std::string()>& answer) {
  Result<Arena> arena =
      Arena::start(spec, [&](StagePort& port) { static_cast<void>(port.send(answer())); });
  if (!arena) return arena.error().str();
  const Result<std::string> said = arena->receive(Deadline::in(patience));
  return said ? *said : said.error().str();
}

}  // namespace nsbench::testing
