#include "suites/cli/under_test.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "ci/kernel/initramfs.h"
#include "ci/kernel/kernel_config.h"
#include "ci/kernel/modules.h"
#include "ci/kernel/needed_modules.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/serial_line.h"
#include "reports/file.h"
#include "reports/kernel_config.h"
#include "reports/place.h"
#include "reports/printable.h"
#include "reports/terminal_filter.h"
#include "suites/cli/catalog_order.h"

namespace nsbench::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::array engines{kernel::Engine::Kvm, kernel::Engine::Tcg, kernel::Engine::Uml};

bool is_there(const std::string& path) {
  std::error_code failed;
  return fs::is_regular_file(path, failed);
}

// A static nsbench: named, in the environment, or where a build or an installation leaves it.
Result<std::string> find_init(const std::string& named) {
  if (!named.empty()) return named;
  if (const char* const path = std::getenv("NSBENCH_INIT"); path != nullptr && *path != '\0') {
    return std::string(path);
  }
  const Result<std::string> self = read_link("/proc/self/exe");
  if (!self) return self.error();
  const std::string here = fs::path(*self).parent_path();
  for (const std::string& path : {here + "/nsbench-static", here + "/../libexec/nsbench-static"}) {
    if (is_there(path)) return path;
  }
  if (const Result<std::string> bytes = read_file(*self);
      bytes && kernel::check_static(*self, *bytes)) {
    return *self;
  }
  return Error{fmt::format(
      "no static nsbench to boot with was found beside {}: ci/install-deps.sh --static and a build "
      "make nsbench-static; or give --init FILE",
      *self)};
}

Result<kernel::Engine> engine_named(const std::string& name, const kernel::Image& image) {
  const auto* const found = std::find_if(engines.begin(), engines.end(),
                                         [&name](kernel::Engine e) { return id(e) == name; });
  if (found == engines.end()) return Error{fmt::format("there is no engine {}", name)};
  const bool is_uml = image.kind == kernel::ImageKind::Uml;
  if ((*found == kernel::Engine::Uml) == is_uml) return *found;
  return Error{fmt::format(
      "--engine {}: {} is {}", name, image.path,
      is_uml ? "a User-Mode Linux, which boots itself" : "no User-Mode Linux executable")};
}

// It is written as it comes, so not in one step as a report is.
Result<Fd> open_console_file(const std::string& path) {
  if (path == "-") {
    Fd copy(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!copy.valid()) return Error::last("fcntl(F_DUPFD, standard error)");
    return copy;
  }
  const Result<Place> place = find_place(path);
  if (!place) return place.error();
  const int follow = place->open_file ? 0 : O_NOFOLLOW;
  Fd file(::openat(place->directory.get(), place->name.c_str(),
                   O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | follow, 0644));
  if (!file.valid()) return Error::last(fmt::format("open({})", path));
  return file;
}

}  // namespace

Status check_guest_words(const std::vector<std::string>& words) {
  constexpr std::array here{"--json",    "--report", "--format", "--output",
                            "--channel", "--color",  "--policy"};
  for (const std::string& word : words) {
    const std::string name = word.substr(0, word.find('='));
    if (std::find(here.begin(), here.end(), name) == here.end()) continue;
    return Error{fmt::format("{} stands before --: what the guest finds is written here", name)};
  }
  return {};
}

void add_machine_options(CLI::App& app, MachineOptions& options) {
  std::vector<std::string> names{"auto"};
  for (const kernel::Engine engine : engines) names.emplace_back(id(engine));
  app.add_option("--engine", options.engine,
                 "What boots it (auto: QEMU with KVM where this kernel gets up under it, with TCG "
                 "else; a User-Mode Linux boots itself)")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  app.add_option(
         "--clock", options.clock,
         "instructions: under TCG, guest time counts instructions, which a busy machine does "
         "not disturb")
      ->check(CLI::IsMember({"wall", "instructions"}));
  app.add_option("--cpus", options.cpus, "CPUs of the machine (default: 2; User-Mode Linux has 1)")
      ->type_name("N")
      ->check(CLI::Range(1, 256));
  app.add_option("--memory", options.memory, "Memory of the machine")
      ->type_name("MiB")
      ->check(CLI::Range(64, 1 << 20))
      ->capture_default_str();
  app.add_option("--qemu-arg", options.qemu_args, "One more word for QEMU; any number of times")
      ->type_name("WORD")
      ->expected(1)
      ->take_all();
  app.add_option("--timeout", options.timeout, "Give a boot up after this many seconds")
      ->type_name("SECONDS")
      ->check(CLI::Range(1.0, 86400.0))
      ->capture_default_str();
  app.add_option("--init", options.init,
                 "The nsbench-static to boot with (default: beside this one; NSBENCH_INIT)")
      ->type_name("FILE");
  app.add_option("--console", options.console,
                 "Write what the guest prints on its console to FILE as it comes; - is standard "
                 "error")
      ->type_name("FILE");
}

