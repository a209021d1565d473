// Text scripts: commands with the output they should have, in the grammar of Go's datadriven (as etcd-io/raft uses it).
//
//   # comment
//   command key key=value key=(value,value)
//   input, any number of lines
//   ----
//   expected output, up to a blank line
//
// Output that contains blank lines stands between two "----" lines at each end. RAFT_REWRITE=1 in the environment writes what came out
// instead of comparing it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace etcd::raft::testing {

struct ScriptArg {
  std::string key;
  std::vector<std::string> values;
};

struct ScriptCommand {
  int line = 0;
  std::string name;
  std::vector<ScriptArg> args;
  std::string input;     // without the last newline
  std::string expected;  // ends with a newline unless empty

  // The values of `key`; empty if it is not there.
  std::vector<std::string> values(std::string_view key) const;
  // The numbers that stand as keys, in order.
  std::vector<std::uint64_t> numbers() const;
  bool is_true(std::string_view key) const;
};

using ScriptHandler = std::function<std::string(const ScriptCommand&)>;

// How a script is run.
struct ScriptRun {
  ScriptHandler handler;
  // Expected lines that contain one of these are left out.
  std::vector<std::string> ignored = {};
  bool may_rewrite = false;
};

// Splits a script into its commands.
std::vector<ScriptCommand> parse_script(const std::string& text);
std::string read_text(const std::string& path);

// Runs each command through the handler and compares. Returns the first difference as text, empty if there is none. RAFT_REWRITE has effect
// only if `may_rewrite`.
std::string run_script(const std::string& path, const ScriptRun& run);

// The .txt files in a folder, sorted; none if there is no such folder.
std::vector<std::string> scripts_in(const std::string& folder);

// Where Go keeps the sources of etcd-io/raft 3.7.0, whose scripts say what a Go member does. ETCD_RAFT_MODULE names another place.
std::string go_raft_module();
inline constexpr const char* kNoGoModule = "etcd-io/raft is not in Go's module cache";

}  // namespace etcd::raft::testing
