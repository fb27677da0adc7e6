#include "suites/cli/fleet_jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "reports/file.h"
#include "reports/printable.h"
#include "suites/cli/gate_matrix.h"
#include "suites/cli/under_test.h"
#include "suites/fleet/job.h"

namespace nsbench::cli {

namespace {

namespace fs = std::filesystem;

// A kernel whose files are in place.
struct Placed {
  std::string name;
  std::string release;
  std::string append;
  std::string content;
};

bool is_file(const fs::path& path) {
  std::error_code failed;
  return fs::is_regular_file(path, failed);
}

// Each file that is called like a kernel, and each directory that has one.
Result<std::vector<MatrixKernel>> kernels_in(const std::string& directory) {
  constexpr std::array names{"vmlinuz", "bzImage", "arch/x86/boot/bzImage", "vmlinux"};
  std::error_code failed;
  std::vector<fs::path> entries;
  for (fs::directory_iterator at(directory, failed), end; !failed && at != end;
       at.increment(failed)) {
    entries.push_back(at->path());
  }
  if (failed) return Error{fmt::format("'{}'", printable(directory)), failed.value()};
  std::sort(entries.begin(), entries.end());
  std::vector<MatrixKernel> kernels;
  for (const fs::path& entry : entries) {
    const std::string name = entry.filename();
    const auto add = [&](const fs::path& image) {
      kernels.push_back({.name = name, .options = {}});
      kernels.back().options.image = image;
    };
    if (is_file(entry)) {
      const bool is_kernel = std::any_of(names.begin(), names.end(), [&name](const char* begin) {
        return name.starts_with(begin);
      });
      if (is_kernel) add(entry);
      continue;
    }
    const auto* const inside = std::find_if(
        names.begin(), names.end(), [&entry](const char* file) { return is_file(entry / file); });
    if (inside != names.end()) add(entry / *inside);
  }
  if (kernels.empty()) {
    return Error{
        fmt::format("no kernel is in '{}': no vmlinuz, bzImage or vmlinux there, nor in a "
                    "directory of it",
                    printable(directory))};
  }
  return kernels;
}

Result<std::vector<MatrixKernel>> kernels_of(const FleetOptions& options) {
  std::error_code failed;
  const bool is_directory = fs::is_directory(options.kernels, failed);
  Result<std::vector<MatrixKernel>> kernels =
      is_directory ? kernels_in(options.kernels) : read_matrix(options.kernels);
  if (!kernels) return kernels;
  for (const MatrixKernel& kernel : *kernels) {
    if (!fleet::is_name(kernel.name)) {
      return Error{
          fmt::format("'{}' can't be a kernel's name: letters, digits, '.', '_' and '-' can, "
                      "64 at most; a list of kernels (nsbench gate --matrix) gives others",
                      printable(kernel.name))};
    }
  }
  if (!options.base.empty() &&
      std::none_of(kernels->begin(), kernels->end(), [&options](const MatrixKernel& kernel) {
        return kernel.name == options.base;
      })) {
    return Error{fmt::format("--base {}: there is no such kernel among those of {}",
                             printable(options.base), printable(options.kernels))};
  }
  return kernels;
}

std::vector<std::string> guest_words(const FleetOptions& options) {
  std::vector<std::string> words{"run"};
  words.insert(words.end(), options.words.begin(), options.words.end());
  words.insert(words.end(), {"--format", "ktap", "--report", "lava:-", "--channel", "-"});
  return words;
}

// In a guest all words are given as they are; this is to be read by people.
std::string command_of(const FleetOptions& options) {
  std::string command = "nsbench run";
  for (const std::string& word : options.words) command += " " + word;
  return command;
}

fs::path directory_of(const FleetOptions& options, const std::string& kernel) {
  return fs::path(options.directory) / "kernels" / kernel;
}

Result<Placed> place(const MatrixKernel& wanted, const FleetOptions& options) {
  // No engine is tried: it is LAVA's.
  const MachineOptions machine{.engine = "qemu-tcg", .init = options.init};
  const Result<KernelUnderTest> kernel = KernelUnderTest::prepare(wanted.options, machine, nullptr);
  if (!kernel) return kernel.error();
  std::string append = options.append;
  if (!wanted.options.append.empty()) append += (append.empty() ? "" : " ") + wanted.options.append;
  if (!fleet::is_plain(append)) {
    return Error{
        fmt::format("{}: LAVA can't pass quotes, backslashes, '$', '`', braces or anything "
                    "but printable ASCII on to a kernel: \"{}\"",
                    wanted.name, printable(append))};
  }
  const Result<std::string> image = read_file(wanted.options.image, kernel::max_image_bytes);
  if (!image) return image.error();
  const Result<std::string> root = kernel->initramfs(guest_words(options));
  if (!root) return root.error();
  const fs::path directory = directory_of(options, wanted.name);
  if (Status kept = fleet::put(directory / "kernel", *image); !kept) return kept.error();
  if (Status kept = fleet::put(directory / "initramfs", *root); !kept) return kept.error();
  return Placed{.name = wanted.name,
                .release = kernel->image().release,
                .append = append,
                .content = fleet::fingerprint(*image) + " " + fleet::fingerprint(*root)};
}

std::string url_of(const FleetOptions& options, const Placed& kernel, const char* file) {
  if (options.url.empty()) {
    return fleet::url_of(
        "file://" +
        (fs::absolute(directory_of(options, kernel.name)).lexically_normal() / file).string());
  }
  return fleet::url_of(fmt::format("{}{}kernels/{}/{}", options.url,
                                   options.url.ends_with('/') ? "" : "/", kernel.name, file));
}

Result<fleet::JobText> job_of(const FleetOptions& options, std::string_view job_template,
                              const Placed& kernel, int boot) {
  return fleet::make_job(job_template, {.kernel = kernel.name,
                                        .release = kernel.release,
                                        .device_type = options.device_type,
                                        .boot = boot,
                                        .base = options.base,
                                        .command = command_of(options),
                                        .append = kernel.append,
                                        .kernel_url = url_of(options, kernel, "kernel"),
                                        .initramfs_url = url_of(options, kernel, "initramfs"),
                                        .content = kernel.content,
                                        .run_minutes = options.minutes});
}

// Who submits all that lies in a directory must not submit what somebody asked for before.
Status check_nothing_else(const fs::path& jobs, const std::set<std::string>& ours) {
  std::error_code none;
  for (fs::directory_iterator at(jobs, none), end; !none && at != end; at.increment(none)) {
    const std::string name = at->path().filename();
    if (ours.contains(name)) continue;
    return Error{
        fmt::format("'{}' is none of these jobs: it is of an earlier call, and would be "
                    "submitted with them; --add keeps it; remove it, or name another directory",
                    printable((jobs / name).string()))};
  }
  return {};
}

std::string file_name(const std::string& kernel, int boot) {
  return fmt::format("{}.boot-{}.yaml", kernel, boot);
}

Result<std::string> template_of(const FleetOptions& options) {
  if (options.job_template.empty()) return std::string(fleet::builtin_template());
  return read_file(options.job_template);
}

fleet::PlannedJob planned(const Placed& kernel, int boot, const fleet::JobText& job) {
  return {.id = job.id,
          .name = job.name,
          .kernel = kernel.name,
          .release = kernel.release,
          .boot = boot,
          .file = (fs::path("jobs") / file_name(kernel.name, boot)).string()};
}

// `others`: jobs of these files are there rightly.
Result<fleet::Plan> place_all(const FleetOptions& options, const std::vector<MatrixKernel>& kernels,
                              const std::set<std::string>& others) {
  const Result<std::string> job_template = template_of(options);
  if (!job_template) return job_template.error();
  const fs::path jobs = fs::path(options.directory) / "jobs";
  std::set<std::string> names = others;
  for (const MatrixKernel& kernel : kernels) {
    for (int boot = 1; boot <= options.boots; ++boot) names.insert(file_name(kernel.name, boot));
  }
  if (Status fine = check_nothing_else(jobs, names); !fine) return fine.error();
  fleet::Plan plan{.device_type = options.device_type,
                   .base = options.base,
                   .minutes = fleet::job_minutes(options.minutes)};
  std::vector<std::string> texts;
  for (const MatrixKernel& kernel : kernels) {
    const Result<Placed> placed = place(kernel, options);
    if (!placed) return placed.error();
    for (int boot = 1; boot <= options.boots; ++boot) {
      Result<fleet::JobText> job = job_of(options, *job_template, *placed, boot);
      if (!job) {
        return Error{
            fmt::format("--template {}: {}", printable(options.job_template), job.error().str())};
      }
      plan.jobs.push_back(planned(*placed, boot, *job));
      texts.push_back(std::move(job->yaml));
    }
  }
  // Behind all that can fail: a job that is there can be submitted.
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const fs::path file = fs::path(options.directory) / plan.jobs[i].file;
    if (Status kept = fleet::put(file, texts[i]); !kept) return kept.error();
  }
  // In turn: if all boots of one kernel came before those of the next, what changes on the machines
  // meanwhile would be taken for a difference between the kernels.
  std::stable_sort(plan.jobs.begin(), plan.jobs.end(),
                   [](const auto& x, const auto& y) { return x.boot < y.boot; });
  return plan;
}

}  // namespace