Result<KernelUnderTest> KernelUnderTest::prepare(const KernelOptions& options,
                                                 const MachineOptions& machine,
                                                 const volatile std::sig_atomic_t* stop) {
  KernelUnderTest test;
  test.options_ = options;
  test.machine_ = machine;
  Result<kernel::Image> image = kernel::inspect_image(options.image);
  if (!image) return image.error();
  test.image_ = std::move(*image);
  Result<std::string> init = find_init(machine.init);
  if (!init) return init.error();
  test.init_ = std::move(*init);
  Result<std::optional<std::string>> beside =
      options.modules.empty() ? kernel::modules_beside(test.image_)
                              : Result<std::optional<std::string>>(options.modules);
  if (!beside) return beside.error();
  if (*beside) {
    if (Status same = kernel::check_release(**beside, test.image_); !same) return same.error();
    Result<kernel::ModuleSet> set = kernel::load_modules(**beside, kernel::needed_module_names());
    if (!set) return set.error();
    test.modules_ = std::move(set->modules);
  }
  if (Status found = test.find_config(options); !found) return found.error();
  if (machine.engine != "auto") {
    Result<kernel::Engine> engine = engine_named(machine.engine, test.image_);
    if (!engine) return engine.error();
    test.engine_ = *engine;
  } else if (test.image_.kind == kernel::ImageKind::Uml) {
    test.engine_ = kernel::Engine::Uml;
  } else if (machine.clock != "instructions") {
    Result<kernel::MachineSpec> trial = test.machine({"run", "--filter", "^uts/"}, false);
    if (!trial) return trial.error();
    const kernel::Chosen chosen = kernel::choose_engine(*trial, stop);
    test.engine_ = chosen.engine;
    test.note_ = chosen.note;
  }
  if (machine.clock == "instructions" && test.engine_ != kernel::Engine::Tcg) {
    return Error{fmt::format("--clock instructions: {} has none, qemu-tcg alone counts them",
                             id(test.engine_))};
  }
  return test;
}

Status KernelUnderTest::find_config(const KernelOptions& options) {
  std::string text;
  if (!options.config.empty()) {
    Result<std::string> file = read_file(options.config);
    if (!file) return file.error();
    text = std::move(*file);
    config_source_ = options.config;
  } else if (Result<std::optional<std::string>> inside = kernel::embedded_config(image_);
             inside && *inside) {
    text = std::move(**inside);
    config_source_ = "embedded";
  } else {
    std::error_code failed;  // the image may be a link to where its configuration is
    const fs::path real = fs::canonical(image_.path, failed);
    const std::string beside = (real.parent_path() / ("config-" + image_.release)).string();
    if (image_.release.empty() || !is_there(beside)) return {};
    Result<std::string> file = read_file(beside);
    if (!file) return file.error();
    text = std::move(*file);
    config_source_ = beside;
  }
  config_ = config_options_of(text);
  if (config_.empty() && !options.config.empty()) {
    return Error{
        fmt::format("{} has no line CONFIG_...= of a kernel's configuration", options.config)};
  }
  return {};
}

Result<std::string> KernelUnderTest::initramfs(const std::vector<std::string>& words) const {
  kernel::InitramfsSpec content;
  content.init_path = init_;
  content.arguments = words;
  content.modules = modules_;
  return kernel::make_initramfs(content);
}

Result<kernel::MachineSpec> KernelUnderTest::machine(const std::vector<std::string>& words,
                                                     bool instructions) const {
  std::vector<std::string> all = words;
  // The console tells what the guest does, line by line, whatever becomes of the report.
  if (words.front() == "run") all.insert(all.end(), {"--format", "ktap"});
  all.insert(all.end(), {"--channel", std::string(kernel::channel_device(engine_))});
  Result<std::string> root = initramfs(all);
  if (!root) return root.error();
  const bool one = instructions || engine_ == kernel::Engine::Uml;
  constexpr int usual_cpus = 2;
  return kernel::MachineSpec{
      .image = image_,
      .engine = instructions ? kernel::Engine::Tcg : engine_,
      .instructions = instructions,
      .cpus = one                  ? 1
              : machine_.cpus == 0 ? usual_cpus
                                   : machine_.cpus,
      .memory = machine_.memory,
      .append = options_.append,
      .qemu_args = machine_.qemu_args,
      .initramfs = std::move(*root),
  };
}

Report KernelUnderTest::report_of(kernel::Boot boot, const std::string& command_line) const {
  Report report = std::move(boot.report);
  report.run.command = command_line;
  report.kernel.accelerator_note = note_;
  report.kernel.config = config_source_;
  report.kernel.config_options = config_;
  put_in_catalog_order(report);
  return report;
}

Result<BootWatch> BootWatch::open(const MachineOptions& options) {
  BootWatch watch;
  watch.timeout_ = options.timeout;
  if (options.console.empty()) return watch;
  Result<Fd> file = open_console_file(options.console);
  if (!file) return file.error();
  watch.console_ = std::make_shared<Fd>(std::move(*file));
  watch.filtered_ = options.console == "-";
  return watch;
}

kernel::BootOptions BootWatch::options(const volatile std::sig_atomic_t* stop) const {
  kernel::BootOptions options;
  options.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(timeout_ * 1000));
  options.stop = stop;
  if (console_ && filtered_) {
    const auto filter = std::make_shared<TerminalFilter>();
    options.on_console = [console = console_, filter](std::string_view text) {
      static_cast<void>(write_all(console->get(), filter->feed(text)).ok());
    };
  } else if (console_) {
    options.on_console = [console = console_](std::string_view text) {
      static_cast<void>(write_all(console->get(), text).ok());
    };
  }
  return options;
}

std::string obituary(const kernel::Boot& boot) {
  constexpr std::size_t most = 15;
  std::string text = boot.trouble;
  const std::size_t skip = boot.last_lines.size() > most ? boot.last_lines.size() - most : 0;
  if (skip < boot.last_lines.size()) text += "; the console's last lines:";
  for (std::size_t i = skip; i < boot.last_lines.size(); ++i) {
    text += "\n  " + printable(boot.last_lines[i]);
  }
  return text;
}

}  // namespace nsbench::cli
