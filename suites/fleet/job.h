// Jobs of LAVA that boot a kernel with nsbench as its init. Text only: what is booted lies
// somewhere that LAVA's workers can fetch it from.
#pragma once

#include <string>
#include <string_view>

#include "reports/result.h"

namespace nsbench::fleet {

struct Job {
  std::string kernel;       // its name in the fleet, is_name()
  std::string release;      // uname -r, as far as the image tells it
  std::string device_type;  // is_name()
  int boot = 1;             // from 1: the same again
  std::string base;         // the kernel that others are compared with; may be empty
  std::string command;      // what nsbench is given
  std::string append;       // to the kernel's command line, is_plain()
  std::string kernel_url;
  std::string initramfs_url;
  std::string content;  // a fingerprint of what both URLs give
  int run_minutes = 60;
};

// Of [A-Za-z0-9._-], at most 64, not beginning with a dot: part of file names, URLs and job names.
bool is_name(std::string_view text);
// Printable ASCII without quotes, backslashes, '$', '`', '{' and '}': what can stand between quotes
// of YAML, of a shell and of LAVA's own substitution.
bool is_plain(std::string_view text);
// `url` as it is meant where it has blanks or anything else that a URL can't hold.
std::string url_of(std::string_view url);

// A UUID of version 5 of `bytes`: tells contents apart; it is made of a SHA-1, and so protects from
// nobody who makes two alike.
std::string fingerprint(std::string_view bytes);

// Job templates are YAML with @NAME@ in it. This one is for QEMU: ci/lava/job-qemu.yaml.
std::string_view builtin_template();

struct JobText {
  std::string id;  // a UUID of version 5, of all that the job is: the same job has the same one
  std::string
      name;  // "nsbench debian-6.12 boot 2 on qemu <id>", by which a server's jobs are known
  std::string yaml;
};
// After how many minutes LAVA is to end a job that runs so long: fetching and booting come on top.
constexpr int job_minutes(int run_minutes) { return run_minutes + 30; }

// Fills in a template. @JOB_ID@, @JOB_NAME@, @KERNEL@, @RELEASE@, @DEVICE_TYPE@, @BOOT@, @BASE@,
// @COMMAND@, @KERNEL_URL@ and @INITRAMFS_URL@ belong between double quotes; @APPEND@ between any;
// @RUN_MINUTES@ and @JOB_MINUTES@ are numbers. An Error names a word that is none of these, and one
// that has to be there and is not: a job that could not be found again, or boots nothing of ours.
Result<JobText> make_job(std::string_view job_template, const Job& job);

}  // namespace nsbench::fleet
