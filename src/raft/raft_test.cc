// The core with a single voter: the order of persisting, committing and applying, and what a restart accepts.

#include "raft/raft.h"

#include <gtest/gtest.h>

#include "raft/testing/fixture.h"

namespace etcd::raft {
namespace {

using testing::bytes;
using testing::config;
using testing::entry;
using testing::fresh;
using testing::make;
using testing::propose;
using testing::sole_leader;
using testing::texts;
using testing::voters;
using Texts = std::vector<std::string>;

TEST(SingleVoter, LeadsOnceItsOwnVoteIsDurable) {
  Raft raft = make(config(1), fresh(voters({1})));
  Output campaign = raft.step(Campaign{});
  EXPECT_EQ(raft.role(), Role::kCandidate);
  ASSERT_TRUE(campaign.persist && campaign.persist->hard_state);
  EXPECT_EQ(*campaign.persist->hard_state, (HardState{Term(2), MemberId(1), LogIndex(1)}));
  EXPECT_TRUE(campaign.persist->must_sync);

  Output elected = raft.step(Persisted{campaign.persist->number});
  EXPECT_EQ(raft.role(), Role::kLeader);
  EXPECT_EQ(elected.soft_state, (SoftState{MemberId(1), Role::kLeader}));
  ASSERT_TRUE(elected.persist);
  EXPECT_EQ(elected.persist->append, Entries({entry(2, 2)}));
}

TEST(SingleVoter, ElectsItselfWhenTimePassesAlsoWithPreVote) {
  Config settings = config(1);
  settings.pre_vote = true;
  Raft raft = make(settings, fresh(voters({1})));
  for (int tick = 0; tick < 30 && raft.role() != Role::kLeader; ++tick) {
    Output out = raft.step(Tick{});
    while (out.persist) out = raft.step(Persisted{out.persist->number});
  }
  EXPECT_EQ(raft.role(), Role::kLeader);
  EXPECT_EQ(raft.term(), Term(2));
}

TEST(SingleVoter, CommitsAProposalOnlyWhenItIsDurable) {
  Raft raft = sole_leader(config(1));
  Output proposed = raft.step(propose("a"));
  ASSERT_TRUE(proposed.persist);
  EXPECT_EQ(texts(proposed.persist->append), Texts{"a"});
  EXPECT_TRUE(proposed.persist->must_sync);
  EXPECT_TRUE(proposed.committed.empty());

  Output durable = raft.step(Persisted{proposed.persist->number});
  EXPECT_EQ(texts(durable.committed), Texts{"a"});
  ASSERT_TRUE(durable.persist && durable.persist->hard_state);
  EXPECT_EQ(durable.persist->hard_state->commit, LogIndex(3));
  EXPECT_FALSE(durable.persist->must_sync) << "a commit index alone needs no fsync";
}

TEST(SingleVoter, GathersProposalsIntoOneBatch) {
  Raft raft = sole_leader(config(1));
  raft.feed(propose("a"));
  raft.feed(Propose{{bytes("b"), bytes("c")}});
  Output out = raft.flush();
  EXPECT_EQ(texts(out.persist->append), (Texts{"a", "b", "c"}));
  EXPECT_TRUE(raft.flush().empty());
}

TEST(SingleVoter, StepsOnWhileBatchesAreOnTheirWayToDisk) {
  Raft raft = sole_leader(config(1));
  std::uint64_t first = raft.step(propose("a")).persist->number;
  std::uint64_t second = raft.step(propose("b")).persist->number;
  std::uint64_t third = raft.step(propose("c")).persist->number;
  EXPECT_LT(first, second);
  EXPECT_EQ(texts(raft.step(Persisted{first}).committed), Texts{"a"});
  EXPECT_EQ(texts(raft.step(Persisted{third}).committed), (Texts{"b", "c"})) << "batches written together are confirmed by the last";
}

TEST(SingleVoter, HandsOutNoMoreToApplyThanAllowed) {
  Config settings = config(1);
  settings.max_applying_bytes = 100;
  Raft raft = sole_leader(settings);
  std::string half(30, 'x');
  Output out = raft.step(Propose{{bytes(half), bytes(half + half + half + half), bytes(half)}});
  out = raft.step(Persisted{out.persist->number});
  EXPECT_EQ(texts(out.committed), Texts{half});
  EXPECT_TRUE(raft.step(Tick{}).committed.empty()) << "the next one does not fit beside it";
  out = raft.step(Applied{LogIndex(3)});
  EXPECT_EQ(out.committed.size(), 1u) << "one entry always goes, however large";
  out = raft.step(Applied{LogIndex(4)});
  EXPECT_EQ(texts(out.committed), Texts{half});
}

TEST(SingleVoter, DropsWhatExceedsTheUncommittedLimit) {
  Config settings = config(1);
  settings.max_uncommitted_bytes = 10;
  Raft raft = sole_leader(settings);
  Output out = raft.step(propose("eight by"));
  EXPECT_TRUE(out.dropped.empty());
  EXPECT_EQ(raft.step(propose("too much")).dropped, std::vector{DropReason::kTooMuchUncommitted});
  raft.step(Persisted{out.persist->number});
  EXPECT_TRUE(raft.step(propose("more than ten, but alone")).dropped.empty());
}

TEST(SingleVoter, DropsProposalsAndReadsWithoutALeader) {
  Raft raft = make(config(1), fresh(voters({1})));
  Output out = raft.step(propose("a"));
  EXPECT_EQ(out.dropped, std::vector{DropReason::kNoLeader});
  out = raft.step(ReadIndex{bytes("r")});
  EXPECT_EQ(out.reads_dropped, std::vector{bytes("r")});
}

TEST(SingleVoter, AnswersReadsAtTheCommitIndex) {
  Raft raft = sole_leader(config(1));
  Output out = raft.step(ReadIndex{bytes("r")});
  EXPECT_EQ(out.reads, (std::vector{ReadState{LogIndex(2), bytes("r")}}));
}

// The recovered commit index may lie behind what was acknowledged before the crash.
TEST(SingleVoter, PostponesReadsUntilItsTermHasACommit) {
  Recovered recovered = fresh(voters({1}));
  recovered.entries = {entry(1, 2, "acknowledged")};
  Raft raft = make(config(1), recovered);
  Output out = raft.step(Campaign{});
  out = raft.step(Persisted{out.persist->number});
  ASSERT_EQ(raft.role(), Role::kLeader);
  EXPECT_TRUE(raft.step(ReadIndex{bytes("r")}).reads.empty());
  out = raft.step(Persisted{out.persist->number});
  EXPECT_EQ(out.reads, (std::vector{ReadState{LogIndex(3), bytes("r")}}));
}

TEST(SingleVoter, AppliesItsOwnBootstrapAndThenLeads) {
  std::string change;
  Recovered recovered;
  recovered.hard_state = {Term(1), MemberId(0), LogIndex(1)};
  recovered.entries = {Entry{Term(1), LogIndex(1), EntryType::kConfChange, bytes(change)}};
  Raft raft = make(config(7), recovered);
  Output out = raft.flush();
  ASSERT_EQ(out.committed.size(), 1u);
  raft.step(Campaign{});
  EXPECT_EQ(raft.role(), Role::kFollower) << "not a member yet";

  out = raft.step(ApplyConfChange{ConfChangeV2{.changes = {{ConfChangeType::kAddNode, MemberId(7)}}}});
  EXPECT_EQ(out.conf_state, voters({7}));
  raft.step(Campaign{});
  EXPECT_EQ(raft.role(), Role::kFollower) << "the change is not applied yet";
  raft.step(Applied{LogIndex(1)});
  raft.step(Campaign{});
  EXPECT_EQ(raft.role(), Role::kCandidate);
}

TEST(SingleVoter, ForgetsEntriesUpToItsSnapshot) {
  Raft raft = sole_leader(config(1));
  Output out = raft.step(Propose{std::vector(600, bytes("x"))});
  raft.step(Persisted{out.persist->number});
  raft.step(Applied{LogIndex(602)});
  Snapshot snapshot{bytes("state"), {voters({1}), LogIndex(500), Term(2)}};
  raft.feed(SnapshotTaken{snapshot});
  raft.feed(Compact{LogIndex(400)});
  RaftStatus status = raft.status();
  EXPECT_EQ(status.snapshot, LogIndex(500));
  EXPECT_EQ(status.compacted, LogIndex(400));
  EXPECT_EQ(status.last, LogIndex(602));
}

TEST(SingleVoterDeathTest, RefusesAcknowledgementsThatCannotBe) {
  Raft raft = sole_leader(config(1));
  EXPECT_DEATH(raft.step(Persisted{99}), "CHECK failed");
  EXPECT_DEATH(raft.step(Applied{LogIndex(3)}), "CHECK failed");
  EXPECT_DEATH(raft.step(Compact{LogIndex(2)}), "CHECK failed");
}

TEST(Restart, GoesOnFromWhatTheDiskHas) {
  Recovered recovered = fresh(voters({1}));
  recovered.entries = {entry(1, 2, "a"), entry(2, 3, "b"), entry(2, 4, "c")};
  recovered.hard_state = {Term(2), MemberId(1), LogIndex(3)};
  recovered.applied = LogIndex(2);
  Raft raft = make(config(1), recovered);
  Output out = raft.flush();
  EXPECT_EQ(texts(out.committed), Texts{"b"});
  EXPECT_FALSE(out.persist);
  EXPECT_EQ(raft.term(), Term(2));
  EXPECT_EQ(raft.last_index(), LogIndex(4));
}

TEST(Restart, RaisesACommitIndexThatWasNotFlushed) {
  Recovered recovered = fresh(voters({1}));
  recovered.entries = {entry(1, 2, "a"), entry(1, 3, "b")};
  recovered.applied = LogIndex(3);
  Raft raft = make(config(1), recovered);
  EXPECT_EQ(raft.committed(), LogIndex(3));
  EXPECT_TRUE(raft.flush().committed.empty());
}

// A write that was not synced may be there in part: the entries, and not the hard state behind them.
TEST(Restart, RaisesATermThatWasNotFlushed) {
  Recovered recovered = fresh(voters({1, 2, 3}));
  recovered.hard_state.vote = MemberId(3);
  recovered.entries = {entry(1, 2, "a"), entry(4, 3, "b")};
  Raft raft = make(config(1), recovered);
  EXPECT_EQ(raft.term(), Term(4));
  EXPECT_EQ(raft.status().vote, MemberId(0)) << "the vote was one of an earlier term";
  Output out = raft.flush();
  ASSERT_TRUE(out.persist && out.persist->hard_state);
  EXPECT_EQ(out.persist->hard_state->term, Term(4));
  EXPECT_TRUE(out.persist->must_sync);
}

void expect_corrupt(const Recovered& recovered) {
  Result<Raft> raft = Raft::create(config(1), recovered, base::Rng(1));
  ASSERT_FALSE(raft.has_value());
  EXPECT_EQ(raft.error().code, Errc::kCorrupt);
  EXPECT_FALSE(raft.error().detail.empty());
}

TEST(Restart, RefusesPartsThatCannotBelongTogether) {
  Recovered good = fresh(voters({1}));
  good.entries = {entry(1, 2), entry(1, 3)};
  ASSERT_TRUE(Raft::create(config(1), good, base::Rng(1)).has_value());

  Recovered bad = good;
  bad.hard_state.commit = LogIndex(4);
  expect_corrupt(bad);
  bad = good;
  bad.applied = LogIndex(4);
  expect_corrupt(bad);
  bad = good;
  bad.applied = LogIndex(0);
  expect_corrupt(bad);
  bad = good;
  bad.entries[1].index = LogIndex(4);
  expect_corrupt(bad);
  bad = good;
  bad.entries[1].term = Term(0);
  expect_corrupt(bad);
  bad = good;
  bad.snapshot.metadata.term = Term(0);
  expect_corrupt(bad);
  bad = good;
  bad.conf_state.learners = {MemberId(1)};
  expect_corrupt(bad);
  bad = good;
  bad.entries.clear();
  bad.snapshot.metadata.index = LogIndex(kUnlimited);
  bad.applied = LogIndex(kUnlimited);
  bad.entries = {entry(1, 0)};
  expect_corrupt(bad);
}

TEST(Restart, RefusesABadConfig) {
  for (auto spoil : {+[](Config& c) { c.id = MemberId(0); }, +[](Config& c) { c.id = MemberId(kUnlimited); },
                     +[](Config& c) { c.heartbeat_tick = 0; }, +[](Config& c) { c.heartbeat_tick = c.election_tick; },
                     +[](Config& c) { c.max_inflight_messages = 0; }, +[](Config& c) { c.max_inflight_bytes = 1; }}) {
    Config bad = config(1);
    spoil(bad);
    Result<Raft> raft = Raft::create(bad, fresh(voters({1})), base::Rng(1));
    ASSERT_FALSE(raft.has_value());
    EXPECT_EQ(raft.error().code, Errc::kInvalid);
  }
}

}  // namespace
}  // namespace etcd::raft
