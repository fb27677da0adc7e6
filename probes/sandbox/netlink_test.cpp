// The netlink client where no kernel is needed: messages are built, and taken apart again.
#include "probes/sandbox/netlink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

#include <string>

namespace nsbench::netlink {
namespace {

// What a receiver would make of the message.
Answer received(Message& message) {
  const std::string_view bytes = message.finish(7);
  nlmsghdr header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  return {header.nlmsg_type,
          std::string(bytes.substr(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN))};
}

TEST(NetlinkMessage, ComesApartAsItWasPutTogether) {
  ifinfomsg body{};
  body.ifi_index = 42;
  Message message(RTM_NEWLINK, NLM_F_ACK, body);
  message.text(IFLA_IFNAME, "eth0").number(IFLA_MASTER, 3U);
  const Answer answer = received(message);
  EXPECT_EQ(answer.type, RTM_NEWLINK);
  EXPECT_EQ(answer.body<ifinfomsg>().ifi_index, 42);
  const std::string_view all = answer.attributes(sizeof body);
  EXPECT_EQ(text_of(all, IFLA_IFNAME), "eth0");
  EXPECT_EQ(number_of(all, IFLA_MASTER), 3U);
  EXPECT_EQ(attribute(all, IFLA_ADDRESS), std::nullopt);
}

TEST(NetlinkMessage, NestsAttributes) {
  Message message(RTM_NEWLINK, 0, ifinfomsg{});
  const std::size_t info = message.open(IFLA_LINKINFO);
  message.text(IFLA_INFO_KIND, "veth");
  message.close(info);
  message.text(IFLA_IFNAME, "after");
  const Answer answer = received(message);
  const std::string_view all = answer.attributes(sizeof(ifinfomsg));
  EXPECT_EQ(text_of(attribute(all, IFLA_LINKINFO).value_or(""), IFLA_INFO_KIND), "veth");
  EXPECT_EQ(text_of(all, IFLA_IFNAME), "after");
}

TEST(NetlinkMessage, IsPaddedSoThatAnotherMayFollow) {
  Message message(RTM_NEWLINK, 0, ifinfomsg{});
  message.text(IFLA_IFNAME, "odd");
  message.bytes(IFLA_ADDRESS, "12345");
  EXPECT_EQ(message.finish(1).size() % NLMSG_ALIGNTO, 0U);
}

TEST(NetlinkAttributes, ThatLieAboutTheirLengthAreNotRead) {
  const std::string too_long("\x40\x00\x03\x00name", 8);
  EXPECT_EQ(attribute(too_long, IFLA_IFNAME), std::nullopt);
  const std::string too_short("\x01\x00\x03\x00", 4);
  EXPECT_EQ(attribute(too_short, IFLA_IFNAME), std::nullopt);
  EXPECT_EQ(attribute("\x08", IFLA_IFNAME), std::nullopt);
}

TEST(NetlinkAnswer, ThatIsCutShortHasZeroes) {
  const Answer answer{RTM_NEWLINK, "abc"};
  EXPECT_EQ(answer.body<ifinfomsg>().ifi_index, 0);
  EXPECT_EQ(answer.attributes(sizeof(ifinfomsg)), "");
  EXPECT_EQ(number_of("\x06\x00\x0a\x00\x01\x01", IFLA_MASTER), std::nullopt);
}

TEST(NetlinkSocket, NamesWhatFailed) {
  const Result<Socket> socket = Socket::open(1000);
  ASSERT_FALSE(socket.ok());
  EXPECT_EQ(socket.error().str(), "socket(AF_NETLINK): EPROTONOSUPPORT");
}

}  // namespace
}  // namespace nsbench::netlink
