// The files of namespaces (nsfs) and what their ioctls answer, for acts of several families.
#pragma once

#include <linux/ioctl.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "probes/sandbox/child.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/namespace_set.h"
#include "reports/observation.h"

namespace nsbench::ns_file {

// ioctl_nsfs(2), include/uapi/linux/nsfs.h; the headers of a distribution may be older.
inline constexpr unsigned get_userns = _IO(0xb7, 1);
inline constexpr unsigned get_parent = _IO(0xb7, 2);
inline constexpr unsigned get_nstype = _IO(0xb7, 3);
inline constexpr unsigned get_owner_uid = _IO(0xb7, 4);
inline constexpr unsigned get_mntns_id = _IOR(0xb7, 5, std::uint64_t);  // 6.11
inline constexpr unsigned get_pid_from_pidns = _IOR(0xb7, 6, int);      // 6.11
inline constexpr unsigned get_tgid_from_pidns = _IOR(0xb7, 7, int);     // 6.11
inline constexpr unsigned get_pid_in_pidns = _IOR(0xb7, 8, int);        // 6.11
inline constexpr unsigned get_tgid_in_pidns = _IOR(0xb7, 9, int);       // 6.11
inline constexpr unsigned get_id = _IOR(0xb7, 13, std::uint64_t);       // 6.18

// Opens /proc/PROCESS/ns/NAME. Invalid where that fails, and errno says why.
Fd open(std::string_view name, std::string_view process = "self");
Fd open(Kind kind, std::string_view process = "self");
// Another process's, by its pidfd, whatever pid this /proc knows it by.
Fd open_of(Kind kind, int pidfd);
inline Fd open(Kind kind, const Child& child) { return open_of(kind, child.pidfd()); }

// What the link /proc/PROCESS/ns/NAME says: "uts:[4026531838]"; or the errno's name.
std::string link(std::string_view name, std::string_view process = "self");
// The same of an open namespace file; or "EBADF" and the like.
std::string name_of(int fd);
// Of what an ioctl that opens a namespace answers: its name, or the errno's. Closes it.
std::string name_of_answer(int fd);

// Kinds that have a file in /proc/self/ns. An act records them as the fact "kinds", and its judge
// asks for just these.
NamespaceSet present_kinds();
void record_kinds(Observation& seen);
// What was recorded; none if nothing was.
NamespaceSet recorded_kinds(const Observation& seen);

}  // namespace nsbench::ns_file
