// Elections and replication seen from one member, where the order of disk and messages matters.

#include <gtest/gtest.h>

#include <algorithm>

#include "raft/testing/fixture.h"

namespace etcd::raft {
namespace {

using testing::bytes;
using testing::config;
using testing::entry;
using testing::fresh;
using testing::make;
using testing::propose;
using testing::texts;
using testing::voters;
using Texts = std::vector<std::string>;

template <typename Body>
std::vector<Message> of_kind(const std::vector<Message>& messages) {
  std::vector<Message> found;
  std::ranges::copy_if(messages, std::back_inserter(found), [](const Message& m) { return std::holds_alternative<Body>(m.body); });
  return found;
}

Receive from(std::uint64_t member, std::uint64_t term, MessageBody body) {
  return Receive{{MemberId(member), MemberId(1), Term(term), std::move(body)}};
}

// Persists whatever there is, at once.
Output persist_all(Raft& raft, Output out) {
  while (out.persist) {
    Output next = raft.step(Persisted{out.persist->number});
    if (!next.persist) return next;
    out = std::move(next);
  }
  return out;
}

// Member 1 of three, leading term 2.
Raft leader_of_three(const Config& settings = config(1), Recovered recovered = fresh(voters({1, 2, 3}))) {
  Raft raft = make(settings, std::move(recovered));
  persist_all(raft, raft.step(Campaign{}));
  raft.feed(from(2, raft.term().value, VoteResponse{VoteKind::kVote, true}));
  EXPECT_EQ(raft.role(), Role::kLeader);
  return raft;
}

// Else it could win the term, send entries, crash, come back in the old term and win the same term once more.
TEST(Election, AsksForVotesOnlyWhenItsTermIsDurable) {
  Raft raft = make(config(1), fresh(voters({1, 2, 3})));
  Output out = raft.step(Campaign{});
  EXPECT_TRUE(out.send_now.empty());
  ASSERT_TRUE(out.persist);
  EXPECT_EQ(of_kind<VoteRequest>(out.persist->then_send).size(), 2u);
  EXPECT_TRUE(out.persist->must_sync);
}

TEST(Election, AsksForPreVotesAtOnceAndCountsItsOwnWhenItsDiskAnswers) {
  Config settings = config(1);
  settings.pre_vote = true;
  Raft raft = make(settings, fresh(voters({1, 2, 3})));
  Output out = raft.step(Campaign{});
  EXPECT_EQ(of_kind<VoteRequest>(out.send_now).size(), 2u);
  raft.step(from(2, 2, VoteResponse{VoteKind::kPreVote, true}));
  EXPECT_EQ(raft.role(), Role::kPreCandidate);
  raft.step(Persisted{out.persist->number});
  EXPECT_EQ(raft.role(), Role::kCandidate);
}

TEST(Election, AnswersAVoteOnlyWhenItIsDurable) {
  Raft raft = make(config(1), fresh(voters({1, 2, 3})));
  Output out = raft.step(from(2, 5, VoteRequest{VoteKind::kVote, LogIndex(1), Term(1), false}));
  EXPECT_TRUE(out.send_now.empty());
  ASSERT_TRUE(out.persist);
  EXPECT_EQ(out.persist->hard_state, (HardState{Term(5), MemberId(2), LogIndex(1)}));
  EXPECT_EQ(of_kind<VoteResponse>(out.persist->then_send).size(), 1u);
  out = raft.step(from(3, 5, VoteRequest{VoteKind::kVote, LogIndex(9), Term(4), false}));
  EXPECT_FALSE(std::get<VoteResponse>(out.persist->then_send.at(0).body).granted) << "one vote a term";
}

TEST(Election, LatePreVotesOfAnEarlierRoundDoNotCount) {
  Config settings = config(1);
  settings.pre_vote = true;
  Raft raft = make(settings, fresh(voters({1, 2, 3})));
  raft.step(from(2, 4, Heartbeat{LogIndex(1), {}}));
  Output out = raft.step(Campaign{});
  raft.step(Persisted{out.persist->number});
  raft.step(from(3, 2, VoteResponse{VoteKind::kPreVote, true}));
  EXPECT_EQ(raft.role(), Role::kPreCandidate);
  raft.step(from(3, 5, VoteResponse{VoteKind::kPreVote, true}));
  EXPECT_EQ(raft.role(), Role::kCandidate);
}

TEST(Replication, SendsEntriesBeforeTheyAreDurableHere) {
  Raft raft = leader_of_three();
  raft.step(from(2, 2, AppendAccepted{LogIndex(1)}));
  Output out = raft.step(propose("a"));
  std::vector<Message> appends = of_kind<AppendRequest>(out.send_now);
  ASSERT_EQ(appends.size(), 1u);
  EXPECT_EQ(texts(std::get<AppendRequest>(appends[0].body).entries), Texts{"a"});
  EXPECT_EQ(texts(out.persist->append), Texts{"a"});
}

TEST(Replication, CommitsWithAQuorumOfOthersButAppliesOnlyWhatIsDurableHere) {
  Raft raft = leader_of_three();
  Output election = raft.flush();
  std::uint64_t batch = election.persist->number;
  raft.step(from(2, 2, AppendAccepted{LogIndex(2)}));
  Output out = raft.step(from(3, 2, AppendAccepted{LogIndex(2)}));
  EXPECT_EQ(raft.committed(), LogIndex(2));
  EXPECT_TRUE(out.committed.empty());
  EXPECT_EQ(raft.step(Persisted{batch}).committed.size(), 1u);
}

// Thesis figure 3.7: an entry of an older term on a majority may still be overwritten.
TEST(Replication, CountsOnlyEntriesOfItsOwnTerm) {
  Recovered recovered = fresh(voters({1, 2, 3}));
  recovered.entries = {entry(2, 2, "old")};
  recovered.hard_state = {Term(2), MemberId(0), LogIndex(1)};
  Raft raft = leader_of_three(config(1), recovered);
  ASSERT_EQ(raft.term(), Term(3));
  persist_all(raft, raft.flush());
  raft.step(from(2, 3, AppendAccepted{LogIndex(2)}));
  EXPECT_EQ(raft.committed(), LogIndex(1));
  raft.step(from(2, 3, AppendAccepted{LogIndex(3)}));
  EXPECT_EQ(raft.committed(), LogIndex(3));
}

TEST(Replication, AFollowerAcknowledgesWhatIsDurable) {
  Raft raft = make(config(1), fresh(voters({1, 2, 3})));
  AppendRequest append{LogIndex(1), Term(1), LogIndex(2), Entries(std::vector{entry(2, 2, "a"), entry(2, 3, "b")})};
  Output out = raft.step(from(2, 2, append));
  EXPECT_TRUE(out.send_now.empty());
  EXPECT_EQ(texts(out.persist->append), (Texts{"a", "b"}));
  EXPECT_EQ(std::get<AppendAccepted>(out.persist->then_send.at(0).body).match, LogIndex(3));
  EXPECT_EQ(texts(raft.step(Persisted{out.persist->number}).committed), Texts{"a"});
}

TEST(Replication, AFollowerReplacesWhatConflictsAndKeepsTheRest) {
  Recovered recovered = fresh(voters({1, 2, 3}));
  recovered.entries = {entry(1, 2, "same"), entry(1, 3, "other"), entry(1, 4, "other")};
  Raft raft = make(config(1), recovered);
  AppendRequest append{LogIndex(1), Term(1), LogIndex(1), Entries(std::vector{entry(1, 2, "same"), entry(2, 3, "new")})};
  Output out = raft.step(from(2, 2, append));
  EXPECT_EQ(out.persist->append, Entries(std::vector{entry(2, 3, "new")}));
  EXPECT_EQ(raft.last_index(), LogIndex(3));
  out = raft.step(from(2, 2, AppendRequest{LogIndex(1), Term(1), LogIndex(1), Entries(std::vector{entry(1, 2, "same")})}));
  EXPECT_TRUE(out.persist->append.empty()) << "an old message cuts nothing";
  EXPECT_EQ(raft.last_index(), LogIndex(3));
}

// A member that comes back with an empty disk under its old id must neither vote nor go on.
TEST(Replication, AMemberThatLostItsLogStops) {
  Raft raft = make(config(1), fresh(voters({1, 2, 3})));
  Output out = raft.step(from(2, 2, Heartbeat{LogIndex(50), {}}));
  ASSERT_TRUE(out.fatal);
  EXPECT_EQ(*out.fatal, "tocommit(50) is out of range [lastIndex(1)]. Was the raft log corrupted, truncated, or lost?");
  out = raft.step(from(3, 3, VoteRequest{VoteKind::kVote, LogIndex(9), Term(2), false}));
  EXPECT_TRUE(out.empty()) << "nothing more is taken in";
}

TEST(Snapshots, AreInstalledAfterTheyAreDurableAndNothingComesBetween) {
  Raft raft = make(config(1), fresh(voters({1, 2, 3})));
  Snapshot snapshot{bytes("state"), {voters({1, 2, 3}), LogIndex(10), Term(2)}};
  raft.feed(from(2, 2, InstallSnapshot{snapshot}));
  Output out = raft.step(from(2, 2, AppendRequest{LogIndex(10), Term(2), LogIndex(11), Entries(std::vector{entry(2, 11, "next")})}));
  ASSERT_TRUE(out.persist && out.persist->snapshot);
  EXPECT_TRUE(out.persist->must_sync);
  EXPECT_EQ(out.persist->snapshot->metadata.index, LogIndex(10));
  EXPECT_EQ(texts(out.persist->append), Texts{"next"});
  EXPECT_TRUE(raft.step(Persisted{out.persist->number}).committed.empty());
  EXPECT_EQ(texts(raft.step(Applied{LogIndex(10)}).committed), Texts{"next"});
}

// Entries handed out before the snapshot came reach apply after the core has the snapshot's configuration.
TEST(Snapshots, ApplyKeepsItsOwnConfigurationUntilTheyAreInstalled) {
  Recovered recovered = fresh(voters({1, 2}));
  recovered.entries = {Entry{Term(1), LogIndex(2), EntryType::kConfChange, {}}};
  recovered.hard_state.commit = LogIndex(2);
  Raft raft = make(config(1), recovered);
  ASSERT_EQ(raft.flush().committed.size(), 1u);
  Snapshot snapshot{bytes("state"), {voters({1, 2, 4}), LogIndex(10), Term(1)}};
  Output install = raft.step(from(2, 2, InstallSnapshot{snapshot}));
  Output out = raft.step(ApplyConfChange{ConfChangeV2{.changes = {{ConfChangeType::kAddNode, MemberId(3)}}}});
  EXPECT_EQ(out.conf_state, voters({1, 2, 3}));
  EXPECT_EQ(raft.status().conf_state, voters({1, 2, 4}));
  raft.step(Applied{LogIndex(2)});
  raft.step(Persisted{install.persist->number});
  raft.step(Applied{LogIndex(10)});
  out = raft.step(ApplyConfChange{ConfChangeV2{.changes = {{ConfChangeType::kAddNode, MemberId(5)}}}});
  EXPECT_EQ(out.conf_state, voters({1, 2, 4, 5}));
}

TEST(Snapshots, GoToMembersThatNeedEntriesWhichAreGone) {
  Raft raft = leader_of_three();
  Output out = raft.step(Propose{std::vector(5, bytes("x"))});
  raft.step(Persisted{out.persist->number});
  raft.step(from(2, 2, AppendAccepted{LogIndex(7)}));
  raft.step(Applied{LogIndex(7)});
  raft.feed(SnapshotTaken{{bytes("state"), {voters({1, 2, 3}), LogIndex(6), Term(2)}}});
  raft.feed(Compact{LogIndex(6)});
  raft.feed(from(3, 2, HeartbeatResponse{}));
  out = raft.step(from(3, 2, AppendRejected{LogIndex(1), LogIndex(0), Term(0)}));
  std::vector<Message> sent = of_kind<InstallSnapshot>(out.send_now);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(std::get<InstallSnapshot>(sent[0].body).snapshot.metadata.index, LogIndex(6));
  out = raft.step(from(3, 2, AppendAccepted{LogIndex(6)}));
  ASSERT_EQ(of_kind<AppendRequest>(out.send_now).size(), 1u) << "and the log goes on from there";
}

}  // namespace
}  // namespace etcd::raft
