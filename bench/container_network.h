// A container's network as a runtime lays it: a port on a bridge, an address, a default route.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "probes/sandbox/fd.h"
#include "probes/sandbox/netlink.h"
#include "reports/result.h"

namespace nsbench::bench {

// The host's side, and the containers on it. All is done over sockets that stay open, so the
// process may be in either namespace.
class ContainerNetwork {
 public:
  // In a network namespace that is to be the host's: the bridge, running, with its address.
  Status lay_bridge();
  // In a new network namespace: wires it to the bridge by rtnetlink alone, and returns when an
  // answer of the bridge's address has come in over the default route's gateway. An Error names the
  // step.
  Status wire();
  // Lets go of what wire() has opened inside last, and would keep that namespace alive. Kept
  // otherwise, for all of them.
  void let_go();
  // Whether the host's end of the last one's pair exists.
  [[nodiscard]] bool has_near_end() const;

 private:
  struct Inside {
    netlink::Socket requests;
    netlink::Socket events;
    Fd socket;
  };
  Status connect_pair(Inside& inside, const std::string& address);
  Status ask(const Inside& inside) const;

  std::optional<netlink::Socket> host_;    // for requests
  std::optional<netlink::Socket> events_;  // of the host's links
  Fd answerer_;                            // at the bridge's address
  int bridge_index_ = 0;
  std::size_t made_ = 0;
  std::string near_end_;
  std::vector<Inside> inside_;
};

}  // namespace nsbench::bench
