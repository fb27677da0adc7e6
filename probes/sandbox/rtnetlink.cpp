#include "probes/sandbox/rtnetlink.h"

#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "probes/sandbox/fd.h"

namespace nsbench::rtnetlink {

namespace {

// A request under construction: a netlink header, a fixed body, and attributes behind it.
class Request {
 public:
  Request(std::uint16_t type, std::uint16_t flags) : bytes_(NLMSG_LENGTH(sizeof(ifinfomsg))) {
    header()->nlmsg_type = type;
    header()->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  }
  [[nodiscard]] ifinfomsg* link() { return static_cast<ifinfomsg*>(NLMSG_DATA(header())); }

  void text(std::uint16_t type, std::string_view value) {
    const std::size_t at = open(type);
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    bytes_.push_back('\0');
    close(at);
  }
  // An attribute that holds others: those added between open() and close().
  std::size_t open(std::uint16_t type) {
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
    const std::size_t at = bytes_.size();
    bytes_.resize(at + RTA_LENGTH(0));
    attribute(at)->rta_type = type;
    return at;
  }
  void close(std::size_t at) {
    attribute(at)->rta_len = static_cast<std::uint16_t>(bytes_.size() - at);
  }
  std::vector<char>& finish() {
    header()->nlmsg_len = static_cast<std::uint32_t>(bytes_.size());
    return bytes_;
  }

 private:
  nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(bytes_.data()); }
  rtattr* attribute(std::size_t at) { return reinterpret_cast<rtattr*>(bytes_.data() + at); }
  std::vector<char> bytes_;
};

Result<Fd> open_and_send(Request& request, const std::string& step) {
  Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket.valid()) return Error::last("socket(AF_NETLINK)");
  const std::vector<char>& bytes = request.finish();
  if (::send(socket.get(), bytes.data(), bytes.size(), 0) < 0) return Error::last(step);
  return socket;
}

// Sends a request that the kernel answers with an acknowledgement, its errno in it.
Status acknowledged(Request& request, const std::string& step) {
  Result<Fd> socket = open_and_send(request, step);
  if (!socket) return socket.error();
  alignas(nlmsghdr) char answer[4096];
  const ssize_t got = ::recv(socket->get(), answer, sizeof answer, 0);
  if (got < 0) return Error::last(step);
  const auto* header = reinterpret_cast<const nlmsghdr*>(answer);
  if (!NLMSG_OK(header, static_cast<std::size_t>(got)) || header->nlmsg_type != NLMSG_ERROR) {
    return Error{step + ": unexpected answer", EPROTO};
  }
  const int err = -static_cast<const nlmsgerr*>(NLMSG_DATA(header))->error;
  if (err != 0) return Error{step, err};
  return {};
}

Link link_of(const nlmsghdr* header) {
  const auto* info = static_cast<const ifinfomsg*>(NLMSG_DATA(header));
  Link link{.index = info->ifi_index, .name = "", .flags = info->ifi_flags};
  auto left = static_cast<int>(IFLA_PAYLOAD(header));
  for (const rtattr* a = IFLA_RTA(info); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
    if (a->rta_type == IFLA_IFNAME) link.name = static_cast<const char*>(RTA_DATA(a));
  }
  return link;
}

}  // namespace

Result<std::vector<Link>> links() {
  const std::string step = "rtnetlink RTM_GETLINK";
  Request request(RTM_GETLINK, NLM_F_DUMP);
  Result<Fd> socket = open_and_send(request, step);
  if (!socket) return socket.error();
  std::vector<Link> found;
  alignas(nlmsghdr) char block[32768];
  for (;;) {
    const ssize_t got = ::recv(socket->get(), block, sizeof block, 0);
    if (got < 0) return Error::last(step);
    auto left = static_cast<std::size_t>(got);
    for (const auto* h = reinterpret_cast<const nlmsghdr*>(block); NLMSG_OK(h, left);
         h = NLMSG_NEXT(h, left)) {
      if (h->nlmsg_type == NLMSG_DONE) return found;
      if (h->nlmsg_type == NLMSG_ERROR) {
        return Error{step, -static_cast<const nlmsgerr*>(NLMSG_DATA(h))->error};
      }
      if (h->nlmsg_type == RTM_NEWLINK) found.push_back(link_of(h));
    }
  }
}

Status add_link(std::string_view name, std::string_view kind) {
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
  request.text(IFLA_IFNAME, name);
  const std::size_t info = request.open(IFLA_LINKINFO);
  request.text(IFLA_INFO_KIND, kind);
  request.close(info);
  return acknowledged(request, fmt::format("rtnetlink RTM_NEWLINK({}, {})", name, kind));
}

Status rename_link(std::string_view name, std::string_view new_name) {
  const unsigned index = ::if_nametoindex(std::string(name).c_str());
  if (index == 0) return Error::last(fmt::format("if_nametoindex({})", name));
  Request request(RTM_NEWLINK, NLM_F_ACK);
  request.link()->ifi_index = static_cast<int>(index);
  request.text(IFLA_IFNAME, new_name);
  return acknowledged(request, fmt::format("rtnetlink rename({} to {})", name, new_name));
}

}  // namespace nsbench::rtnetlink
