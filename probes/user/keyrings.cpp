// user: the keyrings of a user and named session keyrings belong to a user namespace.
#include <fmt/format.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>

#include "probes/sandbox/files.h"
#include "probes/user/further.h"
#include "probes/user/probes.h"

namespace nsbench::probes {

namespace {

constexpr NamespaceSet user_set{Kind::User};
constexpr const char* key_name = "nsb-key";
constexpr const char* session_name = "nsb-session";

long keyctl(int command, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0,
            std::uint64_t d = 0) {
  return ::syscall(SYS_keyctl, command, a, b, c, d);
}
std::uint64_t pointer(const char* text) { return reinterpret_cast<std::uintptr_t>(text); }
std::uint64_t ring(int special) { return static_cast<std::uint64_t>(special); }

long add_to(int special, const char* name) {
  return ::syscall(SYS_add_key, "user", name, "nsb", std::size_t{3}, special);
}
long search(int special, const char* name) {
  return keyctl(KEYCTL_SEARCH, ring(special), pointer("user"), pointer(name));
}
long join(const char* name) { return keyctl(KEYCTL_JOIN_SESSION_KEYRING, pointer(name)); }

bool listed(const char* name) {
  const Result<std::string> keys = read_small_file("/proc/keys");
  return keys && keys->find(name) != std::string::npos;
}

// What another process of the same user sees: in the same user namespace, and in one below.
void look(Observation& seen) {
  seen.number("session", keyctl(KEYCTL_GET_KEYRING_ID, ring(KEY_SPEC_SESSION_KEYRING)));
  seen.number("user keyring", keyctl(KEYCTL_GET_KEYRING_ID, ring(KEY_SPEC_USER_KEYRING), 1));
  seen.call("search", search(KEY_SPEC_USER_KEYRING, key_name));
  seen.call("add", add_to(KEY_SPEC_USER_KEYRING, "nsb-key-of-the-other"));
  seen.call("leave the session", join(nullptr));
  seen.number("named session", join(session_name));
}

// Every keyring is of a user namespace of its own: nothing of the caller's is ever touched.
void make_keys(Scene& scene) {
  Observation& seen = scene.seen;
  const bool own = own_user_namespace() != scene.saw("outside looks").text_of("user namespace");
  seen.number("own user namespace", own ? 1 : 0);
  if (!own) return;
  if (seen.call("join a session keyring", join(nullptr)) < 0) {
    if (errno == ENOSYS && !read_small_file("/proc/keys")) {
      scene.skip(SkipReason::NoFeature, "keyctl: ENOSYS, and there is no /proc/keys");
    }
    return;
  }
  const long session = join(session_name);
  seen.number("named session", session);
  // Possessor and user: everything; or another process could not join it by name.
  constexpr std::uint64_t all = 0x3f3f0000;
  seen.call("setperm", keyctl(KEYCTL_SETPERM, static_cast<std::uint64_t>(session), all));
  seen.number("user keyring", keyctl(KEYCTL_GET_KEYRING_ID, ring(KEY_SPEC_USER_KEYRING), 1));
  seen.call("add", add_to(KEY_SPEC_USER_KEYRING, key_name));
  seen.number("listed", listed(key_name) ? 1 : 0);
}

void look_from_below(Scene& scene) {
  if (scene.saw("inside makes keys").number_of("own user namespace") != 1) return;
  in_nested(scene, "below", user_set, look, scene.recipe().method);
  scene.seen.call("search for the other's", search(KEY_SPEC_USER_KEYRING, "nsb-key-of-the-other"));
}

void look_from_beside(Scene& scene) {
  if (scene.saw("inside makes keys").number_of("own user namespace") != 1) return;
  in_child(scene, look);
  scene.seen.call("search for the other's", search(KEY_SPEC_USER_KEYRING, "nsb-key-of-the-other"));
}

constexpr std::array acts{
    Act{Side::Outside, "outside looks",
        [](Scene& s) { s.seen.text("user namespace", own_user_namespace()); }},
    Act{Side::Inside, "inside makes keys", make_keys},
    Act{Side::Inside, "a namespace below looks", look_from_below},
    Act{Side::Inside, "a child looks", look_from_beside},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& made = t.at("inside makes keys");
  const Observation& below = t.at("a namespace below looks");
  const Observation& beside = t.at("a child looks");
  const auto number = [](const Observation& seen, const char* name) {
    return std::to_string(seen.number_of(name));
  };
  j.works_equal("the inside has a user namespace of its own", "1",
                number(made, "own user namespace"));
  j.works_errno("a session keyring can be joined", made.errno_of("join a session keyring"));
  j.works_errno("its permissions can be set", made.errno_of("setperm"));
  j.works_errno("a key can be added to the user keyring", made.errno_of("add"));
  j.works_equal("/proc/keys lists it", "1", number(made, "listed"));
  j.works_errno("a child finds it in the user keyring", beside.errno_of("search"));
  j.works_equal("a child has the same user keyring", number(made, "user keyring"),
                number(beside, "user keyring"));
  j.works_equal("a child joins the same named session keyring", number(made, "named session"),
                number(beside, "named session"));
  j.works_errno("a child's key is found", beside.errno_of("search for the other's"));
  j.works_errno("a key can be added below", below.errno_of("below add"));
  j.works_equal("the session keyring is inherited", number(made, "named session"),
                number(below, "below session"));
  j.rule("the user keyring below is another one", "not " + number(made, "user keyring"),
         number(below, "below user keyring"),
         below.number_of("below user keyring") > 0 &&
             below.number_of("below user keyring") != made.number_of("user keyring"));
  j.rule_errno("the key is not found below", ENOKEY, below.errno_of("below search"));
  j.rule("a session keyring of the same name below is another one",
         "not " + number(made, "named session"), number(below, "below named session"),
         below.number_of("below named session") > 0 &&
             below.number_of("below named session") != made.number_of("named session"));
  j.rule_errno("a key added below is not found", ENOKEY, below.errno_of("search for the other's"));
  return j;
}

}  // namespace

constinit const Probe keyrings{
    .family = "user",
    .name = "keyrings",
    .sentence = "user keyrings and named session keyrings are a user namespace's own",
    .source =
        "user_namespaces(7), keyrings(7); security/keys/process_keys.c "
        "look_up_user_keyrings(), security/keys/keyring.c find_keyring_by_name()",
    .first_kernel = "5.3",
    .namespaces = {Kind::User},
    .ways = {std::span(all_ways).first<4>()},
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "The keyrings hold keys of encrypted filesystems, tickets and tokens. Until 5.3 a "
        "container that ran as the same uid found them by its uid or by a keyring's name.",
    .failure = "A container uses or replaces the keys of the user, or of another container.",
    .by_hand =
        "unshare --user --map-root-user sh -c 'keyctl session - sh -c \"keyctl add user a b "
        "@u; keyctl show @u; unshare --user --map-root-user keyctl show @u\"'",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
