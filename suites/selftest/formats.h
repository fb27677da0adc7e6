// What a self-test found, for people and for programs.
#pragma once

#include <span>
#include <string>

#include "suites/selftest/score.h"

namespace nsbench::selftest {

std::string to_text(const SelftestReport& report);
std::string to_markdown(const SelftestReport& report);
std::string to_json(const SelftestReport& report);

// The lies themselves, for --list.
std::string list_as_text(std::span<const Lie* const> lies);

}  // namespace nsbench::selftest
