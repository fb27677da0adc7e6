#include <cerrno>

#include "probes/leak_table.h"
#include "probes/user/probes.h"

namespace nsbench {
namespace {

using namespace probes;

// The door maps 0 to 1000.
LeakTable id_leaks(const Probe& probe, std::string_view real, std::string_view effective) {
  return {&probe,
          {{"outside looks", real, 0},
           {"outside looks", effective, 0},
           {"outside looks again", real, 0},
           {"inside looks", real, 1000, 0},
           {"inside looks", effective, 1000, 0}},
          // An id that is not mapped at all.
          {{"inside looks", real, 1000, 65534}}};
}

LeakTable file_owner_leaks() {
  return {&file_owner,
          {{"outside makes a file", "owner", 0},
           {"outside makes a file", "group", 0},
           {"inside makes a file", "create", ok},
           {"inside makes a file", "owner", 1000, 0},
           {"inside looks", "owner", 1000, 0},
           {"inside looks", "group", 1000, 0},
           {"outside looks", "owner", 0},
           {"outside looks", "group", 0}},
          {}};
}

LeakTable peer_ids_leaks() {
  LeakTable table{&peer_ids_probe, {{"inside connects and sends", "connect", ok}}, {}};
  for (const auto& [id, peer, sender] :
       {std::array{"uid", "peer uid", "sender uid"}, std::array{"gid", "peer gid", "sender gid"}}) {
    table.facts.emplace_back("outside makes sockets", id, 0);
    table.facts.emplace_back("outside accepts and receives", peer, 0);
    table.facts.emplace_back("outside accepts and receives", sender, 0);
    table.facts.emplace_back("inside connects and sends", peer, 1000, 0);
    table.facts.emplace_back("inside receives", sender, 1000, 0);
  }
  return table;
}

}  // namespace

std::vector<LeakTable> user_leak_tables() {
  return {
      id_leaks(uid_map, "uid", "euid"),
      id_leaks(gid_map, "gid", "egid"),
      file_owner_leaks(),
      peer_ids_leaks(),
  };
}

}  // namespace nsbench
