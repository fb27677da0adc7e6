// user: ids are seen through the namespace's maps: one's own, those of files, those of peers.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "probes/credentials.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/user/probes.h"

namespace nsbench::probes {

namespace {

void look(Observation& seen) {
  seen.number("uid", ::getuid());
  seen.number("euid", ::geteuid());
  seen.number("gid", ::getgid());
  seen.number("egid", ::getegid());
  for (const char* file : {"uid_map", "gid_map", "setgroups"}) {
    const Result<std::string> text = read_small_file(std::string("/proc/self/") + file);
    seen.text(file, text ? trimmed(*text) : text.error().str());
  }
}

// What the door maps an id of the outside to: always another number (enter.h).
std::string mapped(const Transcript& t, std::string_view outside_act, std::string_view id) {
  return std::to_string(inside_id(static_cast<uid_t>(t.at(outside_act).number_of(id))));
}

std::string number(const Transcript& t, std::string_view act, std::string_view fact) {
  return std::to_string(t.at(act).number_of(fact));
}

constexpr std::array id_acts{
    Act{Side::Outside, "outside looks", [](Scene& s) { look(s.seen); }},
    Act{Side::Inside, "inside looks", [](Scene& s) { look(s.seen); }},
    Act{Side::Outside, "outside looks again", [](Scene& s) { look(s.seen); }},
};

// The real and the effective id inside are the mapped ones; the outside's stay what they were.
Judgement judge_ids(const Transcript& t, std::string_view real, std::string_view effective,
                    const std::string& call) {
  Judgement j;
  j.works_equal("the outside's " + call + " stays", number(t, "outside looks", real),
                number(t, "outside looks again", real));
  j.isolated_equal(call + " inside is the mapped id", mapped(t, "outside looks", real),
                   number(t, "inside looks", real));
  j.isolated_equal("gete" + call.substr(3) + " inside is the mapped id",
                   mapped(t, "outside looks", effective), number(t, "inside looks", effective));
  return j;
}

Judgement judge_uids(const Transcript& t) { return judge_ids(t, "uid", "euid", "getuid()"); }
Judgement judge_gids(const Transcript& t) { return judge_ids(t, "gid", "egid", "getgid()"); }

std::string shared_file() { return scratch_dir() + "/owned"; }

void look_at_owner(Observation& seen, const std::string& path) {
  struct stat info {};
  if (seen.call("stat", ::stat(path.c_str(), &info)) < 0) return;
  seen.number("owner", info.st_uid);
  seen.number("group", info.st_gid);
}

void make_file(Observation& seen, const std::string& path) {
  const Fd file(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644));
  seen.call("create", file.get());
  look_at_owner(seen, path);
}

constexpr std::array file_acts{
    Act{Side::Outside, "outside makes a file", [](Scene& s) { make_file(s.seen, shared_file()); }},
    Act{Side::Inside, "inside looks", [](Scene& s) { look_at_owner(s.seen, shared_file()); }},
    Act{Side::Inside, "inside makes a file",
        [](Scene& s) { make_file(s.seen, shared_file() + "-by-inside"); }},
    Act{Side::Outside, "outside looks",
        [](Scene& s) { look_at_owner(s.seen, shared_file() + "-by-inside"); }},
};

Judgement judge_files(const Transcript& t) {
  Judgement j;
  constexpr std::string_view made = "outside makes a file";
  j.works_errno("a file can be made inside", t.at("inside makes a file").errno_of("create"));
  j.works_equal("a file made inside is owned by the mapped id outside", number(t, made, "owner"),
                number(t, "outside looks", "owner"));
  j.works_equal("a file made inside has the mapped group outside", number(t, made, "group"),
                number(t, "outside looks", "group"));
  j.isolated_equal("stat inside shows the mapped owner of the outside's file",
                   mapped(t, made, "owner"), number(t, "inside looks", "owner"));
  j.isolated_equal("stat inside shows the mapped group of the outside's file",
                   mapped(t, made, "group"), number(t, "inside looks", "group"));
  j.isolated_equal("stat inside shows the inside's id on its own file", mapped(t, made, "owner"),
                   number(t, "inside makes a file", "owner"));
  j.isolated_equal("stat inside shows the inside's group on its own file", mapped(t, made, "group"),
                   number(t, "inside makes a file", "group"));
  return j;
}

// Sockets that both sides hold: made before the inside is, and inherited.
void make_sockets(Scene& scene) {
  const Result<std::array<int, 2>> ends = make_credential_sockets();
  if (!ends) return scene.broken(ends.error().str());
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (scratch_dir() + "/peer").c_str(), sizeof address.sun_path - 1);
  if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), 1) != 0) {
    return scene.broken("listen on a socket in the scratch directory: " + errno_name(errno));
  }
  look(scene.seen);
  scene.seen.number("outside's end", ends->front());
  scene.seen.number("inside's end", ends->back());
  scene.seen.number("listener", ::dup(listener.get()));
}

