// Text scripts: commands, each with the output it should have. A failure reads as a story, and a new script is written by running it.
//
//   # a comment
//   command and its words
//   more lines of input, if the command takes any
//   ----
//   the output, up to a blank line
//
// With ETCD_REWRITE=1 in the environment the file gets the output that came instead of being compared with it: read the diff.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace etcd::base::testing {

// Gets the lines of one command; returns its output.
using ScriptHandler = std::function<std::string(const std::vector<std::string>& lines)>;

// Runs the script at `path`. Returns the first difference as text, empty if there is none.
std::string run_script(const std::string& path, const ScriptHandler& handler);

}  // namespace etcd::base::testing