Result<MadeFleet> make_fleet(const FleetOptions& options) {
  if (Status fine = check_guest_words(options.words); !fine) return fine.error();
  if (!fleet::is_name(options.device_type)) {
    return Error{
        fmt::format("--device-type \"{}\" is no name of one", printable(options.device_type, 100))};
  }
  const Result<std::vector<MatrixKernel>> kernels = kernels_of(options);
  if (!kernels) return kernels.error();
  std::error_code failed;
  fs::create_directories(options.directory, failed);
  if (failed) {
    return Error{fmt::format("mkdir('{}')", printable(options.directory)), failed.value()};
  }
  const fleet::Directory directory{fs::path(options.directory)};
  Result<Fd> lock = directory.lock();
  if (!lock) return lock.error();
  const Result<std::optional<fleet::Plan>> before = directory.find_plan();
  if (!before) return before.error();
  if (*before && (*before)->device_type != options.device_type) {
    return Error{fmt::format("'{}' has a fleet of {}: name another directory for {}",
                             printable(options.directory), (*before)->device_type,
                             options.device_type)};
  }
  std::set<std::string> others;
  if (options.add && *before) {
    for (const fleet::PlannedJob& job : (*before)->jobs) {
      others.insert(fs::path(job.file).filename());
    }
  }
  Result<fleet::Plan> plan = place_all(options, *kernels, others);
  if (!plan) return plan.error();
  if (*before) fleet::take_over(*plan, **before);
  if (*before && options.add) fleet::add_others(*plan, **before);
  if (Status kept = directory.keep(*plan); !kept) return kept.error();
  return MadeFleet{std::move(*plan), std::move(*lock)};
}

