// Whether what stands where nsbench writes is what was there, or what it wrote, whole.
#pragma once

#include <string>
#include <vector>

namespace nsbench::siege {

struct KeptFiles {
  int old = 0;                        // files that are as they were
  int fresh = 0;                      // whole new ones
  int temporaries = 0;                // whole, under a random name
  std::vector<std::string> troubles;  // a torn file, one that is gone, one that nobody asked for
};

// What a file of that kind is at the start: a copy of {inputs}/old.EXTENSION.
std::string old_file(const std::string& inputs, const std::string& name);

// Looks at `directory` with the nsbench `program`, in which `names` were copies of old files.
// `killed`: by SIGKILL, which may leave one temporary, and a database the journal that its next
// reader needs. `filler`: one more file, which may be there.
KeptFiles look_at_files(const std::string& program, const std::string& directory,
                        const std::vector<std::string>& names, const std::string& inputs,
                        bool killed, const std::string& filler);

// Whether the text is a whole file of what its name says that it is; else why not.
std::string what_is_torn(const std::string& name, const std::string& text);

}  // namespace nsbench::siege
