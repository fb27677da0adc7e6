// Two processes that talk over lo, a veth pair, or two veth pairs and a bridge.
#pragma once

#include <cstdint>
#include <functional>

#include "bench/operation.h"
#include "bench/transfer.h"
#include "probes/sandbox/channel.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/fd.h"
#include "reports/result.h"

namespace nsbench::bench {

enum class Line : std::uint8_t {
  Lo,      // both in one network namespace
  Veth,    // each in its own, with one end of a pair
  Bridge,  // each in its own, with one end of a pair whose other end is a port of a bridge in a
           // third
};

// One end in the process that opens it, the other in a process of its own, which ends with it.
class Path {
 public:
  // Makes network namespaces and the line, until the links carry frames, and connects. Leaves the
  // process in the network namespace of its end; what it was in before it need not have. `serve`
  // runs at the other end with the connected socket. An Error names the step.
  Status open(Line line, Transport transport, const std::function<int(int)>& serve);
  [[nodiscard]] int socket() const { return socket_.get(); }
  // Ends the other process. The namespaces go with this one.
  void close();

 private:
  Status lay_veth();
  Status lay_bridge();
  Status wait_for_ports() const;
  Status connect(Line line, Transport transport);

  NamespaceFds own_, middle_;  // of a bridge alone
  Channel to_peer_;
  Child peer_;
  Fd socket_;
};

}  // namespace nsbench::bench
