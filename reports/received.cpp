#include "reports/received.h"

#include <fmt/format.h>

#include <cstdint>
#include <utility>

#include "reports/json.h"
#include "reports/number.h"
#include "reports/partial.h"

namespace nsbench {

bool ReceivedReport::feed(std::string_view bytes) {
  bool came = false;
  for (FramedMessage& message : frames_.feed(bytes)) {
    came = came || message.kind == message_kind::part;
    take(message);
  }
  return came && any_;
}

void ReceivedReport::take(FramedMessage& message) {
  const auto complain = [this](std::string what) {
    if (unreadable_.size() < FrameReader::max_problems) unreadable_.push_back(std::move(what));
  };
  if (message.kind == message_kind::end) {
    exit_status_ = parse_number<std::uint8_t>(message.text);
    if (!exit_status_) complain("the guest's exit status can't be read");
    return;
  }
  if (message.kind == message_kind::log) {
    if (kernel_log_.size() + message.text.size() > max_log) {
      return complain(fmt::format("the kernel's log has more than {} bytes", max_log));
    }
    kernel_log_ += message.text;
    return;
  }
  Result<Report> part = from_json(message.text);
  if (!part) {
    return complain(fmt::format("a part of the report can't be read: {}", part.error().str()));
  }
  any_ = true;
  add_part(report_, std::move(*part));
}

std::vector<std::string> ReceivedReport::damage() const {
  std::vector<std::string> all = unreadable_;
  for (std::string& problem : frames_.problems()) all.push_back(std::move(problem));
  return all;
}

}  // namespace nsbench
