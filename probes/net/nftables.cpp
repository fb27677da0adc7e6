// net: a firewall is the namespace's own, its tables and what they do.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "probes/net/looks.h"
#include "probes/net/manual.h"
#include "probes/net/probes.h"
#include "probes/sandbox/netlink.h"

namespace nsbench::probes {

namespace {

using netlink::Message;

constexpr const char* outside_table = "nsbench-outside";
constexpr const char* inside_table = "nsbench-inside";
constexpr std::uint16_t port = 7006;

nfgenmsg header_of(std::uint8_t family, std::uint16_t subsystem) {
  nfgenmsg header{};
  header.nfgen_family = family;
  header.version = NFNETLINK_V0;
  header.res_id = htons(subsystem);
  return header;
}

Message nft_message(std::uint8_t type, std::uint16_t flags) {
  return Message((NFNL_SUBSYS_NFTABLES << 8U) | type, flags, header_of(NFPROTO_IPV4, 0));
}

Message batch_mark(std::uint16_t type) {
  return Message(type, 0, header_of(AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
}

// nf_tables takes changes in batches, which are carried out as a whole.
Status change(Message one, const std::string& step) {
  std::vector<Message> batch;
  batch.push_back(batch_mark(NFNL_MSG_BATCH_BEGIN));
  batch.push_back(std::move(one));
  batch.push_back(batch_mark(NFNL_MSG_BATCH_END));
  Result<netlink::Socket> socket = netlink::Socket::open(NETLINK_NETFILTER);
  if (!socket) return socket.error();
  return socket->batch(batch, 1, step);
}

Status add_table(const char* name) {
  Message one = nft_message(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
  one.text(NFTA_TABLE_NAME, name);
  return change(std::move(one), fmt::format("nf_tables NEWTABLE({})", name));
}

// A chain that drops whatever this namespace sends.
Status drop_output(const char* table) {
  Message one = nft_message(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
  one.text(NFTA_CHAIN_TABLE, table).text(NFTA_CHAIN_NAME, "output");
  const std::size_t hook = one.open(NFTA_CHAIN_HOOK | NLA_F_NESTED);
  one.number(NFTA_HOOK_HOOKNUM, htonl(NF_INET_LOCAL_OUT)).number(NFTA_HOOK_PRIORITY, htonl(0));
  one.close(hook);
  one.number(NFTA_CHAIN_POLICY, htonl(NF_DROP)).text(NFTA_CHAIN_TYPE, "filter");
  return change(std::move(one), fmt::format("nf_tables NEWCHAIN({})", table));
}

Result<std::vector<std::string>> tables() {
  Message request = nft_message(NFT_MSG_GETTABLE, NLM_F_DUMP);
  const auto answers = netlink::dump(NETLINK_NETFILTER, request, "nf_tables GETTABLE");
  if (!answers) return answers.error();
  std::vector<std::string> found;
  for (const netlink::Answer& answer : *answers) {
    found.push_back(netlink::text_of(answer.attributes(sizeof(nfgenmsg)), NFTA_TABLE_NAME));
  }
  return found;
}

void look(Observation& seen) {
  seen.text("the outside's table", listed(tables(), outside_table));
  seen.text("the inside's table", listed(tables(), inside_table));
}

// A dropped packet of one's own is EPERM for who sends it.
void send(Observation& seen) {
  const Endpoint to(AF_INET, port);
  const Fd socket = inet_socket(AF_INET, SOCK_DGRAM);
  seen.call("send", ::sendto(socket.get(), "nsb", 3, 0, to.get(), to.size));
}

int make(Scene& scene, const char* table) {
  lo_up(scene);
  const int err = add_table(table).error().err;
  scene.seen.result("make a table", err);
  look(scene.seen);
  return err;
}

void make_first(Scene& scene) {
  if (module_missing(scene, "nf_tables", "a table of nftables")) return;
  const auto tried = tables();
  if (!tried && (tried.error().err == EPROTONOSUPPORT || tried.error().err == EINVAL)) {
    return scene.skip(SkipReason::NoFeature, tried.error().str() + " (CONFIG_NF_TABLES)");
  }
  // Each family is an option of its own.
  const int err = make(scene, outside_table);
  if (err == EOPNOTSUPP || err == EAFNOSUPPORT) {
    scene.skip(SkipReason::NoFeature,
               fmt::format("a table of IPv4: {} (CONFIG_NF_TABLES_IPV4)", errno_name(err)));
  }
}

constexpr std::array acts{
    Act{Side::Outside, "outside makes a table", make_first},
    Act{Side::Inside, "inside looks", [](Scene& s) { look(s.seen); }},
    Act{Side::Inside, "inside makes a table", [](Scene& s) { make(s, inside_table); }},
    Act{Side::Outside, "outside looks", [](Scene& s) { look(s.seen); }},
    Act{Side::Inside, "inside takes the same name",
        [](Scene& s) { s.seen.result("make a table", add_table(outside_table).error().err); }},
    Act{Side::Inside, "inside drops",
        [](Scene& s) {
          s.seen.result("make a chain", drop_output(inside_table).error().err);
          send(s.seen);
        }},
    Act{Side::Outside, "outside sends", [](Scene& s) { send(s.seen); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside makes a table");
  const Observation& inside = t.at("inside makes a table");
  const Observation& drops = t.at("inside drops");
  j.works_errno("a table can be made outside", outside.errno_of("make a table"));
  j.works_errno("a table can be made inside", inside.errno_of("make a table"));
  judge_private(j, "the outside's table", outside.text_of("the outside's table"),
                t.at("inside looks").text_of("the outside's table"));
  judge_private(j, "the inside's table", inside.text_of("the inside's table"),
                t.at("outside looks").text_of("the inside's table"));
  j.isolated_errno("a name taken outside is free inside", 0,
                   t.at("inside takes the same name").errno_of("make a table"));
  j.works_errno("a chain can be made inside", drops.errno_of("make a chain"));
  j.works("a packet that the inside drops is not sent inside", "EPERM",
          errno_name(drops.errno_of("send")), drops.errno_of("send") == EPERM);
  j.isolated_errno("it drops nothing of the outside", 0, t.at("outside sends").errno_of("send"));
  return j;
}

}  // namespace

constinit const Probe nftables{
    .family = "net",
    .name = "nftables",
    .sentence = "the tables of nftables are the side's own, and drop its packets only",
    .source =
        "network_namespaces(7); net/netfilter/nf_tables_api.c nft_pernet(), "
        "net/netfilter/core.c nf_hook_entry_head()",
    .first_kernel = "3.13",
    .namespaces = {Kind::Net},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why = manual::nftables.why,
    .failure = manual::nftables.failure,
    .by_hand = manual::nftables.by_hand};

}  // namespace nsbench::probes
