// The configuration file: YAML, of which JSON is a part. Keys are the names of flags; TLS, discovery and socket options have maps of their own.
#pragma once

#include <string_view>

#include "base/result.h"
#include "server/config.h"

namespace etcd::server {

// Reads the text of a file on top of `config`, which holds defaults. Values have JSON's types (durations are integer nanoseconds, lists of URLs
// are one string); unknown keys are passed over. `initial-cluster` is dropped if discovery is configured and it was left alone.
// kInvalid with etcd's text where one of its own rules is broken.
Status read_config_file(std::string_view text, Config& config);

}  // namespace etcd::server
