// Text scripts: our own in testdata/, and etcd-io/raft's own from the Go module cache, which say what a Go member would do.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "raft/testing/interaction.h"
#include "raft/testing/script.h"

namespace etcd::raft {
namespace {

namespace fs = std::filesystem;
using testing::Interaction;
using testing::run_script;
using testing::ScriptCommand;
using testing::ScriptRun;

std::vector<fs::path> scripts_in(const fs::path& folder) {
  std::vector<fs::path> scripts;
  if (!fs::exists(folder)) return scripts;
  for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
    if (file.path().extension() == ".txt") scripts.push_back(file.path());
  }
  std::sort(scripts.begin(), scripts.end());
  return scripts;
}

ScriptRun run_with(Interaction& members) {
  return {.handler = [&members](const ScriptCommand& command) { return members.handle(command); }};
}

// ETCD_RAFT_MODULE names another place than Go's module cache.
fs::path go_raft_module() {
  if (const char* place = std::getenv("ETCD_RAFT_MODULE")) return place;
  const char* cache = std::getenv("GOMODCACHE");
  const char* home = std::getenv("HOME");
  fs::path root = cache ? fs::path(cache) : fs::path(home ? home : "") / "go/pkg/mod";
  return root / "go.etcd.io/raft/v3@v3.7.0";
}

// What these lines tell about etcd's "unstable log" has no counterpart here: the core knows of each batch what it made durable.
const std::vector<std::string> kUnstableLogNotes = {"missing from unstable log; ignoring", "in unstable log; ignoring",
                                                    "ignored entry appends from a MsgStorageAppendResp"};

// Scripts that cannot apply, and why.
const std::map<std::string, std::string> kNotApplicable = {
    {"forget_leader_read_only_lease_based.txt", "reads by lease are not built: etcd never turns them on"},
};

TEST(GoScripts, AgreeWithTheCore) {
  std::vector<fs::path> scripts = scripts_in(go_raft_module() / "testdata");
  if (scripts.empty()) GTEST_SKIP() << "etcd-io/raft is not in Go's module cache";
  for (const fs::path& script : scripts) {
    if (kNotApplicable.contains(script.filename())) continue;
    Interaction members;
    ScriptRun run = run_with(members);
    run.ignored = kUnstableLogNotes;
    std::string difference = run_script(script, run);
    if (!difference.empty()) ADD_FAILURE() << difference;
  }
}

}  // namespace
}  // namespace etcd::raft
