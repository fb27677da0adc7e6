#include "probes/sandbox/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "probes/sandbox/child.h"

namespace nsbench {
namespace {

int open_null(int at_least) { return ::fcntl(STDIN_FILENO, F_DUPFD, at_least); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(Fd, ClosesWhatItOwns) {
  const int number = open_null(3);
  {
    Fd first(number);
    Fd second(std::move(first));
    EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): that is what is tested
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(Fd, AReleasedOneStaysOpen) {
  const int number = open_null(3);
  EXPECT_EQ(Fd(number).release(), number);
  EXPECT_TRUE(is_open(number));
  ::close(number);
}

// In children, since the tests need their own descriptors.
int kept_only(int kept, int others) {
  close_all_but(kept);
  const bool standard = is_open(STDIN_FILENO) && is_open(STDOUT_FILENO) && is_open(STDERR_FILENO);
  return standard && (kept < 0 || is_open(kept)) && !is_open(others) ? 0 : 1;
}

TEST(CloseAllBut, ClosesBelowAndAbove) {
  const Fd low(open_null(3));
  const Fd middle(open_null(50));
  const Fd high(open_null(500));
  for (const auto& [kept, closed] :
       {std::pair{middle.get(), low.get()}, std::pair{middle.get(), high.get()},
        std::pair{low.get(), middle.get()}, std::pair{-1, low.get()}, std::pair{-1, high.get()}}) {
    Result<Child> child =
        Child::fork([kept = kept, closed = closed] { return kept_only(kept, closed); });
    ASSERT_TRUE(child.ok());
    EXPECT_EQ(child->wait()->str(), "exited with 0") << kept << " kept, " << closed << " closed";
  }
}

}  // namespace
}  // namespace nsbench
