// What acts use to look from further processes of their side.
#pragma once

#include <functional>

#include "probes/probe.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/recipe.h"

namespace nsbench {

using Look = std::function<void(Observation&)>;

// Runs `look` in a forked child of this process and takes over what it saw. The child may change
// its ids, capabilities, root directory or anything else of its own. A child that does not come
// back with an answer makes the case broken. False if that, or another trouble, ended the case.
bool in_child(Scene& scene, const Look& look);

// The same in further namespaces of its own, entered by the door from this process: by unshare, or
// as `method` says. What it saw is put below `prefix` ("nested getpid"). A refusal of the door is
// recorded as the fact "PREFIX enter", for the judge; success as 0.
bool in_nested(Scene& scene, std::string_view prefix, NamespaceSet set, const Look& look,
               Method method = Method::Unshare);

// Sends a descriptor over a connected unix(7) socket, and takes one that was sent (blocking).
// A failed Fd is invalid, and errno says why.
bool send_fd(int socket, int fd);
Fd receive_fd(int socket);

}  // namespace nsbench
