// Text scripts: our own in testdata/, and etcd-io/raft's own from the Go module cache, which say what a Go member would do.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "raft/testing/interaction.h"
#include "raft/testing/script.h"

namespace etcd::raft {
namespace {

using testing::Interaction;
using testing::run_script;
using testing::ScriptCommand;
using testing::ScriptRun;

ScriptRun run_with(Interaction& members) {
  return {.handler = [&members](const ScriptCommand& command) { return members.handle(command); }};
}

// What these lines tell about etcd's "unstable log" has no counterpart here: the core knows of each batch what it made durable.
const std::vector<std::string> kUnstableLogNotes = {"missing from unstable log; ignoring", "in unstable log; ignoring",
                                                    "ignored entry appends from a MsgStorageAppendResp"};

// Scripts that cannot apply, and why.
const std::map<std::string, std::string> kNotApplicable = {
    {"forget_leader_read_only_lease_based.txt", "reads by lease are not built: etcd never turns them on"},
};

TEST(Scripts, TellWhatTheyShould) {
  std::vector<std::string> scripts = testing::scripts_in(RAFT_TESTDATA);
  ASSERT_FALSE(scripts.empty());
  for (const std::string& script : scripts) {
    Interaction members;
    ScriptRun run = run_with(members);
    run.may_rewrite = true;
    std::string difference = run_script(script, run);
    if (!difference.empty()) ADD_FAILURE() << difference;
  }
}

TEST(GoScripts, AgreeWithTheCore) {
  std::vector<std::string> scripts = testing::scripts_in(testing::go_raft_module() + "/testdata");
  if (scripts.empty()) GTEST_SKIP() << testing::kNoGoModule;
  for (const std::string& script : scripts) {
    if (kNotApplicable.contains(script.substr(script.rfind('/') + 1))) continue;
    Interaction members;
    ScriptRun run = run_with(members);
    run.ignored = kUnstableLogNotes;
    std::string difference = run_script(script, run);
    if (!difference.empty()) ADD_FAILURE() << difference;
  }
}

}  // namespace
}  // namespace etcd::raft
