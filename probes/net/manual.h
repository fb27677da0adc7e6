// What `nsbench explain` tells of the net family's probes: why the rule matters, what its failure
// lets somebody inside do, and how to see it by hand.
#pragma once

#include <string_view>

namespace nsbench::probes {

struct Manual {
  std::string_view why;
  std::string_view failure;
  std::string_view by_hand;
};

namespace manual {

inline constexpr Manual interfaces{
    "A container must not find the host's links: what it can name it can try to configure, and a "
    "program that picks the first link that is up would pick the host's.",
    "A process inside sees links of other namespaces, and knows what networks the host is on.",
    "unshare -n sh -c 'ip link add nsb0 type veth peer nsb1\n"
    "ip -brief link\n"
    "unshare -n ip -brief link'"};
inline constexpr Manual interface_names{
    "Every container calls its link eth0. Were names unique in the machine, the second container "
    "could not start.",
    "A process inside can take a name away from the outside, or learn which names are in use.",
    "unshare -n sh -c 'ip link add nsb0 type veth peer nsb1\n"
    "unshare -n ip link add nsb0 type veth peer nsb1 && echo both'"};
inline constexpr Manual addresses{
    "Containers on different networks often have the same private addresses. An address that is "
    "known elsewhere attracts the packets of somebody else.",
    "A process inside learns the host's addresses, and can bind to them and take their traffic.",
    "unshare -n sh -c 'ip address add 192.0.2.1/32 dev lo\n"
    "ip -brief address\n"
    "unshare -n ip -brief address'"};
inline constexpr Manual routes{
    "A network plug-in gives each namespace its routes, and counts on there being no others: a "
    "namespace without a route to a network can't reach it.",
    "A process inside reaches networks that only the outside has a route to, or diverts the "
    "outside's traffic by a route of its own.",
    "unshare -n sh -c 'ip link set lo up\n"
    "ip route add 198.51.100.0/24 dev lo\n"
    "ip route\n"
    "unshare -n ip route'"};
inline constexpr Manual routing_rules{
    "VPNs and service meshes choose routing tables by rules. A rule that counts elsewhere sends "
    "traffic around the VPN.",
    "A process inside changes which routing table the outside's packets use.",
    "unshare -n sh -c 'ip rule add priority 4321 table 1000\n"
    "ip rule\n"
    "unshare -n ip rule'"};
inline constexpr Manual neighbours{
    "The neighbour tables of all namespaces are one hash table in the kernel, and only a "
    "comparison keeps their entries apart.",
    "A process inside sees who the host talks to, or makes the host send an address's packets to "
    "another machine.",
    "unshare -n sh -c 'ip link add nsb0 type bridge\n"
    "ip neigh add 192.0.2.9 lladdr 2:0:0:0:0:1 dev nsb0\n"
    "ip neigh\n"
    "unshare -n ip neigh'"};
inline constexpr Manual nftables{
    "Docker, firewalld and Kubernetes write their firewalls with nftables, and unprivileged users "
    "may do so in namespaces of their own.",
    "A process inside reads the host's firewall, or drops the host's packets.",
    "unshare -n sh -c 'nft add table ip nsbench\n"
    "nft list tables\n"
    "unshare -n nft list tables'"};
inline constexpr Manual ports{
    "Containers listen on the same well-known ports, and services on 127.0.0.1 trust whoever "
    "reaches them, since only the same host can.",
    "A process inside reaches services that listen on the outside's loopback address, or takes "
    "their ports away.",
    "unshare -n sh -c 'ip link set lo up\n"
    "timeout 2 python3 -m http.server -b 127.0.0.1 7001 >/dev/null 2>&1 &\n"
    "sleep 1\n"
    "ss -tln\n"
    "unshare -n ss -tln'"};
inline constexpr Manual tcp_diag{
    "ss(8) and monitoring agents read sockets through sock_diag, which walks tables that all "
    "namespaces share.",
    "A process inside sees the outside's connections, with addresses and ports.",
    "unshare -n sh -c 'ip link set lo up\n"
    "timeout 2 python3 -m http.server -b 127.0.0.1 7001 >/dev/null 2>&1 &\n"
    "sleep 1\n"
    "ss -tln\n"
    "unshare -n ss -tln'"};
inline constexpr Manual unix_abstract{
    "Abstract names have no file permissions; the network namespace is their only wall. "
    "CVE-2020-15257 was containers in the host's network namespace that reached containerd's "
    "abstract socket. Sockets with a path are meant to be shared by sharing the file.",
    "A process inside talks to daemons of the outside, such as a session bus or a container "
    "runtime, as if it were one of their own.",
    "unshare -n sh -c 'timeout 2 python3 -c \"import socket,time; "
    "s=socket.socket(socket.AF_UNIX); s.bind(chr(0)+chr(110)*5); s.listen(); time.sleep(2)\" &\n"
    "sleep 1\n"
    "grep @nnnnn /proc/self/net/unix\n"
    "unshare -n grep @nnnnn /proc/self/net/unix'"};
inline constexpr Manual unix_diag{
    "ss -x lists unix sockets through sock_diag, names and peers included.",
    "A process inside learns which daemons the outside runs, and under which names they listen.",
    "unshare -n sh -c 'timeout 2 python3 -c \"import socket,time; "
    "s=socket.socket(socket.AF_UNIX); s.bind(chr(0)+chr(110)*5); s.listen(); time.sleep(2)\" &\n"
    "sleep 1\n"
    "ss -xl\n"
    "unshare -n ss -xl'"};
inline constexpr Manual packet{
    "Root in a container often has CAP_NET_RAW. What keeps it from recording the host's traffic is "
    "that its packet sockets are fed from its own namespace only.",
    "A process inside records the traffic of the host and of other containers.",
    "unshare -n sh -c 'timeout 2 python3 -c \"import socket,time; "
    "s=socket.socket(socket.AF_PACKET,socket.SOCK_RAW,768); time.sleep(2)\" &\n"
    "sleep 1\n"
    "cat /proc/self/net/packet\n"
    "unshare -n cat /proc/self/net/packet'"};
inline constexpr Manual link_events{
    "Network managers act on every link, address and route that rtnetlink tells of. One in a "
    "container must not act on the host's.",
    "A process inside follows what happens to the host's network, and managers inside act on links "
    "that are not theirs.",
    "unshare -n sh -c 'timeout 1 ip monitor link &\n"
    "sleep 0.5\n"
    "unshare -n ip link set lo up\n"
    "ip link set lo mtu 60000\n"
    "wait'"};
inline constexpr Manual device_uevents{
    "udev renames and configures network devices when it hears of them by a uevent.",
    "A process inside hears of the host's devices, or makes a udev outside act on devices that "
    "are not there.",
    "unshare -n sh -c 'timeout 1 python3 -c \"import socket; "
    "s=socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15); s.bind((0, 1)); "
    "print(s.recv(9999))\" "
    "&\n"
    "sleep 0.5\n"
    "unshare -n ip link set lo name nsb0\n"
    "ip link set lo name nsb1\n"
    "wait'"};
inline constexpr Manual netlink_ports{
    "Programs find each other over netlink by port numbers, which are often process ids: in "
    "containers the same ones again and again.",
    "A process inside sends messages to netlink sockets of the outside, or takes their ports.",
    "unshare -n sh -c 'timeout 2 python3 -c \"import socket,time; "
    "s=socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 2); s.bind((12345, 0)); time.sleep(2)\" "
    "&\n"
    "sleep 1\n"
    "grep 12345 /proc/self/net/netlink\n"
    "unshare -n grep 12345 /proc/self/net/netlink'"};
inline constexpr Manual proc_net{
    "Tools of the host read /proc/PID/net to look into a container; tools inside read /proc/net.",
    "A process inside reads the host's sockets, addresses and counters from /proc/net.",
    "unshare -n sh -c 'unshare -n sleep 1 & sleep 0.5\n"
    "ip link add nsb0 type bridge\n"
    "grep -c nsb0 /proc/self/net/dev /proc/$!/net/dev'"};
inline constexpr Manual sysfs_mounter{
    "A sysfs that a runtime mounts for a container shows that container's links only if it was "
    "mounted in its network namespace. A program that forgets this sees the old links.",
    "A sysfs shows the links of whoever reads it, or of all: what is written to a link's files "
    "changes a link of another namespace.",
    "unshare -nm sh -c 'ip link add nsb0 type bridge\n"
    "mount -t sysfs sysfs /mnt\n"
    "unshare -n ls /mnt/class/net'"};
inline constexpr Manual sysctls{
    "Container runtimes set net sysctls for each container, as Docker's --sysctl does, since they "
    "count in that namespace only.",
    "A process inside makes the host forward packets, or stops it from doing so.",
    "unshare -n sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward\n"
    "unshare -n sh -c \"echo 0 > /proc/sys/net/ipv4/ip_forward\"\n"
    "cat /proc/sys/net/ipv4/ip_forward'"};
inline constexpr Manual somaxconn{
    "It bounds how many connections may wait at a listener. Runtimes raise it for a container that "
    "serves many.",
    "A process inside changes how the host's servers queue connections.",
    "unshare -n sh -c 'echo 1234 > /proc/sys/net/core/somaxconn\n"
    "unshare -n cat /proc/sys/net/core/somaxconn'"};
inline constexpr Manual default_ttl{
    "Until Linux 4.6 this was one value for the machine. It is copied into every new socket.",
    "A process inside decides how far the host's packets travel.",
    "unshare -n sh -c 'echo 33 > /proc/sys/net/ipv4/ip_default_ttl\n"
    "unshare -n cat /proc/sys/net/ipv4/ip_default_ttl'"};
inline constexpr Manual unprivileged_ports{
    "Docker sets it to 0 in every container, so that servers in it need no privilege. On the host "
    "low ports stay reserved.",
    "A process inside lets every user of the host listen on port 22 or 80.",
    "unshare -n sh -c 'echo 80 > /proc/sys/net/ipv4/ip_unprivileged_port_start\n"
    "unshare -n cat /proc/sys/net/ipv4/ip_unprivileged_port_start'"};
inline constexpr Manual sysctl_globals{
    "Some values below net hold for the whole machine. The limits of conntrack and the list of "
    "allowed congestion controls could be written from any namespace until 2021.",
    "Root inside a container changes limits of the whole machine, such as its socket buffers or "
    "its conntrack table.",
    "unshare -n sh -c 'ls /proc/sys/net/core/netdev_max_backlog\n"
    "echo 1 > /proc/sys/net/core/rmem_max'"};
inline constexpr Manual proc_sys_owner{
    "Anybody may make a user namespace and be root there. It must give no rights over the network "
    "namespace that it was made in.",
    "Any user changes the host's network settings from a user namespace.",
    "unshare -Urn sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward && echo written\n"
    "unshare -Ur sh -c \"echo 1 > /proc/sys/net/ipv4/ip_forward\"'"};
inline constexpr Manual proc_sys_effective_ids{
    "Until Linux 3.11.5 the real ids were compared: a program that root had started and that had "
    "dropped to another user still counted as root.",
    "A service that gave its privileges up still changes the namespace's network settings.",
    "setpriv --euid 65534 --egid 65534 --clear-groups sh -c "
    "'test -w /proc/sys/net/core/somaxconn || echo refused'"};
inline constexpr Manual foreign_sysctl{
    "A user namespace with a network namespace may write below /proc/sys/net. That must not open "
    "the sysctls of kinds which it shares with the host.",
    "Any user renames the host, or changes another of its kernel sysctls.",
    "unshare -Urn sh -c 'echo x > /proc/sys/kernel/hostname'"};
inline constexpr Manual socket_birth{
    "Runtimes and proxies open a socket in one namespace and use it in another: slirp4netns and "
    "socket activation depend on it.",
    "A socket that was handed in reaches the wrong network, or a process that joined a namespace "
    "still talks to the old one.",
    "unshare -n sh -c 'readlink /proc/self/ns/net\n"
    "ip link set lo up mtu 60001\n"
    "unshare -n ip link show lo'"};
inline constexpr Manual death{
    "A runtime deletes a container by letting its namespace die, and expects that no veth end "
    "stays "
    "on the host's bridge.",
    "Dead containers leave links behind until the machine has no names or memory for new ones, or "
    "links that were inside come back with the container's addresses.",
    "unshare -n sh -c 'unshare -n sleep 1 & sleep 0.5\n"
    "ip link add nsb0 type veth peer nsb1\n"
    "ip link set nsb1 netns $!\n"
    "ip -brief link\n"
    "wait; sleep 0.5\n"
    "ip -brief link'"};
inline constexpr Manual veth{
    "A veth pair with one end inside is how nearly every container is connected.",
    "Containers have no network, or the end that was moved in is still in the host's hands.",
    "unshare -n sh -c 'unshare -n sleep 2 & sleep 0.5\n"
    "ip link add nsb0 type veth peer nsb1\n"
    "ip link set nsb1 netns $!\n"
    "ip -brief link\n"
    "nsenter -t $! -n ip -brief link'"};
inline constexpr Manual bridge{
    "This is docker0: each container has a port on one bridge, reaches the others on it, and "
    "nothing that it has no route to.",
    "Containers on one network do not reach each other, or reach networks of the host that they "
    "were not connected to.",
    "unshare -n sh -c 'ip link add br0 type bridge\n"
    "ip address add 192.0.2.1/24 dev br0; ip link set br0 up\n"
    "unshare -n sleep 3 & sleep 0.5\n"
    "ip link add p0 type veth peer c0\n"
    "ip link set p0 master br0 up; ip link set c0 netns $!\n"
    "nsenter -t $! -n ip address add 192.0.2.2/24 dev c0\n"
    "nsenter -t $! -n ip link set c0 up\n"
    "nsenter -t $! -n ip route get 192.0.2.1'"};
inline constexpr Manual container{
    "This is what docker, podman and the plug-ins of Kubernetes lay for each container: a port on "
    "a "
    "bridge, an address, a default route by the bridge's address. The route leads out of the "
    "container; that it ends at the host until that forwards is what a closed network rests on.",
    "Containers do not reach the host or each other, change the host's routes by their own, or "
    "reach "
    "the networks behind a host that forwards nothing.",
    "unshare -n sh -c 'ip link add br0 type bridge\n"
    "ip address add 192.0.2.1/24 dev br0; ip link set br0 up\n"
    "unshare -n sleep 3 & sleep 0.5\n"
    "ip link add p0 type veth peer c0\n"
    "ip link set p0 master br0 up; ip link set c0 netns $!\n"
    "nsenter -t $! -n ip address add 192.0.2.2/24 dev c0\n"
    "nsenter -t $! -n ip link set c0 up\n"
    "nsenter -t $! -n ip route add default via 192.0.2.1\n"
    "nsenter -t $! -n ip route get 198.51.100.2\n"
    "cat /proc/sys/net/ipv4/ip_forward; ip route'"};
inline constexpr Manual no_privilege{
    "User namespaces are open to everybody on most distributions. All that keeps their root from "
    "the host's network is who owns the network namespace.",
    "Any user records the host's traffic and reconfigures its links, addresses and routes.",
    "unshare -Ur sh -c 'ip link set lo mtu 60000\n"
    "unshare -n ip link set lo mtu 60000 && echo allowed'"};
inline constexpr Manual move_privilege{
    "A link that appears in the host's namespace is picked up by its network manager, and can "
    "carry "
    "any name and address.",
    "Any user puts links of his own making into the host's network namespace.",
    "unshare -Urn sh -c 'ip link add nsb0 type veth peer nsb1\n"
    "ip link set nsb1 netns 1'"};
inline constexpr Manual nsid{
    "ip(8) and monitoring tools follow a veth pair to its other end by these numbers.",
    "A tool follows a pair into the wrong namespace, or a process inside learns how the outside "
    "numbers its namespaces.",
    "unshare -n sh -c 'unshare -n sleep 1 & sleep 0.5\n"
    "ip link add nsb0 type veth peer nsb1 netns $!\n"
    "ip link show nsb0'"};
inline constexpr Manual link_moves{
    "Network plug-ins move links by pid or by descriptor, and rely on an error where the name is "
    "taken. lo and bridges hold state of their namespace and must stay in it.",
    "A namespace loses its lo, or a link of one container takes the place of another's.",
    "unshare -n sh -c 'unshare -n sleep 1 & sleep 0.5\n"
    "ip link set lo netns $!\n"
    "ip link add br0 type bridge\n"
    "ip link set br0 netns $!'"};

}  // namespace manual

}  // namespace nsbench::probes
