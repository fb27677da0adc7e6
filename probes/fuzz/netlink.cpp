// What a kernel sends over netlink: however it is made, it is read within its bytes.
#include "probes/sandbox/netlink.h"

#include <linux/rtnetlink.h>

#include "probes/sandbox/inet_netlink.h"
#include "probes/sandbox/rtnetlink.h"
#include "reports/fuzz/check.h"

using namespace nsbench;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view datagram = fuzz::text_of(data, size);
  std::size_t total = 0;
  for (const netlink::Answer& answer : netlink::messages_in(datagram)) {
    total += NLMSG_HDRLEN + answer.payload.size();
    const int err = netlink::errno_in(answer);
    fuzz::check(err >= 0 && err <= 4095, "an errno is one");
    const rtnetlink::Link link = rtnetlink::link_of(answer);
    fuzz::check(link.name.size() + link.kind.size() <= size, "no more comes out than went in");
    fuzz::check(link.name.find('\0') == std::string::npos, "a name has no NUL");
    for (auto* const read : {rtnetlink::address_of, rtnetlink::route_of, rtnetlink::rule_of,
                             rtnetlink::neighbour_of}) {
      fuzz::check(read(answer).size() < 100, "an address is short");
    }
    // Put together again it is found again.
    netlink::Message again(answer.type, 0);
    if (answer.payload.size() > UINT16_MAX - NLMSG_HDRLEN - RTA_LENGTH(0)) continue;
    const auto parts = netlink::messages_in(again.bytes(1, answer.payload).finish(1));
    fuzz::check(parts.size() == 1 && netlink::attribute(parts[0].payload, 1) == answer.payload,
                "what was written is read");
  }
  fuzz::check(total <= size, "messages do not overlap");
  return 0;
}
