// From a command line and an environment to a Config that is checked and a Logger: everything that `etcd` does before it touches its data.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "server/config.h"
#include "server/logging.h"

namespace etcd::server {

struct Invocation {
  std::vector<std::string> args;         // args[0] is the program
  std::vector<std::string> environment;  // KEY=value
  Result<std::string> default_host;      // see default_host.h
};

// Print these texts and end the process with `code`: 0 after --help and --version, 2 for a bad flag, 1 for settings that don't go together.
struct Exit {
  int code = 0;
  std::string standard_output = {};
  std::string standard_error = {};
};

struct Loaded {
  Config config;
  std::unique_ptr<base::Logger> logger;
};

// Warnings and the reason of an Exit with code 1 go to the configured log, or to standard error before that is known.
std::variant<Loaded, Exit> load_config(const Invocation& invocation, const LogWorld& world);

// The four lines of --version.
std::string version_text();

}  // namespace etcd::server
