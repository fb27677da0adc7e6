#include "reports/testdata/sample_report.h"

#include <fmt/format.h>

#include <cerrno>
#include <exception>
#include <random>

#include "reports/judgement.h"
#include "reports/statistics.h"

namespace nsbench {
namespace {

struct Way {
  Method method;
  const char* variant;
};
constexpr Way clone_way{Method::Clone, ""};
constexpr Way clone3_way{Method::Clone3, ""};
constexpr Way unshare_way{Method::Unshare, ""};
constexpr Way setns_way{Method::Setns, ""};
constexpr Way pidfd_way{Method::Setns, "pidfd"};

struct SampleProbe {
  const char* family;
  const char* name;
  const char* rule;
  std::vector<Way> ways;
};

std::vector<SampleProbe> sample_probes() {
  const std::vector<Way> all{clone_way, clone3_way, unshare_way, setns_way, pidfd_way};
  const std::vector<Way> without_clone{clone3_way, unshare_way, setns_way, pidfd_way};
  return {
      {"pid", "first_is_one", "the first process inside is PID 1", {clone_way, clone3_way}},
      {"pid", "parent_is_invisible", "the parent outside has no PID inside", all},
      {"uts", "hostname", "a host name set inside is not seen outside", all},
      {"mnt", "mount_view", "a mount made inside is not seen outside", all},
      {"ipc", "sysv_keys", "a System V key made outside is not found inside", all},
      {"user", "uid_map", "uid 0 inside is not uid 0 outside", all},
      {"net", "interfaces", "an interface made outside is not seen inside", all},
      {"cgroup", "root_path", "the own cgroup is the root inside", all},
      {"time", "boot_offset", "an offset set inside moves no clock outside", without_clone},
      {"nsfs", "inode_differs", "the namespace has an inode of its own", all},
  };
}

CaseResult passing(const SampleProbe& probe, Way way, Privilege privilege) {
  CaseResult result;
  result.id = {probe.family, probe.name, {}, way.method, way.variant, privilege, false};
  result.namespaces = {probe.family == std::string("nsfs") ? "uts" : probe.family};
  result.verdict = VerdictKind::Pass;
  result.seconds = 0.0042;
  result.expected = fmt::format("{}: 'outside'", probe.rule);
  result.observed = "'outside'";
  result.statements = {{Statement::Kind::Isolation, probe.rule, "'outside'", "'outside'", true, 0}};
  return result;
}

CaseResult leaking_control(const CaseResult& real) {
  CaseResult control = real;
  control.id = real.id.with_control(true);
  control.namespaces.clear();
  control.observed = "'inside'";
  control.statements.front().observed = "'inside'";
  control.statements.front().holds = false;
  return control;
}

void skip(CaseResult& result, SkipReason reason, std::string observed, int err) {
  result.verdict = VerdictKind::Skip;
  result.skip = reason;
  result.observed = std::move(observed);
  result.err = err;
  result.statements.clear();
}

std::vector<CaseResult> healthy_cases() {
  std::vector<CaseResult> cases;
  for (const SampleProbe& probe : sample_probes()) {
    for (const Privilege privilege : all_privileges) {
      for (const Way way : probe.ways) {
        CaseResult result = passing(probe, way, privilege);
        CaseResult control = leaking_control(result);
        if (result.id.family == "time") {
          for (CaseResult* both : {&result, &control}) {
            skip(*both, SkipReason::NoNamespace, "/proc/self/ns/time: ENOENT", ENOENT);
          }
        }
        cases.push_back(std::move(result));
        cases.push_back(std::move(control));
      }
    }
  }
  return cases;
}

CaseResult& case_named(std::vector<CaseResult>& cases, const std::string& id) {
  for (CaseResult& result : cases) {
    if (result.id.str() == id) return result;
  }
  std::terminate();  // a mistake in this file
}

void add_trouble(std::vector<CaseResult>& cases) {
  for (const char* id : {"uts/hostname:setns:userns", "uts/hostname:setns.pidfd:userns"}) {
    CaseResult& failed = case_named(cases, id);
    failed.verdict = VerdictKind::Fail;
    failed.observed = "'inside'";
    failed.statements.front().observed = failed.observed;
    failed.statements.front().holds = false;
    failed.statements.push_back({Statement::Kind::Works, "a host name can be set inside", "success",
                                 "EPERM", false, EPERM});
  }
  CaseResult& control = case_named(cases, "ipc/sysv_keys:unshare:root:control");
  control.verdict = VerdictKind::Broken;
  control.observed = "ENOENT";
  control.err = ENOENT;
  control.expected =
      "a System V key made outside is not found inside: must not hold while the namespace is "
      "shared";
  control.statements.front().holds = true;
  for (CaseResult& result : cases) {
    if (result.id.family != "cgroup" || result.id.privilege != Privilege::Userns) continue;
    skip(result, SkipReason::Policy, "mount(cgroup2): EPERM", EPERM);
  }
  skip(case_named(cases, "net/interfaces:clone3:userns"), SkipReason::Limit,
       "clone3(CLONE_NEWNET): ENOSPC", ENOSPC);
  settle_controls(cases);
}

// Times around `typical` with a tail: a few per cent of noise, and every 50th call 3 times as slow.
Series timed(const std::string& id, std::vector<std::string> namespaces, double typical, int calls,
             int batches) {
  Series series;
  series.id = *CaseId::parse(id);
  series.workload = fmt::format("one {}, until the call returns", id);
  series.namespaces = std::move(namespaces);
  series.warmup_batches = 2;
  std::mt19937_64 random(id.size() * 1000003 + static_cast<std::uint64_t>(calls));
  SampleStore store(1);
  for (int i = 0; i < batches; ++i) {
    std::vector<double> times;
    for (int call = 0; call < calls / batches; ++call) {
      const double noise = static_cast<double>(random() % 1000) / 1000;
      times.push_back(typical * (1 + 0.12 * noise * noise) * (random() % 50 == 0 ? 3 : 1));
      store.add(times.back());
    }
    Batch batch = batch_of(times);
    batch.t = 0.25 * (i + 1);
    batch.cpu = batch.p25 * 0.8;
    batch.seconds = static_cast<double>(batch.calls) * batch.p25 * 2e-9;
    batch.drain = series.namespaces.empty() ? 0 : 0.015;
    series.batches.push_back(batch);
  }
  store.move_into(series);
  return series;
}

std::vector<Series> sample_series(double pace) {
  std::vector<Series> all{
      timed("create/none:clone:root", {}, 81'200 * pace, 2000, 20),
      timed("create/pid:clone:root", {"pid"}, 96'400 * pace, 2000, 20),
      timed("create/pid:clone3:root", {"pid"}, 97'100 * pace, 2000, 20),
      timed("create/uts:unshare:root", {"uts"}, 1'830 * pace, 4000, 20),
      timed("create/net:unshare:root", {"net"}, 412'000 * pace, 400, 20),
      timed("create/mnt/mounts=1000:unshare:root", {"mnt"}, 1'610'000 * pace, 200, 10),
      timed("create/mnt/mounts=10:unshare:root", {"mnt"}, 22'400 * pace, 2000, 20),
      timed("join/uts:setns.pidfd:root", {"uts"}, 640 * pace, 4000, 20),
      timed("teardown/net:unshare:root", {"net"}, 18'300'000 * pace, 60, 6),
  };
  all.back().drained = false;
  return all;
}

void add_trouble(std::vector<Series>& all) {
  Series failed;
  failed.id = *CaseId::parse("create/net:clone3:userns");
  failed.workload = "one create/net:clone3:userns, until the call returns";
  failed.namespaces = {"net"};
  failed.calls = 997;
  failed.failures = 3;
  failed.error = "clone3(CLONE_NEWNET): ENOSPC";
  failed.min = failed.max = failed.mean = 400'000;
  all.push_back(std::move(failed));
  Series skipped;
  skipped.id = *CaseId::parse("create/time:unshare:root");
  skipped.workload = "one create/time:unshare:root, until the call returns";
  skipped.namespaces = {"time"};
  skipped.skip = SkipReason::NoNamespace;
  skipped.error = "/proc/self/ns/time: ENOENT";
  all.push_back(std::move(skipped));
}

Environment sample_environment() {
  Environment environment;
  environment.host_name = "lab\x1b[31m-7";
  environment.cpu_model = "AMD EPYC 7763 64-Core Processor";
  environment.cpus = 2;
  environment.mhz = 2445.432;
  environment.caches = {{"Data", 1, 32768, 1}, {"Unified", 3, 33554432, 2}};
  environment.load_avg = {0.31, 0.22, 0.1};
  environment.virtualisation = "kvm";
  environment.capabilities = "000001ffffffffff";
  environment.seccomp = "off";
  environment.lsm = "lockdown,capability,yama,apparmor";
  environment.limits = {{"user.max_net_namespaces", 16},
                        {"user.max_user_namespaces", 31231},
                        {"user.max_pid_namespaces", 31231}};
  environment.namespaces = {{"pid", true},  {"uts", true}, {"mnt", true},    {"ipc", true},
                            {"user", true}, {"net", true}, {"cgroup", true}, {"time", false}};
  return environment;
}

}  // namespace

Report healthy_report() {
  Report report;
  report.run = {.version = "0.1.0",
                .build_type = "release",
                .workload_version = 1,
                .command = "nsbench --suite=quick",
                .suite = "quick",
                .seed = 42,
                .started = "2026-01-15T09:30:00Z",
                .seconds = 12.345678,
                .interrupted = false};
  report.kernel.release = "6.1.0-28-amd64";
  report.kernel.version = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)";
  report.kernel.machine = "x86_64";
  report.kernel.cmdline = "root=/dev/vda1 ro quiet";
  report.kernel.machine_id = "d3b07384d113edec49eaa6238ad5ff00";
  report.kernel.boot_id = "5f1c0b8e-6b1e-4d57-9a38-3c1f0f3b8a11";
  report.environment = sample_environment();
  report.cases = healthy_cases();
  report.series = sample_series(1);
  return report;
}

Report unwell_report() {
  Report report = healthy_report();
  KernelInfo& kernel = report.kernel;
  kernel.engine = "qemu-tcg";
  kernel.taint_before = 0;
  kernel.taint = taint_warned | taint_died;
  kernel.boot_seconds = 3.25;
  kernel.config = "embedded";
  kernel.config_options = {{"CONFIG_HZ", "250"}, {"CONFIG_NET_NS", "y"}, {"CONFIG_TIME_NS", "n"}};
  kernel.accelerator_note = "/dev/kvm: ENOENT";
  kernel.splats = {
      {"kasan",
       "[   12.345670] ==================================================================\n"
       "[   12.345671] BUG: KASAN: slab-use-after-free in cleanup_net+0x51/0x5f0\n"
       "[   12.345672] Read of size 8 at addr ffff888004a1b2c0 by task kworker/u4:2/34\n"
       "[   12.345680] Call Trace:\n"
       "[   12.345681]  <TASK>\n"
       "[   12.345682]  process_one_work+0x1a1/0x3a0\n"
       "[   12.345690] ==================================================================",
       "net/interfaces:clone:root net/interfaces:clone3:root"},
      {"warning",
       "[   14.000001] ------------[ cut here ]------------\n"
       "[   14.000002] WARNING: CPU: 1 PID: 412 at kernel/nsproxy.c:187 free_nsproxy+0x8c/0x90\n"
       "[   14.000020] ---[ end trace 0000000000000000 ]---",
       ""}};
  return report;
}

Report sample_report(double pace) {
  Report report = healthy_report();
  add_trouble(report.cases);
  report.series = sample_series(pace);
  add_trouble(report.series);
  report.warnings = {{"noisy-machine",
                      "another process used 38 % of one CPU while create/net was timed, so that "
                      "its spread says more about that process than about the kernel"},
                     {"governor", "cpu0 runs under the governor 'powersave'"}};
  return report;
}

}  // namespace nsbench
