#include "suites/selftest/stopped_call.h"

#include <fmt/format.h>

#include "probes/sandbox/files.h"
#include "suites/selftest/memory.h"

namespace nsbench::selftest {

std::uint64_t StoppedCall::arg(int index) const {
  const auto place = static_cast<std::size_t>(index);
  return at_ == At::Entry ? registers_.arg(place) : state_.undo.args.at(place);
}

void StoppedCall::set_arg(int index, std::uint64_t value) {
  if (at_ == At::Exit || arg(index) == value) return;
  registers_.set_arg(static_cast<std::size_t>(index), value);
  ++changes_;
}

void StoppedCall::answer(long result) {
  if (at_ == At::Exit) return set_result(result);
  registers_.skip_call(result);
  answered_ = true;
  ++changes_;
}

void StoppedCall::set_result(long result) {
  if (at_ == At::Entry) return answer(result);
  if (registers_.result() == result) return;
  registers_.set_result(result);
  ++changes_;
}

std::string StoppedCall::read(std::uint64_t address, std::size_t size) const {
  return read_memory(thread_, address, size);
}

bool StoppedCall::write(std::uint64_t address, std::string_view bytes) {
  std::string before = read(address, bytes.size());
  if (before.size() != bytes.size()) return false;
  if (before == bytes) return true;
  if (!write_memory(thread_, address, bytes)) return false;
  if (at_ == At::Entry) {
    state_.undo.written.push_back({address, std::move(before), std::string(bytes)});
  }
  ++changes_;
  return true;
}

std::string StoppedCall::text(std::uint64_t address) const { return read_text(thread_, address); }

std::string StoppedCall::file_of(std::uint64_t fd) const {
  const Result<std::string> link =
      read_link(fmt::format("/proc/{}/fd/{}", thread_, static_cast<int>(fd)));
  return link ? *link : "";
}

}  // namespace nsbench::selftest
