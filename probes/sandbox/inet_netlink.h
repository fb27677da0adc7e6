// rtnetlink(7) for what the internet protocols keep in a network namespace: addresses, routes,
// rules and neighbours. Addresses are texts ("192.0.2.1", "2001:db8::1"), IPv4 or IPv6.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "probes/sandbox/netlink.h"
#include "reports/result.h"

namespace nsbench::rtnetlink {

// Gives a link an address ("192.0.2.1/24", "2001:db8::1/64"); an IPv6 one is usable at once, since
// nobody is asked whether it is taken (IFA_F_NODAD).
Status add_address(std::string_view link, std::string_view address);
// All addresses of all links, as add_address() takes them, of both families.
Result<std::vector<std::string>> addresses();

// A route to `destination` ("198.51.100.0/24") over a link, in a table (254: main).
Status add_route(std::string_view destination, std::string_view link, std::uint32_t table);
// A default route of the table main by way of a gateway ("192.0.2.1"), which is reached over a link
// that is up and has an address of the gateway's network: ENETUNREACH or EINVAL where it has none.
Status add_default_route(std::string_view gateway, std::string_view link);

// The requests of add_address() and add_default_route(), for who sends them over a socket of its
// own. The link is looked up in the caller's network namespace.
Result<netlink::Message> address_request(std::string_view link, std::string_view address);
Result<netlink::Message> default_route_request(std::string_view gateway, std::string_view link);

// All routes of a family (AF_INET, AF_INET6): "198.51.100.0/24 table 254", "default/0 table 254";
// without those of the table 255 (local), which follow from addresses.
Result<std::vector<std::string>> routes(int family);

// A rule that looks `table` up (ip-rule(8)). EOPNOTSUPP or EAFNOSUPPORT: the kernel has none.
Status add_rule(int family, std::uint32_t priority, std::uint32_t table);
// "4321 table 100"
Result<std::vector<std::string>> rules(int family);

// A permanent neighbour of a link, with a hardware address of its own making.
Status add_neighbour(std::string_view address, std::string_view link);
// Their addresses, permanent or not.
Result<std::vector<std::string>> neighbours(int family);

// What an answer to one of these dumps says, as the lists above have it; "" if nothing.
std::string address_of(const netlink::Answer& answer);
std::string route_of(const netlink::Answer& answer);
std::string rule_of(const netlink::Answer& answer);
std::string neighbour_of(const netlink::Answer& answer);

}  // namespace nsbench::rtnetlink
