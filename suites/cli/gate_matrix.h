// nsbench gate --matrix: a file that lists kernels.
#pragma once

#include <string>
#include <vector>

#include "reports/result.h"
#include "suites/cli/outputs.h"
#include "suites/cli/under_test.h"

namespace nsbench::cli {

struct MatrixKernel {
  std::string name;  // each once; of [A-Za-z0-9._-], since it becomes part of file names
  KernelOptions options;
};

// {"schema": 1, "kernels": [{"name": "debian-6.12", "image": "vmlinuz", "modules": "...",
//  "config": "...", "append": "..."}]}; what is not said is found as for nsbench boot. Paths are
// relative to the file. Errors name the file, the place and the value.
Result<std::vector<MatrixKernel>> read_matrix(const std::string& path);

// Of several kernels each has its own output: {name} in a file's name stands for it. An Error: one
// that all would write to.
Status check_matrix_outputs(const OutputOptions& options, const std::vector<MatrixKernel>& kernels);
OutputOptions outputs_for(OutputOptions options, const std::string& name);

}  // namespace nsbench::cli
