#include <array>

#include "probes/families.h"
#include "probes/nsfs/probes.h"
#include "probes/user/probes.h"

namespace nsbench::probes {

namespace {

constexpr std::array rows{
    &user_identity, &uid_map, &gid_map, &file_owner, &peer_ids_probe,
};

}  // namespace

std::span<const Probe* const> user_family() { return rows; }

}  // namespace nsbench::probes
