// Of a kernel's configuration (/proc/config.gz, /boot/config-*), what bears on namespaces and
// times.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace nsbench {

// By name, with its "CONFIG_": "y", "m", a number or a text without its quotes; "n" for the
// namespaces and the few other options that are told even if they are not set. From the text of a
// .config, which may be anybody's: lines that are no options are passed over, values are cut at 256
// bytes.
std::map<std::string, std::string> config_options_of(std::string_view text);

}  // namespace nsbench
