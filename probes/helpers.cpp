#include "probes/helpers.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "probes/sandbox/channel.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/slow_machine.h"

namespace nsbench {

namespace {

// Below the stage's own, so that the act can say so.
std::chrono::seconds patience() { return patience_here() * std::chrono::seconds{6}; }

void copy_facts(const Observation& from, std::string_view prefix, Observation& to) {
  for (const Fact& fact : from.facts()) {
    const std::string name = prefix.empty() ? fact.name : fmt::format("{} {}", prefix, fact.name);
    switch (fact.kind) {
      case Fact::Kind::Text:
        to.text(name, fact.text);
        break;
      case Fact::Kind::Number:
        to.number(name, fact.number);
        break;
      case Fact::Kind::Errno:
        to.result(name, static_cast<int>(fact.number));
        break;
    }
  }
}

std::string encoded(const Look& look) {
  Entry entry{"", "", {}};
  look(entry.seen);
  Transcript one;
  one.add(std::move(entry));
  return one.encode();
}

bool given_up(Scene& scene, const Error& trouble) {
  scene.broken(trouble.str());
  return false;
}

// The body of a process that looks and answers.
int answer(Channel& channel, const Look& look) { return channel.send(encoded(look)) ? 0 : 1; }

// `end` waits for the helper's end.
template <class End>
bool take_answer(Scene& scene, Channel& channel, std::string_view prefix, const End& end) {
  const Result<std::string> text = channel.receive(Deadline::in(patience()));
  if (!text) {
    const bool hung_up = text.error().err == ECONNRESET;
    const Result<ExitStatus> ended = hung_up ? end() : Result<ExitStatus>(text.error());
    scene.broken(ended ? fmt::format("a helper process {} before it answered", ended->str())
                       : fmt::format("a helper process gave no answer: {}", text.error().str()));
    return false;
  }
  const Result<Transcript> one = Transcript::decode(*text);
  if (!one || one->entries().size() != 1) {
    scene.broken("a helper process gave a malformed answer");
    return false;
  }
  copy_facts(one->entries().front().seen, prefix, scene.seen);
  return true;
}

// One descriptor's message, to be sent or received.
struct FdMessage {
  FdMessage() {
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
  }
  char byte = 'f';
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
  msghdr message{};
};

}  // namespace

bool in_child(Scene& scene, const Look& look) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return given_up(scene, ends.error());
  Result<Child> child = Child::fork([&] {
    ends->first.close();
    return answer(ends->second, look);
  });
  if (!child) return given_up(scene, child.error());
  ends->second.close();
  return take_answer(scene, ends->first, "",
                     [&child] { return child->wait(Deadline::in(patience())); });
}

bool in_nested(Scene& scene, std::string_view prefix, NamespaceSet set, const Look& look,
               Method method) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return given_up(scene, ends.error());
  const Recipe recipe{.namespaces = set, .method = method, .variant = "", .privilege = {}};
  Result<Member> member = enter(
      recipe,
      [&] {
        ends->first.close();
        return answer(ends->second, look);
      },
      Deadline::in(patience()));
  scene.seen.result(fmt::format("{} enter", prefix), member ? 0 : member.error().err);
  if (!member) return true;
  ends->second.close();
  return take_answer(scene, ends->first, prefix,
                     [&member] { return member->wait(Deadline::in(patience())); });
}

bool send_fd(int socket, int fd) {
  FdMessage one;
  cmsghdr* const header = CMSG_FIRSTHDR(&one.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return ::sendmsg(socket, &one.message, MSG_NOSIGNAL) == 1;
}

Fd receive_fd(int socket) {
  FdMessage one;
  if (::recvmsg(socket, &one.message, MSG_CMSG_CLOEXEC) != 1) return Fd();
  const cmsghdr* const header = CMSG_FIRSTHDR(&one.message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return Fd();
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return Fd(fd);
}

}  // namespace nsbench