void peer_ids(Observation& seen, int socket) {
  const Result<ucred> peer = peer_of(socket);
  seen.result("getsockopt(SO_PEERCRED)", peer ? 0 : peer.error().err);
  if (!peer) return;
  seen.number("peer uid", peer->uid);
  seen.number("peer gid", peer->gid);
}

void send_ids(Observation& seen, int socket) {
  const char byte = 'i';
  seen.call("send", ::send(socket, &byte, 1, MSG_NOSIGNAL));
}

void receive_ids(Observation& seen, int socket) {
  const Result<ucred> sender = receive_sender(socket);
  seen.result("recvmsg", sender ? 0 : sender.error().err);
  if (!sender) return;
  seen.number("sender uid", sender->uid);
  seen.number("sender gid", sender->gid);
}

int held(const Scene& scene, std::string_view which) {
  return static_cast<int>(scene.saw("outside makes sockets").number_of(which));
}

void connect_and_send(Scene& scene) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (scratch_dir() + "/peer").c_str(), sizeof address.sun_path - 1);
  Fd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  scene.seen.call("connect",
                  ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
  peer_ids(scene.seen, socket.get());
  send_ids(scene.seen, held(scene, "inside's end"));
  // Stays open until the process ends: the outside looks at it next.
  static_cast<void>(socket.release());
}

void accept_and_receive(Scene& scene) {
  // cppcheck-suppress nullPointer ; accept4(2) takes that for "the peer's address is not wanted"
  const Fd socket(::accept4(held(scene, "listener"), nullptr, nullptr, SOCK_NONBLOCK));
  peer_ids(scene.seen, socket.get());
  receive_ids(scene.seen, held(scene, "outside's end"));
  send_ids(scene.seen, held(scene, "outside's end"));
}

constexpr std::array peer_acts{
    Act{Side::Outside, "outside makes sockets", make_sockets},
    Act{Side::Inside, "inside connects and sends", connect_and_send},
    Act{Side::Outside, "outside accepts and receives", accept_and_receive},
    Act{Side::Inside, "inside receives",
        [](Scene& s) { receive_ids(s.seen, held(s, "inside's end")); }},
};

Judgement judge_peers(const Transcript& t) {
  Judgement j;
  constexpr std::string_view made = "outside makes sockets";
  constexpr std::string_view accepts = "outside accepts and receives";
  constexpr std::string_view connects = "inside connects and sends";
  j.works_errno("the inside can connect", t.at(connects).errno_of("connect"));
  for (const auto& [id, peer, sender] :
       {std::array{"uid", "peer uid", "sender uid"}, std::array{"gid", "peer gid", "sender gid"}}) {
    const std::string what(id);
    j.works_equal("SO_PEERCRED shows the outside the inside's " + what + " as mapped",
                  number(t, made, id), number(t, accepts, peer));
    j.works_equal("SCM_CREDENTIALS shows the outside the inside's " + what + " as mapped",
                  number(t, made, id), number(t, accepts, sender));
    j.isolated_equal("SO_PEERCRED shows the inside the outside's " + what + " as mapped",
                     mapped(t, made, id), number(t, connects, peer));
    j.isolated_equal("SCM_CREDENTIALS shows the inside the outside's " + what + " as mapped",
                     mapped(t, made, id), number(t, "inside receives", sender));
  }
  return j;
}

