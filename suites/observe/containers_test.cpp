#include "suites/observe/containers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "reports/file.h"
#include "suites/testing/in_directory.h"

namespace nsbench::observe {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Containers : public testing::InDirectory {
 protected:
  void put(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(path(name)).parent_path());
    ASSERT_TRUE(write_file(path(name), text));
  }
  [[nodiscard]] std::string found(const std::string& name) const {
    const Result<pid_t> pid = find_container(name, path(""));
    return pid ? std::to_string(*pid) : pid.error().str();
  }
};

TEST_F(Containers, AreFoundWhereTheirEnginesKeepThem) {
  put("run/runc/web/state.json", R"({"id":"web","init_process_pid":11})");
  put("run/crun/db/status", R"({"pid":12,"bundle":"/x"})");
  put("run/docker/runtime-runc/moby/d0c/state.json", R"({"init_process_pid":13})");
  put("var/lib/docker/containers/d0c/config.v2.json", R"({"Name":"/shop","State":{"Pid":13}})");
  put("run/containers/storage/overlay-containers/b0d/userdata/pidfile", "14\n");
  put("var/lib/containers/storage/overlay-containers/containers.json",
      R"([{"id":"b0d","names":["mail"]}])");
  put("run/containers/storage/vfs-containers/f0d/userdata/pidfile", "16");
  put("var/lib/containers/storage/vfs-containers/containers.json",
      R"(["odd", {"id":"f0d","names":[7,"chat"]}])");
  put("run/containerd/io.containerd.runtime.v2.task/k8s.io/c0d/init.pid", "15");
  EXPECT_EQ(found("web"), "11");
  EXPECT_EQ(found("db"), "12");
  EXPECT_EQ(found("shop"), "13");
  EXPECT_EQ(found("d0c"), "13");  // docker's and runc's, by one process
  EXPECT_EQ(found("mail"), "14");
  EXPECT_EQ(found("b0"), "14");
  EXPECT_EQ(found("c0d"), "15");
  EXPECT_EQ(found("chat"), "16");
}

TEST_F(Containers, ThatAreNoneAreRefused) {
  put("run/runc/gone/state.json", R"({"init_process_pid":0})");
  put("run/runc/torn/state.json", R"({"init_process_)");
  put("run/runc/odd/state.json", R"({"init_process_pid":"12"})");
  put("run/crun/aa1/status", R"({"pid":1})");
  put("run/crun/aa2/status", R"({"pid":2})");
  put("run/containers/storage/overlay-containers/p/userdata/pidfile", "not a number");
  for (const char* name : {"gone", "torn", "odd", "p"}) {
    EXPECT_THAT(found(name), HasSubstr("is not running")) << name;
  }
  EXPECT_THAT(found("aa"), HasSubstr("several containers"));
  EXPECT_THAT(found("none"), HasSubstr("no container is called 'none'"));
  EXPECT_THAT(found("no\x1bne"), HasSubstr("'no\\x1bne'"));
  EXPECT_THAT(found(""), HasSubstr("no container is called ''"));
}

}  // namespace
}  // namespace nsbench::observe
