#include "suites/cli/gate_matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "reports/file.h"
#include "reports/json_cursor.h"
#include "reports/printable.h"

namespace nsbench::cli {

namespace {

constexpr std::string_view placeholder = "{name}";

bool is_name(const std::string& text) {
  return !text.empty() && text.front() != '.' && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

class Reader {
 public:
  explicit Reader(const std::string& path)
      : directory_(std::filesystem::path(path).parent_path()) {}

  MatrixKernel kernel(const JsonCursor& cursor) {
    MatrixKernel kernel;
    for (const auto& [key, value] : cursor.members()) {
      if (key == "name") {
        kernel.name = value.text();
      } else if (key == "image") {
        kernel.options.image = below(value.text());
      } else if (key == "modules") {
        kernel.options.modules = below(value.text());
      } else if (key == "config") {
        kernel.options.config = below(value.text());
      } else if (key == "append") {
        kernel.options.append = value.text();
      } else {
        value.refuse("is not a key of a kernel");
      }
    }
    if (!is_name(kernel.name)) {
      cursor.at("name").refuse("must be a name of letters, digits, '.', '_' and '-'");
    } else if (!names_.insert(kernel.name).second) {
      cursor.at("name").refuse("is there twice");
    }
    if (kernel.options.image.empty()) cursor.at("image").refuse("must be a path");
    return kernel;
  }

 private:
  [[nodiscard]] std::string below(const std::string& path) const {
    return path.empty() ? "" : (directory_ / path).string();
  }

  std::filesystem::path directory_;
  std::set<std::string> names_;
};

template <class Visit>
void each_file(OutputOptions& options, const Visit& visit) {
  visit(options.output);
  visit(options.json);
  for (std::string& report : options.reports) visit(report);
}

}  // namespace

Result<std::vector<MatrixKernel>> read_matrix(const std::string& path) {
  const Result<std::string> text = read_file(path);
  if (!text) return text.error();
  const auto refuse = [&path](const std::string& why) {
    return Error{fmt::format("{}: {}", printable(path), why)};
  };
  const Result<nlohmann::json> document = parse_json(*text);
  if (!document) return refuse(document.error().str());
  std::string error;
  const JsonCursor root(*document, "", error);
  if (root.at("schema").integer<int>() != 1) root.at("schema").refuse("must be 1");
  Reader reader(path);
  std::vector<MatrixKernel> kernels;
  for (const JsonCursor& one : root.at("kernels").elements()) kernels.push_back(reader.kernel(one));
  if (!error.empty()) return refuse(error);
  if (kernels.empty()) return refuse("it lists no kernel");
  return kernels;
}

Status check_matrix_outputs(const OutputOptions& options,
                            const std::vector<MatrixKernel>& kernels) {
  if (kernels.size() < 2) return {};
  OutputOptions files = options;
  Status fine;
  each_file(files, [&fine](const std::string& file) {
    if (file.empty() || file == "-" || file.find(placeholder) != std::string::npos) return;
    fine =
        Error{fmt::format("'{}' would hold the last kernel's alone: with --matrix, {} in a file's "
                          "name stands for the kernel's",
                          printable(file), placeholder)};
  });
  return fine;
}

OutputOptions outputs_for(OutputOptions options, const std::string& name) {
  each_file(options, [&name](std::string& file) {
    for (std::size_t at = 0; (at = file.find(placeholder)) != std::string::npos;) {
      file.replace(at, placeholder.size(), name);
    }
  });
  return options;
}

}  // namespace nsbench::cli
