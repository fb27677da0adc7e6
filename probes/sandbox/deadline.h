// A point in time by which something must have happened.
#pragma once

#include <chrono>

namespace nsbench {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;
  static Deadline in(std::chrono::milliseconds span) { return Deadline(Clock::now() + span); }

  [[nodiscard]] bool passed() const { return Clock::now() >= at_; }
  // For poll(2): milliseconds left, rounded up, never negative.
  [[nodiscard]] int poll_ms() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - Clock::now());
    return left.count() < 0 ? 0 : static_cast<int>(left.count());
  }
  [[nodiscard]] Clock::time_point at() const { return at_; }

 private:
  explicit Deadline(Clock::time_point at) : at_(at) {}
  Clock::time_point at_;
};

}  // namespace nsbench
