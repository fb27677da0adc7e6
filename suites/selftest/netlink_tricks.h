// How lies forge what comes over netlink sockets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "suites/selftest/lie.h"

namespace nsbench::selftest {

// At the entry of sendto(): remembers the type of the request that is sent. Of a batch it is the
// second message's.
void note_request(Call& call);
// At the exit of recvfrom(): if it is the first part of the dump that was asked for last, by a
// request of this type, puts `message` before it.
void add_to_dump(Call& call, std::uint16_t request, std::string_view message);
// At the exit of recvfrom() without waiting that found nothing: gives it `bytes`, once in a case.
void deliver_once(Call& call, std::string_view bytes);
// At the exit of recvfrom(): an answer that says errno `from` says `to` instead.
void change_answer(Call& call, int from, int to);

}  // namespace nsbench::selftest