struct Texts {
  std::string_view sentence, source, why, failure, by_hand;
};

constexpr Probe user_probe(std::string_view name, const Texts& texts, std::span<const Act> acts,
                           Judgement (*judge)(const Transcript&)) {
  return {.family = "user",
          .name = name,
          .sentence = texts.sentence,
          .source = texts.source,
          .first_kernel = "3.8",
          .namespaces = {Kind::User},
          .ways = all_ways,
          .privileges = all_privileges,
          .acts = acts,
          .judge = judge,
          .look = look,
          .why = texts.why,
          .failure = texts.failure,
          .by_hand = texts.by_hand};
}

constexpr std::string_view map_why =
    "Programs ask who they are, and act upon it. A container's root is root to its own programs "
    "only because these calls translate.";
constexpr std::string_view map_failure =
    "Programs inside take themselves for another user than the one whose rights they have.";

}  // namespace

constinit const Probe uid_map =
    user_probe("uid_map",
               {"getuid() inside is the id that uid_map maps the outside's to",
                "user_namespaces(7); kernel/user_namespace.c from_kuid()", map_why, map_failure,
                "id -u; unshare --user --map-user=1000 sh -c 'id -u; cat /proc/self/uid_map'\n"
                "id -u"},
               id_acts, judge_uids);
constinit const Probe gid_map =
    user_probe("gid_map",
               {"getgid() inside is the id that gid_map maps the outside's to",
                "user_namespaces(7); kernel/user_namespace.c from_kgid()", map_why, map_failure,
                "id -g; unshare --user --map-group=1000 sh -c 'id -g; cat /proc/self/gid_map'\n"
                "id -g"},
               id_acts, judge_gids);
constinit const Probe file_owner = user_probe(
    "file_owner",
    {"owners of files are shown through the map, in both directions",
     "user_namespaces(7); fs/stat.c cp_new_stat()",
     "Files outlive containers and are shared with the host. Their owners are stored as the host's "
     "ids, and every program inside sees and makes them through the map.",
     "Files made inside belong to another user of the host, or files of the host seem to belong to "
     "somebody inside.",
     "f=$(mktemp); stat -c %u:%g $f\n"
     "unshare --user --map-user=1000 --map-group=1000 sh -c \"stat -c %u:%g $f; touch $f-inside\"\n"
     "stat -c %u:%g $f-inside; rm $f $f-inside"},
    file_acts, judge_files);
constinit const Probe peer_ids_probe = user_probe(
    "peer_ids",
    {"SO_PEERCRED and SCM_CREDENTIALS translate ids in both directions",
     "user_namespaces(7), unix(7); net/core/sock.c cred_to_ucred()",
     "Daemons ask the socket who is at its other end, and serve root more than others. With the "
     "number that the peer has inside, any container's root would be the host's.",
     "Root of a container is served as root by the host's daemons.",
     "python3 -c 'import socket as s; l = s.socket(s.AF_UNIX); l.bind(\"/tmp/peer\"); l.listen(); "
     "print(*memoryview(l.accept()[0].getsockopt(s.SOL_SOCKET, s.SO_PEERCRED, 12)).cast(\"I\"))' & "
     "sleep 1\n"
     "unshare --user --map-user=1000 python3 -c 'import os, socket as s; "
     "s.socket(s.AF_UNIX).connect(\"/tmp/peer\"); print(os.getuid())'\n"
     "rm /tmp/peer"},
    peer_acts, judge_peers);

}  // namespace nsbench::probes
