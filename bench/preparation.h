// The state in which an operation's cost is asked for: many mounts, many namespaces, deep nesting.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "bench/operation.h"
#include "reports/result.h"

namespace nsbench::bench {

struct Preparation {
  std::function<Status()> arrange{};  // in the worker, once
  std::function<Status()> before{};   // in the process of a batch, before the operation's begin()
  std::function<Status()> after{};    // and after it
};

std::unique_ptr<Operation> prepared(std::unique_ptr<Operation> operation, Preparation preparation);

// Goes on in a child made with these flags (CLONE_NEW*), which lives no longer than the caller: the
// calling process waits for it and ends as it ends. Returns in the child, or with an Error in the
// caller.
Status continue_in_child(std::uint64_t flags);

}  // namespace nsbench::bench
