// Plays a probe's acts in an arena: the part of a check that runs behind the door.
#pragma once

#include <functional>

#include "probes/check.h"
#include "probes/probe.h"
#include "probes/sandbox/deadline.h"
#include "probes/sandbox/recipe.h"
#include "probes/sandbox/support.h"

namespace nsbench {

// Runs in the stage process. Acts of the inside and the sibling are played by long-lived processes
// that enter() made when their first act came up, so that what outside acts arranged before (files,
// descriptors) is inherited. `tell` gets what happened; when it returns, these processes are ended.
void play(const Probe& probe, const Recipe& recipe, const Support& support, Deadline deadline,
          const std::function<void(const Played&)>& tell);

}  // namespace nsbench
