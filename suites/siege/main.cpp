// siege: nsbench is killed at random moments, in every way, and nothing may be lost or left.
#include <fmt/format.h>
#include <getopt.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "suites/siege/attack.h"
#include "suites/siege/ground.h"
#include "suites/siege/scenario.h"
#include "suites/siege/tally.h"

namespace nsbench::siege {

namespace {

struct Options {
  int kills = 40;
  int from = 0;             // the number of the first kill: what is before is left out
  std::uint64_t seed = 0;   // 0: a random one
  std::string only;         // scenarios whose names begin so, or of this part
  std::string ending;       // endings whose names begin so
  double most_seconds = 0;  // of a scenario's span; 0: its own
  std::string program = NSBENCH_PROGRAM;
  std::string disk;
  std::string kernels = NSBENCH_SOURCE_DIR "/build/deps/kernels";
  bool verbose = false;
  bool list = false;
};

constexpr const char* usage =
    "siege [--kills N] [--seed S] [--from I] [--only SCENARIO|PART] [--ending ENDING]\n"
    "      [--within SECONDS] [--disk DIR] [--kernels DIR] [--nsbench FILE]\n"
    "      [--verbose] [--list]\n"
    "Kills nsbench N times at random moments (default: 40), and looks what is left. --seed and\n"
    "--from repeat one kill; --within: no later than that after its start; --disk: reports are\n"
    "written below DIR, and not in memory. Exit status: 0 nothing was lost or left, 1 something\n"
    "was, 2 usage, 77 it can't be done here.\n";

using CellOf = std::pair<const Scenario*, Ending>;

// Each pair of a scenario and an ending, in a random order; and again.
CellOf cell_of(const std::vector<CellOf>& cells, std::uint64_t seed, int number) {
  const auto round = static_cast<std::uint64_t>(number) / cells.size();
  std::vector<CellOf> order = cells;
  std::mt19937_64 random(seed * 7919 + round);
  std::shuffle(order.begin(), order.end(), random);
  return order[static_cast<std::size_t>(number) % cells.size()];
}

std::vector<CellOf> choose(const Options& options, const std::vector<Scenario>& scenarios,
                           const Attacks& attacks) {
  std::vector<CellOf> cells;
  std::vector<Ending> endings;
  for (const EndingRow& row : all_endings) {
    if (!std::string_view(row.name).starts_with(options.ending)) continue;
    if (const std::string why = attacks.missing(row.ending); !why.empty()) {
      fmt::print("\"{}\" is left out: {}\n", row.name, why);
    } else {
      endings.push_back(row.ending);
    }
  }
  for (const Scenario& scenario : scenarios) {
    if (!scenario.name.starts_with(options.only) && scenario.part != options.only) continue;
    if (const std::string why = attacks.missing(scenario); !why.empty()) {
      fmt::print("{} is left out: {}\n", scenario.name, why);
      continue;
    }
    for (const Ending ending : endings) {
      if (can_end(scenario, ending)) cells.emplace_back(&scenario, ending);
    }
  }
  return cells;
}

int besiege(const Options& options, const Ground& ground) {
  std::vector<Scenario> scenarios = all_scenarios();
  if (options.most_seconds > 0) {
    for (Scenario& one : scenarios) one.span = std::min(one.span, options.most_seconds);
  }
  Attacks attacks(ground, options.kernels);
  const std::vector<CellOf> cells = choose(options, scenarios, attacks);
  std::fflush(stdout);  // a child's exit does not
  if (cells.empty()) {
    fmt::print(stderr, "siege: nothing is left to be done\n");
    return 2;
  }
  if (Status prepared = attacks.prepare(); !prepared) {
    fmt::print(stderr, "siege: {}\n", prepared.error().str());
    return 1;
  }
  fmt::print("seed {}\n", options.seed);
  std::fflush(stdout);
  Tally tally;
  for (int i = options.from; i < options.from + options.kills; ++i) {
    const auto [scenario, ending] = cell_of(cells, options.seed, i);
    std::mt19937_64 random(options.seed + static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15U);
    const Outcome outcome = attacks.make(*scenario, ending, random);
    tally.add(*scenario, ending, outcome);
    if (options.verbose) {
      fmt::print(
          "{:4} {}, {} at {:.3f} s{}; {:.2f} s to its end, {:.2f} s until clean, {:.0f} times "
          "as busy\n",
          i, scenario->name, name_of(ending), outcome.moment, outcome.too_late ? " (too late)" : "",
          outcome.end_seconds.value_or(0), outcome.clean_seconds, outcome.busy, outcome.broken);
    }
    for (const std::string& failure : outcome.failures) {
      fmt::print("BAD: {}, {} at {:.3f} s: {} (--seed {} --from {} --kills 1)\n", scenario->name,
                 name_of(ending), outcome.moment, failure, options.seed, i);
    }
    std::fflush(stdout);
  }
  fmt::print("\n{}\n{} kills, {} with something lost or left\n", tally.str(scenarios),
             tally.kills(), tally.failed());
  std::fflush(stdout);
  return tally.failed() == 0 ? 0 : 1;
}

int list_all() {
  for (const Scenario& scenario : all_scenarios()) {
    fmt::print("{:<18}{:<12}nsbench", scenario.name, scenario.part);
    for (const std::string& word : scenario.words) fmt::print(" {}", word);
    fmt::print("\n");
  }
  return 0;
}

bool read_options(int argc, char** argv, Options& options) {
  const option known[] = {
      {"kills", required_argument, nullptr, 'n'},   {"seed", required_argument, nullptr, 's'},
      {"from", required_argument, nullptr, 'f'},    {"only", required_argument, nullptr, 'o'},
      {"ending", required_argument, nullptr, 'e'},  {"within", required_argument, nullptr, 'w'},
      {"disk", required_argument, nullptr, 'd'},    {"kernels", required_argument, nullptr, 'k'},
      {"nsbench", required_argument, nullptr, 'p'}, {"verbose", no_argument, nullptr, 'v'},
      {"list", no_argument, nullptr, 'l'},          {}};
  for (int c = 0; (c = ::getopt_long(argc, argv, "", known, nullptr)) != -1;) {
    switch (c) {
      case 'n':
        options.kills = std::atoi(optarg);
        break;
      case 's':
        options.seed = std::strtoull(optarg, nullptr, 10);
        break;
      case 'f':
        options.from = std::atoi(optarg);
        break;
      case 'o':
        options.only = optarg;
        break;
      case 'e':
        options.ending = optarg;
        break;
      case 'w':
        options.most_seconds = std::atof(optarg);
        break;
      case 'd':
        options.disk = optarg;
        break;
      case 'k':
        options.kernels = optarg;
        break;
      case 'p':
        options.program = optarg;
        break;
      case 'v':
        options.verbose = true;
        break;
      case 'l':
        options.list = true;
        break;
      default:
        return false;
    }
  }
  return optind == argc && options.kills > 0 && options.from >= 0;
}

int run(int argc, char** argv) {
  Options options;
  if (!read_options(argc, argv, options)) {
    fmt::print(stderr, "{}", usage);
    return 2;
  }
  if (options.list) return list_all();
  if (options.seed == 0) options.seed = std::random_device{}();
  const Result<int> code =
      on_own_ground(options.program, options.disk,
                    [&options](const Ground& ground) { return besiege(options, ground); });
  if (code) return *code;
  fmt::print(stderr, "siege: {}\n", code.error().str());
  constexpr int not_here = 77;
  return not_here;
}

}  // namespace
}  // namespace nsbench::siege

int main(int argc, char** argv) { return nsbench::siege::run(argc, argv); }