void add_making(CLI::App& app, FleetOptions& options) {
  app.add_option(
         "--kernels", options.kernels,
         "A list of kernels, as nsbench gate --matrix reads it; or a directory with kernels, or "
         "with directories that have one")
      ->type_name("LIST|DIR")
      ->required();
  app.add_option("--device-type", options.device_type, "On which of LAVA's machines")
      ->type_name("T")
      ->required();
  app.add_option("--boots", options.boots, "How often each kernel is booted, each time by a job")
      ->type_name("N")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_flag("--add", options.add,
               "To the jobs that are there: more kernels, or more boots of some; else the jobs of "
               "this call have to be all");
  app.add_option("--base", options.base, "The kernel that the others will be compared with")
      ->type_name("NAME");
  app.add_option("--fleet,--out", options.directory,
                 "Write jobs/KERNEL.boot-N.yaml, what they boot, kernels/KERNEL/kernel and "
                 "initramfs, and fleet.json below DIR; what is there already stays as it is")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--url", options.url,
                 "Where LAVA's workers find DIR (default: as a directory of their own, file://)")
      ->type_name("URL");
  app.add_option("--template", options.job_template,
                 "Jobs like this one, with @KERNEL_URL@ and the like in it (default: for QEMU, as "
                 "ci/lava/job-qemu.yaml, which says what there is)")
      ->type_name("FILE");
  app.add_option("--append", options.append, "Append this to each kernel's command line")
      ->type_name("WORDS");
  app.add_option("--minutes", options.minutes, "Give a run up after this long")
      ->type_name("N")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  app.add_option("--init", options.init,
                 "The nsbench-static to boot with (default: beside this one; NSBENCH_INIT)")
      ->type_name("FILE");
  // What stands behind --: with_dashes_named().
  app.add_option("--guest-word", options.words)->group("")->expected(1)->take_all();
}

}  // namespace nsbench::cli
