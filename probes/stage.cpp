#include "probes/stage.h"

#include <fmt/format.h>
#include <sys/prctl.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <exception>
#include <utility>

#include "probes/sandbox/channel.h"
#include "probes/sandbox/enter.h"

namespace nsbench {

namespace {

std::string in_act(const Act& act, std::string_view trouble) {
  return fmt::format("act \"{}\" {}: {}", act.name, id(act.side), trouble);
}

// For ps(1), and for whoever traces the check (suites/selftest): "nsb-inside".
void name_process(Side side) { ::prctl(PR_SET_NAME, fmt::format("nsb-{}", id(side)).c_str()); }

// Plays one act and packs what came of it.
Played play_act(const Act& act, const Transcript& so_far, const Scene::Facts& facts) {
  Scene scene(so_far, facts);
  try {
    act.play(scene);
  } catch (const std::exception& thrown) {
    scene.broken(fmt::format("it threw: {}", thrown.what()));
  }
  Played played;
  played.skip = scene.skipped();
  if (!scene.trouble().empty()) played.broken = in_act(act, scene.trouble());
  played.transcript.add({std::string(id(act.side)), std::string(act.name), std::move(scene.seen)});
  return played;
}

// A command to a side's process: which act, the sides' pids, and what was seen so far.
struct Command {
  std::size_t act = 0;
  pid_t inside_pid = 0;
  pid_t sibling_pid = 0;
  Transcript so_far;

  [[nodiscard]] std::string encode() const {
    return fmt::format("{} {} {}\n{}", act, inside_pid, sibling_pid, so_far.encode());
  }
  static Result<Command> decode(const std::string& text) {
    Command command;
    const char* const end = text.data() + text.size();
    auto parsed = std::from_chars(text.data(), end, command.act);
    for (pid_t* const pid : {&command.inside_pid, &command.sibling_pid}) {
      if (parsed.ptr < end) parsed = std::from_chars(parsed.ptr + 1, end, *pid);
    }
    if (parsed.ec != std::errc{} || parsed.ptr >= end) return Error{"malformed command"};
    Result<Transcript> so_far = Transcript::decode(std::string_view(parsed.ptr + 1, end));
    if (!so_far) return so_far.error();
    command.so_far = std::move(*so_far);
    return command;
  }
};

// What a side's process does until the stage hangs up.
int serve(const Probe& probe, const Recipe& recipe, const Support& support, Channel& channel) {
  for (;;) {
    const Result<std::string> text = channel.receive();
    if (!text) return 0;
    const Result<Command> command = Command::decode(*text);
    if (!command || command->act >= probe.acts.size()) return 1;
    const Act& act = probe.acts[command->act];
    const Played played = play_act(act, command->so_far,
                                   {recipe, command->inside_pid, command->sibling_pid, &support});
    if (channel.send(played.encode())) continue;
    // Too long, perhaps: the stage should hear that much.
    Played lost;
    lost.broken = in_act(act, "what it saw can't be sent");
    if (!channel.send(lost.encode())) return 1;
  }
}

// One side other than the outside: its process and the channel to it.
class Player {
 public:
  Status enter(const Probe& probe, Side side, const Recipe& recipe, const Support& support,
               Deadline deadline) {
    Result<std::pair<Channel, Channel>> ends = Channel::pair();
    if (!ends) return ends.error();
    Result<Member> member = nsbench::enter(
        recipe,
        [&] {
          ends->first.close();
          name_process(side);
          return serve(probe, recipe, support, ends->second);
        },
        deadline);
    if (!member) return member.error();
    member_ = std::move(*member);
    channel_ = std::move(ends->first);
    entered_ = true;
    return {};
  }
  [[nodiscard]] bool entered() const { return entered_; }
  [[nodiscard]] pid_t body() const { return member_.body; }

  // An Error names how the process ended, or that it hangs.
  Result<Played> play(const Command& command, Deadline deadline) {
    if (Status s = channel_.send(command.encode()); !s) return s.error();
    const Result<std::string> answer = channel_.receive(deadline);
    if (answer) return Played::decode(*answer);
    if (answer.error().err == ETIMEDOUT) return Error{"it hung past its deadline"};
    if (answer.error().err != ECONNRESET) return answer.error();
    const Result<ExitStatus> ended = member_.wait(deadline);
    return Error{fmt::format("its process {}", ended ? ended->str() : "hung past its deadline")};
  }

 private:
  Member member_;
  Channel channel_;
  bool entered_ = false;
};

Entry entering(Side side, const Recipe& recipe, pid_t body) {
  Observation seen;
  for (const std::string& step : steps_of(recipe)) seen.result(step, 0);
  seen.number("pid", body);
  return {"door", fmt::format("enter {}", id(side)), std::move(seen)};
}

// Appends what one act brought; true if the play goes on.
bool take(Played& all, Played one) {
  for (const Entry& entry : one.transcript.entries()) all.transcript.add(entry);
  all.skip = std::move(one.skip);
  all.broken = std::move(one.broken);
  return !all.skip && all.broken.empty();
}

using Players = std::array<Player, 3>;  // by Side; the outside's stays unused

Played play_acts(const Probe& probe, const Recipe& recipe, const Support& support,
                 Deadline deadline, Players& players) {
  Played all;
  const auto body = [&players](Side side) { return players[static_cast<int>(side)].body(); };
  const auto facts = [&] {
    return Scene::Facts{recipe, body(Side::Inside), body(Side::Sibling), &support};
  };
  for (std::size_t i = 0; i < probe.acts.size(); ++i) {
    const Act& act = probe.acts[i];
    if (act.side == Side::Outside) {
      if (!take(all, play_act(act, all.transcript, facts()))) return all;
      continue;
    }
    Player& player = players[static_cast<std::size_t>(act.side)];
    if (!player.entered()) {
      if (Status s = player.enter(probe, act.side, recipe, support, deadline); !s) {
        all.refused = s.error();
        return all;
      }
      all.transcript.add(entering(act.side, recipe, player.body()));
    }
    Result<Played> one =
        player.play({i, body(Side::Inside), body(Side::Sibling), all.transcript}, deadline);
    if (!one) {
      all.broken = in_act(act, one.error().str());
      return all;
    }
    if (!take(all, std::move(*one))) return all;
  }
  return all;
}

}  // namespace

void play(const Probe& probe, const Recipe& recipe, const Support& support, Deadline deadline,
          const std::function<void(const Played&)>& tell) {
  name_process(Side::Outside);
  Players players;
  tell(play_acts(probe, recipe, support, deadline, players));
}

}  // namespace nsbench
