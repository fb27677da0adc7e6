#include "suites/observe/kernel_list.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <vector>

#include "probes/sandbox/enter.h"
#include "suites/observe/namespaces.h"

namespace nsbench::observe {
namespace {

using ::testing::HasSubstr;

constexpr auto net_type = static_cast<std::uint32_t>(CLONE_NEWNET);

// A kernel that has these ids, by type, and answers as listns(2) does.
struct FakeKernel {
  std::map<std::uint32_t, std::vector<std::uint64_t>> ids;
  int calls = 0;

  long list(const ListRequest& request, std::uint64_t* into, std::size_t size) {
    ++calls;
    if (request.size != 32 || request.spare != 0 || request.spare2 != 0) return fail(EINVAL);
    const std::vector<std::uint64_t>& all = ids[request.ns_type];
    const auto from = std::upper_bound(all.begin(), all.end(), request.ns_id);
    if (from == all.end() && request.ns_id != 0) return fail(ENOENT);
    const auto count = std::min<std::size_t>(size, static_cast<std::size_t>(all.end() - from));
    std::copy_n(from, count, into);
    return static_cast<long>(count);
  }
  static long fail(int err) {
    errno = err;
    return -1;
  }
  ListCalls calls_of(std::function<int(Kind, std::uint64_t)> open = {}) {
    return {.list = [this](const ListRequest& request, std::uint64_t* into,
                           std::size_t size) { return list(request, into, size); },
            .open = std::move(open)};
  }
};

std::vector<std::uint64_t> numbers(std::uint64_t count) {
  std::vector<std::uint64_t> all;
  for (std::uint64_t i = 1; i <= count; ++i) all.push_back(i * 3);
  return all;
}

TEST(KernelList, IsReadPageAfterPage) {
  for (const std::uint64_t count : {0U, 1U, 511U, 512U, 513U, 1024U, 1300U}) {
    FakeKernel kernel;
    kernel.ids[net_type] = numbers(count);
    kernel.ids[static_cast<std::uint32_t>(CLONE_NEWUSER)] = {7};
    const Result<std::vector<Listed>> all = listed_by_kernel(kernel.calls_of());
    ASSERT_TRUE(all) << all.error().str();
    ASSERT_EQ(all->size(), count + 1);
    EXPECT_EQ(all->front().kind, Kind::User);
    EXPECT_EQ(all->front().id, 7U);
    if (count != 0) {
      EXPECT_EQ(all->back().kind, Kind::Net);
      EXPECT_EQ(all->back().id, count * 3);
    }
  }
}

TEST(KernelList, OfAKernelWithoutItIsAnError) {
  for (const int err : {ENOSYS, EPERM, EINVAL}) {
    const Result<std::vector<Listed>> none =
        listed_by_kernel({.list = [err](const ListRequest&, std::uint64_t*, std::size_t) {
          return FakeKernel::fail(err);
        }});
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().err, err);
    EXPECT_THAT(none.error().str(), HasSubstr("listns(CLONE_NEWUSER)"));
  }
}

// A kernel under test may be broken: it is neither believed nor asked for ever.
TEST(KernelList, ThatMakesNoSenseIsRefused) {
  const auto same_again = [](const ListRequest&, std::uint64_t* into, std::size_t size) {
    std::fill_n(into, size, 5U);
    return static_cast<long>(size);
  };
  EXPECT_FALSE(listed_by_kernel({.list = same_again}));
  const auto too_many = [](const ListRequest&, std::uint64_t*, std::size_t size) {
    return static_cast<long>(size) + 1;
  };
  EXPECT_FALSE(listed_by_kernel({.list = too_many}));
}

// One that nothing in /proc leads to: this process's own descriptors are not looked at.
TEST(KernelList, AddsWhatProcDoesNotShow) {
  Result<Child> holder = hold_open({Kind::Uts}, Deadline::in(std::chrono::seconds(10)));
  if (!holder) GTEST_SKIP() << holder.error().str();
  const Result<std::string> dir = proc_dir(*holder);
  ASSERT_TRUE(dir) << dir.error().str();
  const Fd kept(::open((*dir + "/ns/uts").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(kept.valid());
  holder->kill();
  struct stat status {};
  ASSERT_EQ(::fstat(kept.get(), &status), 0);
  const auto looked = [&status](const ListCalls& calls) {
    Result<System> system = look_at_namespaces(calls);
    EXPECT_TRUE(system) << system.error().str();
    if (!system) return System{};
    std::erase_if(system->namespaces, [&status](const Namespace& one) {
      return one.kind != Kind::Uts || one.id != status.st_ino;
    });
    return std::move(*system);
  };
  FakeKernel kernel;
  kernel.ids[static_cast<std::uint32_t>(CLONE_NEWUTS)] = {41, 42, 43};
  const auto open = [&kept](Kind kind, std::uint64_t id) {
    if (kind == Kind::Uts && id == 42) return ::fcntl(kept.get(), F_DUPFD_CLOEXEC, 3);
    if (kind == Kind::Uts && id == 41) return ::open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
    errno = ESTALE;  // it has ended meanwhile
    return -1;
  };
  const System with = looked(kernel.calls_of(open));
  EXPECT_TRUE(with.by_kernel);
  ASSERT_EQ(with.namespaces.size(), 1U);
  EXPECT_EQ(with.namespaces[0].processes, 0U);
  EXPECT_TRUE(with.namespaces[0].owner);
  EXPECT_THAT(namespaces_text(with, {}), HasSubstr("kept by something that /proc does not show"));
  const auto without_list = [](const ListRequest&, std::uint64_t*, std::size_t) {
    return FakeKernel::fail(ENOSYS);
  };
  const System without = looked({.list = without_list, .open = open});
  EXPECT_FALSE(without.by_kernel);
  EXPECT_TRUE(without.namespaces.empty());
}

// The real one, where there is one: whatever this process is in is on its list.
TEST(KernelList, OfThisKernelHasOnesOwnNamespaces) {
  const ListCalls calls = list_calls_of_kernel();
  const Result<std::vector<Listed>> all = listed_by_kernel(calls);
  if (!all) {
    EXPECT_THAT(all.error().str(), ::testing::StartsWith("listns(CLONE_NEWUSER): E"));
    GTEST_SKIP() << all.error().str();
  }
  for (const KindRow& kind : all_kinds) {
    struct stat own {};
    if (::stat(("/proc/self/ns/" + std::string(kind.name)).c_str(), &own) != 0) continue;
    EXPECT_TRUE(std::any_of(all->begin(), all->end(), [&](const Listed& one) {
      if (one.kind != kind.kind) return false;
      const Fd file(calls.open(one.kind, one.id));
      struct stat status {};
      return file.valid() && ::fstat(file.get(), &status) == 0 && status.st_ino == own.st_ino;
    })) << kind.name;
  }
}

}  // namespace
}  // namespace nsbench::observe
