// The flags of `etcd`, bound to one Config: read from a command line by the rules of Go's flag package, and from the environment.
//
// Owner: load_config(); the Config must outlive the FlagSet. Reading stops at the first error, as etcd's does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "server/flag_value.h"

namespace etcd::server {

// How far a flag goes here; docs/compat.md#flags lists those that don't go all the way.
enum class Support : std::uint8_t {
  kFull,
  kNoEffect,  // accepted: doing without it harms nobody
  kRefused,   // only its default is accepted: ignoring another value would break a promise
  kIgnored,   // etcd ignores it too
};

struct Flag {
  std::string_view section;
  std::string_view name;
  FlagValue value;
  std::string_view help = {};
  std::string_view file_key = {};  // where the config file has it, if that is not the name; parts between '/'; "-": not in the file
  Support support = Support::kFull;
  std::string_view note = {};  // why it is refused or has no effect
};

// All of them, in the order of --help. In flag_table.cc.
std::vector<Flag> flag_table(Config& config);

struct CommandLine {
  enum class Outcome : std::uint8_t { kRead, kHelpAsked, kBad } outcome = Outcome::kRead;
  std::string error;              // kBad: e.g. `flag provided but not defined: -x`
  std::vector<std::string> rest;  // what follows the flags
};

class FlagSet {
 public:
  explicit FlagSet(Config& config);

  // `args` without the program's name.
  CommandLine parse(const std::vector<std::string>& args);
  // Flags that are not set yet take their value from ETCD_<NAME>. `environment` is a list of KEY=value. Warns of unknown ETCD_ variables; ends
  // the process if a variable's flag is on the command line too. Errors: kInvalid `invalid value "x" for ETCD_NAME: ...`, the last one met.
  Status read_environment(const std::vector<std::string>& environment, base::Logger& logger);

  // CHECKs that there is such a flag.
  const Flag& find(std::string_view name) const;
  const std::vector<Flag>& all() const { return flags_; }

 private:
  struct Argument;

  const Flag* lookup(std::string_view name) const;
  Status set(const Flag& flag, std::string_view text);
  Status set_argument(const Argument& argument, const Flag& flag);

  Config& config_;
  std::vector<Flag> flags_;
};

// "ETCD_LISTEN_CLIENT_URLS" of "listen-client-urls".
std::string environment_name(std::string_view flag);

// The short usage, and the list of all flags that --help adds.
std::string usage_text();
std::string help_text();
// The rows of docs/compat.md#flags: every flag whose support is not full.
std::string support_table();

}  // namespace etcd::server
