#include "suites/observe/containers.h"

#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "probes/sandbox/files.h"
#include "reports/number.h"
#include "reports/printable.h"

namespace nsbench::observe {
namespace {

using Json = nlohmann::json;

struct Container {
  std::string engine;
  std::string id;
  std::vector<std::string> names;
  pid_t pid = 0;
};

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

Json json_of(const Result<std::string>& text) {
  return text ? Json::parse(*text, nullptr, false) : Json();
}

// A number at `path` in it; 0 where there is none.
pid_t pid_at(const Json& json, const Json::json_pointer& path) {
  if (json.is_discarded() || !json.contains(path) || !json.at(path).is_number_integer()) return 0;
  return json.at(path).get<pid_t>();
}

std::string text_at(const Json& json, const Json::json_pointer& path) {
  if (json.is_discarded() || !json.contains(path) || !json.at(path).is_string()) return "";
  return json.at(path).get<std::string>();
}

pid_t pid_in(const Result<std::string>& text) {
  if (!text) return 0;
  const std::string digits = trimmed(*text);
  return static_cast<pid_t>(parse_number<int>(digits).value_or(0));
}

class Search {
 public:
  explicit Search(std::string root) : root_(std::move(root)) {}

  std::vector<Container> all() {
    std::vector<std::string> runtime_dirs{root_ + "/run"};
    if (const std::string own = environment("XDG_RUNTIME_DIR"); root_.empty() && !own.empty()) {
      runtime_dirs.push_back(own);
    }
    for (const std::string& run : runtime_dirs) {
      for (const char* const where :
           {"/runc", "/docker/runtime-runc/moby", "/containerd/runc/default",
            "/containerd/runc/k8s.io", "/runtime-runc/moby"}) {
        state_files("runc", run + where, "state.json", "/init_process_pid");
      }
      state_files("crun", run + "/crun", "status", "/pid");
      containerd(run + "/containerd/io.containerd.runtime.v2.task");
      podman(run + "/containers/storage", root_ + "/var/lib/containers/storage");
      if (root_.empty()) {
        podman(run + "/containers", environment("HOME") + "/.local/share/containers/storage");
      }
    }
    docker(root_ + "/var/lib/docker/containers");
    return std::move(found_);
  }

  const std::vector<std::string>& unread() const { return unread_; }

 private:
  std::vector<std::string> entries(const std::string& dir) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(dir.c_str()), &::closedir);
    if (!stream) {
      if (errno != ENOENT && errno != ENOTDIR) {
        unread_.push_back(fmt::format("{}: {}", dir, errno_name(errno)));
      }
      return names;
    }
    while (const dirent* entry = ::readdir(stream.get())) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    return names;
  }

  // One directory a container, named after it, with a JSON file that has the pid.
  void state_files(const char* engine, const std::string& dir, const char* file, const char* path) {
    for (const std::string& id : entries(dir)) {
      const Json json = json_of(read_small_file(fmt::format("{}/{}/{}", dir, id, file)));
      add({engine, id, {id}, pid_at(json, Json::json_pointer(path))});
    }
  }

  void containerd(const std::string& dir) {
    for (const std::string& space : entries(dir)) {
      for (const std::string& id : entries(dir + "/" + space)) {
        const std::string own = fmt::format("{}/{}/{}", dir, space, id);
        add({"containerd", id, {id}, pid_in(read_small_file(own + "/init.pid"))});
      }
    }
  }

  // `run` and `storage`: its --runroot and --root, with a directory for each storage driver:
  // overlay-containers, vfs-containers.
  void podman(const std::string& run, const std::string& storage) {
    constexpr std::string_view of_driver = "-containers";
    for (const std::string& driver : entries(run)) {
      if (!driver.ends_with(of_driver)) continue;
      std::map<std::string, std::vector<std::string>> names = podman_names(storage + "/" + driver);
      for (const std::string& id : entries(run + "/" + driver)) {
        const std::string file = fmt::format("{}/{}/{}/userdata/pidfile", run, driver, id);
        add({"podman", id, names[id], pid_in(read_small_file(file))});
      }
    }
  }

  static std::map<std::string, std::vector<std::string>> podman_names(const std::string& dir) {
    std::map<std::string, std::vector<std::string>> names;
    const Json known = json_of(read_small_file(dir + "/containers.json"));
    for (const Json& one : known.is_array() ? known : Json::array()) {
      const std::string id = text_at(one, Json::json_pointer("/id"));
      if (!one.is_object() || !one.contains("names") || !one["names"].is_array()) continue;
      for (const Json& name : one["names"]) {
        if (name.is_string()) names[id].push_back(name.get<std::string>());
      }
    }
    return names;
  }

  void docker(const std::string& dir) {
    for (const std::string& id : entries(dir)) {
      const Json json = json_of(read_small_file(fmt::format("{}/{}/config.v2.json", dir, id)));
      std::string name = text_at(json, Json::json_pointer("/Name"));
      if (name.starts_with("/")) name.erase(0, 1);
      add({"docker", id, {name}, pid_at(json, Json::json_pointer("/State/Pid"))});
    }
  }

  void add(Container container) { found_.push_back(std::move(container)); }

  std::string root_;
  std::vector<Container> found_;
  std::vector<std::string> unread_;
};

bool is_called(const Container& container, std::string_view name) {
  return container.id == name ||
         std::find(container.names.begin(), container.names.end(), name) != container.names.end();
}

std::string list_of(const std::vector<const Container*>& containers) {
  std::string text;
  for (const Container* one : containers) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", one->engine, printable(one->id, 80));
  }
  return text;
}

}  // namespace

Result<pid_t> find_container(std::string_view name, const std::string& root) {
  Search search(root);
  const std::vector<Container> all = search.all();
  std::vector<const Container*> matching;
  for (const bool whole : {true, false}) {
    for (const Container& one : all) {
      const bool matches = whole ? is_called(one, name) : !name.empty() && one.id.starts_with(name);
      if (matches) matching.push_back(&one);
    }
    if (!matching.empty()) break;
  }
  const std::string shown = printable(name, 200);
  if (matching.empty()) {
    std::string text = fmt::format("no container is called '{}'", shown);
    for (const std::string& dir : search.unread()) text += "; could not read " + dir;
    return Error{text};
  }
  // Engines stand upon each other: what several know by one process is one container.
  std::vector<pid_t> pids;
  for (const Container* one : matching) {
    if (one->pid > 0) pids.push_back(one->pid);
  }
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  if (pids.empty()) return Error{fmt::format("container '{}' is not running", shown)};
  if (pids.size() > 1) {
    return Error{fmt::format("'{}' is several containers: {}", shown, list_of(matching))};
  }
  return pids.front();
}

}  // namespace nsbench::observe
