// What the two ends of a path say to each other over a connected socket: messages that are
// answered, and bytes of which the other end says that they have arrived. Plain system calls, no
// memory of their own: safe in a process that makes calls (bench/footprint.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "bench/stopwatch.h"
#include "bench/timing.h"

namespace nsbench::bench {

enum class Transport : std::uint8_t { Tcp, Udp };
enum class Transfer : std::uint8_t { RoundTrip, Delivery };

inline constexpr std::size_t message_bytes = 64;  // of a round trip, each way
inline constexpr std::size_t delivered_bytes = 1024UL * 1024;
inline constexpr std::size_t written_bytes = 64UL * 1024;  // by one send() of a TCP delivery
inline constexpr std::size_t datagram_bytes = 1024;        // of a UDP delivery
// As many datagrams are on their way before the other end has to say that they came: what a
// socket's buffer of the usual size holds (net.core.rmem_default, 208 KiB; each takes 2.25 KiB of
// it), since what does not fit would be lost.
inline constexpr std::size_t window = 64;
static_assert(delivered_bytes % (window * datagram_bytes) == 0);

// How long an answer is waited for, in seconds: one that does not come is an error.
inline constexpr int patience_for_answer = 2;

// Without Nagle's delay.
void send_at_once(Transport transport, int socket);
// No answer is waited for longer than patience_for_answer.
void limit_waits(int socket);

// The other end's part. Returns, with an exit status, when this end hangs up or says something
// wrong; over UDP an end that is gone can't be told from one that is silent, so it waits on.
int serve(Transfer transfer, Transport transport, int socket);

// This end's: nanoseconds from the first send() until the answer is there, or why there is none. A
// message that was lost, changed or came out of order is an error. `number` counts the calls over
// this socket, from 0.
Timing transfer(Transfer transfer, Transport transport, int socket, std::uint64_t number,
                const Stopwatch& stopwatch);

}  // namespace nsbench::bench
