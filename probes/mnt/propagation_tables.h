// The tables of mount_namespaces(7), "Shared subtrees": one row for each cell.
#pragma once

#include <array>
#include <string_view>

namespace nsbench::probes {

// "Propagation type transitions", "Bind (MS_BIND) semantics", "Move (MS_MOVE) semantics".
struct PropagationCell {
  std::string_view name;    // of the fact: "shared, make-slave"
  std::string_view before;  // the type of the mount that is changed, bound or moved
  std::string_view act;     // make-TYPE; or the type of the mount that it goes below
  std::string_view after;   // its type afterwards, or that of the new mount; or an errno's name
};

inline constexpr std::array transition_cells{
    PropagationCell{"shared, make-shared", "shared", "make-shared", "shared"},
    PropagationCell{"shared, make-slave", "shared", "make-slave", "slave"},
    PropagationCell{"shared, make-private", "shared", "make-private", "private"},
    PropagationCell{"shared, make-unbindable", "shared", "make-unbindable", "unbindable"},
    PropagationCell{"slave, make-shared", "slave", "make-shared", "slave and shared"},
    PropagationCell{"slave, make-slave", "slave", "make-slave", "slave"},
    PropagationCell{"slave, make-private", "slave", "make-private", "private"},
    PropagationCell{"slave, make-unbindable", "slave", "make-unbindable", "unbindable"},
    PropagationCell{"slave and shared, make-shared", "slave and shared", "make-shared",
                    "slave and shared"},
    PropagationCell{"slave and shared, make-slave", "slave and shared", "make-slave", "slave"},
    PropagationCell{"slave and shared, make-private", "slave and shared", "make-private",
                    "private"},
    PropagationCell{"slave and shared, make-unbindable", "slave and shared", "make-unbindable",
                    "unbindable"},
    PropagationCell{"private, make-shared", "private", "make-shared", "shared"},
    PropagationCell{"private, make-slave", "private", "make-slave", "private"},
    PropagationCell{"private, make-private", "private", "make-private", "private"},
    PropagationCell{"private, make-unbindable", "private", "make-unbindable", "unbindable"},
    PropagationCell{"unbindable, make-shared", "unbindable", "make-shared", "shared"},
    PropagationCell{"unbindable, make-slave", "unbindable", "make-slave", "unbindable"},
    PropagationCell{"unbindable, make-private", "unbindable", "make-private", "private"},
    PropagationCell{"unbindable, make-unbindable", "unbindable", "make-unbindable", "unbindable"},
    // The note below the table: the last of its peer group has nobody to be a slave of.
    PropagationCell{"shared alone, make-slave", "shared alone", "make-slave", "private"},
};

inline constexpr std::array bind_cells{
    PropagationCell{"shared below shared", "shared", "shared", "shared"},
    PropagationCell{"private below shared", "private", "shared", "shared"},
    PropagationCell{"slave below shared", "slave", "shared", "slave and shared"},
    PropagationCell{"unbindable below shared", "unbindable", "shared", "EINVAL"},
    PropagationCell{"shared below private", "shared", "private", "shared"},
    PropagationCell{"private below private", "private", "private", "private"},
    PropagationCell{"slave below private", "slave", "private", "slave"},
    PropagationCell{"unbindable below private", "unbindable", "private", "EINVAL"},
};

inline constexpr std::array move_cells{
    PropagationCell{"shared below shared", "shared", "shared", "shared"},
    PropagationCell{"private below shared", "private", "shared", "shared"},
    PropagationCell{"slave below shared", "slave", "shared", "slave and shared"},
    PropagationCell{"unbindable below shared", "unbindable", "shared", "EINVAL"},
    PropagationCell{"shared below private", "shared", "private", "shared"},
    PropagationCell{"private below private", "private", "private", "private"},
    PropagationCell{"slave below private", "slave", "private", "slave"},
    PropagationCell{"unbindable below private", "unbindable", "private", "unbindable"},
};

}  // namespace nsbench::probes
