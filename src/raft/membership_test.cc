#include "raft/membership.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "raft/testing/describe.h"
#include "raft/testing/fixture.h"
#include "raft/testing/script.h"

namespace etcd::raft {
namespace {

using testing::parse_conf_changes;
using testing::run_script;
using testing::ScriptCommand;
using testing::voters;

NewProgress progress_from(std::uint64_t index) { return {LogIndex(index), Inflights(10, kUnlimited)}; }

Members members(const ConfState& conf) { return *restore_members(conf, progress_from(1)); }

Result<Members> change(const ConfState& before, const std::string& changes, ConfChangeTransition transition = ConfChangeTransition::kAuto) {
  return change_members(members(before), {.transition = transition, .changes = parse_conf_changes(changes)}, progress_from(5));
}

TEST(Membership, OneChangeIsSimpleAndSeveralAreJoint) {
  EXPECT_EQ(change(voters({1, 2}), "v3")->conf, voters({1, 2, 3}));
  Result<Members> joint = change(voters({1, 2}), "v3 r2");
  ASSERT_TRUE(joint);
  EXPECT_EQ(describe(joint->conf), "voters=(1 3)&&(1 2) autoleave");
  EXPECT_EQ(describe(change(voters({1}), "v2", ConfChangeTransition::kJointExplicit)->conf), "voters=(1 2)&&(1)");
}

TEST(Membership, AnEmptyChangeLeavesAJointConfiguration) {
  Members joint = *change(voters({1, 2}), "v3 r2");
  Result<Members> left = change_members(joint, {}, progress_from(5));
  ASSERT_TRUE(left);
  EXPECT_EQ(left->conf, voters({1, 3}));
  EXPECT_EQ(left->progress.size(), 2u);
  EXPECT_FALSE(change_members(*left, {}, progress_from(5)));
}

TEST(Membership, AVoterOfTheOldHalfBecomesALearnerOnlyWhenItIsLeft) {
  Result<Members> joint = change(voters({1, 2, 3}), "l3 v4");
  ASSERT_TRUE(joint);
  EXPECT_EQ(describe(joint->conf), "voters=(1 2 4)&&(1 2 3) learners_next=(3) autoleave");
  EXPECT_TRUE(joint->is_voter(MemberId(3)));
  EXPECT_EQ(leave_joint(*joint)->conf, voters({1, 2, 4}, {3}));
}

TEST(Membership, KeepsTheProgressOfMembersThatStay) {
  Members before = members(voters({1, 2}, {3}));
  before.progress.at(MemberId(3)).acknowledge(LogIndex(7));
  Result<Members> after = change_members(before, {.changes = parse_conf_changes("v3")}, progress_from(9));
  ASSERT_TRUE(after);
  EXPECT_EQ(after->progress.at(MemberId(3)).match(), LogIndex(7));
  EXPECT_EQ(after->conf, voters({1, 2, 3}));
}

TEST(Membership, RefusesToRemoveTheLastVoter) {
  Result<Members> none = change(voters({1}), "r1");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().detail, "removed all voters");
}

TEST(Membership, RestoresEveryConfigurationItCanReach) {
  base::Rng rng(3);
  Members current = members(voters({1}));
  for (int round = 0; round < 20'000; ++round) {
    ConfChangeV2 next;
    next.transition = static_cast<ConfChangeTransition>(rng.below(3));
    for (std::uint64_t n = rng.below(4); n > 0; --n) {
      next.changes.push_back({static_cast<ConfChangeType>(rng.below(4)), MemberId(rng.below(7))});
    }
    Result<Members> after = change_members(current, next, progress_from(1));
    if (!after) continue;
    ASSERT_EQ(invalid_configuration(after->conf), "");
    Result<Members> restored = restore_members(after->conf, progress_from(1));
    ASSERT_TRUE(restored) << describe(after->conf);
    ASSERT_EQ(restored->progress.size(), after->progress.size());
    for (const auto& [id, progress] : after->progress) ASSERT_TRUE(restored->progress.contains(id));
    current = std::move(*after);
  }
}

TEST(Membership, RefusesConfigurationsThatMakeNoSense) {
  auto refused = [](auto spoil) {
    ConfState conf = voters({1, 2});
    conf.learners = {MemberId(3)};
    spoil(conf);
    return !restore_members(conf, progress_from(1)).has_value();
  };
  EXPECT_FALSE(refused([](ConfState&) {}));
  EXPECT_TRUE(refused([](ConfState& c) { c.voters = {MemberId(2), MemberId(1)}; }));
  EXPECT_TRUE(refused([](ConfState& c) { c.voters = {MemberId(1), MemberId(1)}; }));
  EXPECT_TRUE(refused([](ConfState& c) { c.voters = {MemberId(0)}; }));
  EXPECT_TRUE(refused([](ConfState& c) { c.voters.clear(); }));
  EXPECT_TRUE(refused([](ConfState& c) { c.learners = {MemberId(2)}; }));
  EXPECT_TRUE(refused([](ConfState& c) { c.voters_outgoing = {MemberId(3)}; }));
  EXPECT_TRUE(refused([](ConfState& c) { c.learners_next = {MemberId(4)}; }));
  EXPECT_TRUE(refused([](ConfState& c) { c.auto_leave = true; }));
}

// etcd's scripts: simple, enter-joint, leave-joint, each with a list of changes.
std::string run_change(Members& current, std::uint64_t index, const ScriptCommand& command) {
  std::vector<ConfChangeSingle> changes = parse_conf_changes(command.input);
  NewProgress fresh = progress_from(std::max<std::uint64_t>(index, 1));
  Result<Members> after = command.name == "simple"        ? change_simple(current, changes, fresh)
                          : command.name == "enter-joint" ? enter_joint(current, command.is_true("autoleave"), changes, fresh)
                                                          : leave_joint(current);
  if (!after) return after.error().detail;
  current = std::move(*after);
  std::string text = describe(current.conf) + "\n";
  for (const auto& [id, progress] : current.progress) {
    text += std::to_string(id.value) + ": " + describe(progress.status(id, current.is_learner(id))) + "\n";
  }
  return text;
}

TEST(Membership, AgreesWithGoScripts) {
  std::vector<std::string> scripts = testing::scripts_in(testing::go_raft_module() + "/confchange/testdata");
  if (scripts.empty()) GTEST_SKIP() << testing::kNoGoModule;
  for (const std::string& script : scripts) {
    Members current;
    std::uint64_t index = 0;
    std::string difference = run_script(script, {[&](const ScriptCommand& command) { return run_change(current, index++, command); }});
    if (!difference.empty()) ADD_FAILURE() << difference;
  }
}

}  // namespace
}  // namespace etcd::raft
