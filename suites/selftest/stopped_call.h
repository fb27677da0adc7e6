// A Call of a lie, on a thread that the tracer stopped.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "suites/selftest/lie.h"
#include "suites/selftest/registers.h"
#include "suites/selftest/tracer.h"

namespace nsbench::selftest {

class StoppedCall final : public Call {
 public:
  enum class At : std::uint8_t { Entry, Exit };
  StoppedCall(At at, pid_t thread, TracedThread& state, Registers& registers,
              std::map<std::string, std::string>& memory)
      : at_(at), thread_(thread), state_(state), registers_(registers), memory_(memory) {}

  [[nodiscard]] long number() const override { return state_.call; }
  [[nodiscard]] std::uint64_t arg(int index) const override;
  [[nodiscard]] Side side() const override { return state_.side; }
  [[nodiscard]] pid_t pid() const override { return thread_; }
  void set_arg(int index, std::uint64_t value) override;
  void answer(long result) override;
  [[nodiscard]] long result() const override { return registers_.result(); }
  void set_result(long result) override;
  [[nodiscard]] std::string read(std::uint64_t address, std::size_t size) const override;
  bool write(std::uint64_t address, std::string_view bytes) override;
  [[nodiscard]] std::string text(std::uint64_t address) const override;
  [[nodiscard]] std::string file_of(std::uint64_t fd) const override;
  std::map<std::string, std::string>& memory() override { return memory_; }

  [[nodiscard]] bool answered() const { return answered_; }
  [[nodiscard]] std::uint64_t changes() const { return changes_; }

 private:
  At at_;
  pid_t thread_;
  TracedThread& state_;
  Registers& registers_;
  std::map<std::string, std::string>& memory_;
  bool answered_ = false;
  std::uint64_t changes_ = 0;
};

}  // namespace nsbench::selftest
