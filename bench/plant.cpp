#include "bench/plant.h"

#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <utility>

#include "reports/pattern.h"
#include "reports/printable.h"
#include "reports/statistics.h"

namespace nsbench::bench {
namespace {

constexpr double percent = 0.01;
constexpr double largest_share = 10;  // of what is timed

// p25 of what a spin costs, with a system call before each as in a batch: the branch predictor must
// not learn its end.
double timed_spin(const Stopwatch& planted) {
  constexpr std::size_t timings = 400;
  std::vector<double> ns;
  ns.reserve(timings);
  for (std::size_t i = 0; i < timings; ++i) {
    static_cast<void>(::getppid());
    const Ticks started = planted.start();
    const Ticks stopped = planted.stop();
    ns.push_back(planted.ns(started, stopped));
  }
  std::sort(ns.begin(), ns.end());
  return quantile(ns, 0.25);
}

}  // namespace

Result<Plant> Plant::parse(std::string_view text) {
  const Error malformed{
      fmt::format("a plant is REGEX=3% or REGEX=50ns, not \"{}\"", printable(text, 200))};
  const std::size_t equals = text.rfind('=');
  if (equals == std::string_view::npos || equals == 0) return malformed;
  const std::string_view amount = text.substr(equals + 1);
  double number = 0;
  const auto [end, error] = std::from_chars(amount.data(), amount.data() + amount.size(), number);
  if (error != std::errc{} || !(number >= 0) || !std::isfinite(number)) return malformed;
  const std::string_view unit(end, static_cast<std::size_t>(amount.data() + amount.size() - end));
  Plant plant;
  plant.pattern = text.substr(0, equals);
  if (unit == "%") {
    plant.share = number * percent;
  } else if (unit == "ns") {
    plant.ns = number;
  } else {
    return malformed;
  }
  if (plant.share > largest_share) return malformed;
  Result<std::regex> regex = parse_pattern(plant.pattern);
  if (!regex) return regex.error();
  plant.regex = *std::move(regex);
  return plant;
}

bool Plant::is_for(const CaseId& id) const { return std::regex_search(id.str(), regex); }

const Plant* Plants::find(const CaseId& id) const {
  const auto found = std::find_if(spins.begin(), spins.end(),
                                  [&id](const Plant& plant) { return plant.is_for(id); });
  return found == spins.end() ? nullptr : &*found;
}

SpinCost SpinCost::measure(const Stopwatch& stopwatch) {
  constexpr std::uint64_t few = 64;
  constexpr std::uint64_t many = 4096;
  return from(few, timed_spin(stopwatch.planted(few)), many, timed_spin(stopwatch.planted(many)));
}

SpinCost SpinCost::from(std::uint64_t few_rounds, double few_ns, std::uint64_t many_rounds,
                        double many_ns) {
  SpinCost cost;
  if (many_rounds <= few_rounds || many_ns <= few_ns) return cost;
  cost.ns_per_round = (many_ns - few_ns) / static_cast<double>(many_rounds - few_rounds);
  cost.fixed_ns = std::max(0.0, few_ns - cost.ns_per_round * static_cast<double>(few_rounds));
  return cost;
}

std::uint64_t SpinCost::rounds_for(double ns) const {
  if (2 * ns < ns_of(1)) return 0;
  return static_cast<std::uint64_t>(std::max(1.0, std::round((ns - fixed_ns) / ns_per_round)));
}

double SpinCost::ns_of(std::uint64_t rounds) const {
  return rounds == 0 ? 0 : fixed_ns + ns_per_round * static_cast<double>(rounds);
}

Status install_idle_filter(int instructions) {
  const std::string step = fmt::format("prctl(PR_SET_SECCOMP, {} instructions)", instructions);
  if (instructions < 2 || instructions > BPF_MAXINSNS) return Error{step, EINVAL};
  std::vector<sock_filter> filter(static_cast<std::size_t>(instructions),
                                  BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 1));
  filter.front() = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args));
  filter.back() = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const sock_fprog program{.len = static_cast<unsigned short>(instructions),
                           .filter = filter.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Error::last("PR_SET_NO_NEW_PRIVS");
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return Error::last(step);
  return {};
}

}  // namespace nsbench::bench
