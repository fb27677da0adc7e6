// Descriptors 0 to 2 of a program that was started without them.
#pragma once

namespace nsbench {

// A descriptor of ours must never take the place of a closed standard output: what is printed would
// go there, into a report perhaps. Takes the places of those that are closed, so that printing
// still fails, and is said. To be called before anything is opened.
void hold_closed_descriptors();

}  // namespace nsbench
