// What is behind an Http, served on the loopback interface to whole programs.
#pragma once

#include <string>
#include <thread>

#include "probes/sandbox/fd.h"
#include "suites/fleet/http.h"

namespace nsbench::fleet::testing {

// One request a connection, one connection at a time. A request without the token, where there is
// one, is answered as LAVA does.
class Served {
 public:
  // `behind` outlives this, and is asked by another thread.
  explicit Served(Http& behind, std::string token = "");
  ~Served();
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  [[nodiscard]] std::string url() const;  // "http://127.0.0.1:PORT/"

 private:
  void serve();
  void answer(int peer);

  Http& behind_;
  std::string token_;
  int port_ = 0;
  Fd listener_;
  std::thread thread_;
};

// A socket that listens on 127.0.0.1, and its port.
Fd listen_on_loopback(int& port);
// Who connects next; nobody if it is shut down.
Fd next_peer(const Fd& listener);
// The head of a request, up to its empty line.
std::string read_head(int peer);

}  // namespace nsbench::fleet::testing
