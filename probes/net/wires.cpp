#include "probes/net/wires.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>

#include "probes/sandbox/deadline.h"
#include "probes/sandbox/inet_netlink.h"
#include "probes/sandbox/rtnetlink.h"

namespace nsbench::probes {

std::string is_there(std::string_view link) {
  const Result<rtnetlink::Link> found = rtnetlink::link(link);
  return found ? "yes" : found.error().err == ENODEV ? "no" : found.error().str();
}

void configure(Scene& scene, const char* link, const char* address) {
  Status done = rtnetlink::add_address(link, fmt::format("{}/24", address));
  if (done) done = rtnetlink::set_up(link);
  scene.seen.result("configure", done.error().err);
}

void wait_until_running(Scene& scene, const char* link) {
  constexpr std::chrono::seconds patience{4};
  const Status running = rtnetlink::wait_running(link, Deadline::in(patience));
  scene.seen.result(fmt::format("{} is running", link), running.error().err);
}

Status plug(const Port& port, const char* bridge) {
  Status done = rtnetlink::add_veth(port.near_end, port.far_end);
  if (done) done = rtnetlink::set_master(port.near_end, bridge);
  if (done) done = rtnetlink::set_up(port.near_end);
  return done;
}

}  // namespace nsbench::probes
