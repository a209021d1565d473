#include "node/replica.h"

#include <gtest/gtest.h>

#include <map>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>
#include <variant>
#include <vector>

#include "node/testing/single_node.h"

namespace etcd::node {
namespace {

class LastLine : public base::LogSink {
 public:
  void write(std::string_view line) override { line_ = line; }
  const std::string& line() const { return line_; }

 private:
  std::string line_;
};

// One of three members, alone in the test: what it wants sent or done is only counted.
struct Member {
  struct CountedTransport : Transport {
    void send(std::vector<raft::Message> messages) override {
      sent += messages.size();
      for (const raft::Message& message : messages) {
        if (const auto* proposal = std::get_if<raft::Proposal>(&message.body)) proposed += proposal->entries.size();
        if (const auto* question = std::get_if<raft::ReadIndexRequest>(&message.body)) questions.push_back({message.to, question->context});
        last[message.to.value] = message.body;
      }
    }
    void send_snapshot(OutgoingSnapshot) override {}
    void members_changed(std::shared_ptr<const cluster::View>) override {}
    std::size_t sent = 0;
    std::size_t proposed = 0;  // entries that the leader was asked to take
    std::vector<std::pair<MemberId, base::SharedBytes>> questions;
    std::map<std::uint64_t, raft::MessageBody> last;  // to each member
  };

  explicit Member(Replica::Options replica_options = {}) : options(replica_options) {
    logger.on_fatal([] { throw testing::ProcessEnded(); });
  }

  static raft::Raft make_raft() {
    raft::Recovered recovered;
    recovered.hard_state = {Term(1), MemberId(0), LogIndex(1)};
    recovered.conf_state.voters = {MemberId(1), MemberId(2), MemberId(3)};
    recovered.snapshot.metadata = {recovered.conf_state, LogIndex(1), Term(1)};
    recovered.applied = LogIndex(1);
    raft::Config config;
    config.id = MemberId(1);
    return *raft::Raft::create(config, std::move(recovered), base::Rng(1));
  }

  void receive(std::uint64_t from, std::uint64_t term, raft::MessageBody body) {
    replica.inbox().push(raft::Receive{{MemberId(from), MemberId(1), Term(term), std::move(body)}});
  }

  // Everything that was to be written is durable.
  void step_durably() {
    replica.step(1);
    replica.inbox().push(raft::Persisted{last_batch});
    replica.step(1);
  }

  // Elected in term 2, whose first entry has index 2; member 2 has it, too.
  void lead() {
    receive(2, 1, raft::TimeoutNow{});
    step_durably();
    receive(2, 2, raft::VoteResponse{raft::VoteKind::kVote, true});
    step_durably();
    commit(2);
  }

  void commit(std::uint64_t index) {
    receive(2, 2, raft::AppendAccepted{LogIndex(index)});
    replica.step(1);
    replica.inbox().push(raft::Applied{LogIndex(index)});
    replica.step(1);
  }

  void propose(std::uint64_t id, std::int64_t deadline_ns) {
    ProposedBatch batch;
    batch.entries.emplace_back("entry");
    batch.ids.push_back(id);
    batch.deadlines_ns.push_back(deadline_ns);
    replica.inbox().push(std::move(batch));
  }

  // The state machine is durable up to `index`, and no entry up to there is wanted any more.
  void take_snapshot(std::uint64_t index) {
    raft::Snapshot snapshot;
    snapshot.metadata = {replica.raft_status().conf_state, LogIndex(index), Term(2)};
    replica.inbox().push(SnapshotMade{std::move(snapshot), LogIndex(index)});
    replica.step(1);
  }

  // What becomes of a read.
  struct Read {
    int calls = 0;
    Status outcome;
  };
  void read(Read& read) {
    replica.inbox().push(ReadBarrier::Reader{kNever, [&read](Status outcome) {
                                               ++read.calls;
                                               read.outcome = std::move(outcome);
                                             }});
  }
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  testing::ManualClock clock;
  std::shared_ptr<LastLine> log = std::make_shared<LastLine>();
  base::Logger logger{log, base::LogLevel::kFatal, base::LogFormat::kJson, clock};
  Board board;
  Wakeup wakeup;
  CountedTransport transport;
  std::size_t writes = 0;
  std::uint64_t last_batch = 0;
  std::size_t snapshots = 0;
  std::size_t answering = 0;  // other members
  Replica::Options options;
  Replica replica{make_raft(),
                  options,
                  Replica::Outlets{.disk = [this](const raft::PersistBatch& batch) { ++writes, last_batch = batch.number; },
                                   .apply = [](raft::Entries) {},
                                   .transport = transport,
                                   .snapshot = [this](const raft::Message&) { ++snapshots; },
                                   .reject = [](const std::vector<std::uint64_t>&, const Error&) {},
                                   .others_answering = [this] { return answering; }},
                  board,
                  logger,
                  wakeup};
};

TEST(Replica, ALateTickPutsOffNoOtherAndMissedOnesAreNotMadeUpFor) {
  Member member({.tick_ns = 100});
  EXPECT_EQ(member.replica.step(1), 101);
  EXPECT_EQ(member.replica.step(131), 201);
  EXPECT_EQ(member.replica.step(299), 301);
  EXPECT_EQ(member.replica.step(950), 1050);
}

TEST(Replica, ALeadersHeartbeatThatIsLateIsCounted) {
  Member leader({.tick_ns = 100});
  leader.lead();  // at 1
  for (const std::int64_t now_ns : {101, 201, 301}) leader.replica.step(now_ns);
  EXPECT_EQ(leader.board.late_heartbeats.load(), 0U);
  leader.replica.step(502);
  EXPECT_EQ(leader.board.late_heartbeats.load(), 2U) << "one to each of the others";
  leader.receive(2, 3, raft::Heartbeat{});  // another leads
  leader.replica.step(503);
  EXPECT_EQ(leader.board.late_heartbeats.load(), 2U);
}

TEST(Replica, AMemberWhoseLogIsProvenLostEndsTheProcessBeforeItSaysAnythingMore) {
  Member member;
  member.receive(2, 2, raft::Heartbeat{LogIndex(50), {}});
  EXPECT_THROW(member.replica.step(1), testing::ProcessEnded);
  EXPECT_NE(member.log->line().find("tocommit(50) is out of range [lastIndex(1)]. Was the raft log corrupted, truncated, or lost?"),
            std::string::npos);
  EXPECT_EQ(member.writes, 0U);
  EXPECT_EQ(member.transport.sent, 0U);
}

TEST(Replica, AHeartbeatThatFitsTheLogIsAnswered) {
  Member member;
  member.receive(2, 2, raft::Heartbeat{LogIndex(1), {}});
  member.replica.step(1);
  EXPECT_EQ(member.writes, 1U);
}

// Otherwise the log lets go of what was written while the snapshot was on its way, the next snapshot is due at once, and so on without end.
TEST(Replica, AMemberThatHasHadASnapshotFindsTheEntriesAfterItInTheLog) {
  Member member;
  member.lead();
  member.take_snapshot(2);
  member.receive(3, 2, raft::AppendRejected{LogIndex(1), LogIndex(0), Term(0)});
  member.replica.step(1);
  ASSERT_EQ(member.snapshots, 1U);

  for (std::uint64_t id = 1; id <= 10; ++id) member.propose(id, 1000);
  member.step_durably();
  member.commit(12);
  member.take_snapshot(12);
  member.replica.inbox().push(ReportSnapshot{MemberId(3), true});
  member.replica.step(1);
  member.receive(3, 2, raft::AppendAccepted{LogIndex(2)});
  member.replica.step(1);

  EXPECT_EQ(member.snapshots, 1U);
  const auto* append = std::get_if<raft::AppendRequest>(&member.transport.last[3]);
  ASSERT_NE(append, nullptr);
  EXPECT_EQ(append->prev_index, LogIndex(2));
  EXPECT_EQ(append->entries.size(), 10U);
  EXPECT_EQ(member.replica.raft_status().compacted, LogIndex(2));

  member.receive(3, 2, raft::AppendAccepted{LogIndex(12)});
  member.replica.step(200'000'000);
  member.replica.step(400'000'000);
  EXPECT_EQ(member.replica.raft_status().compacted, LogIndex(12)) << "it is not held for longer than it is needed";
}

TEST(Replica, AReadWaitsForALeaderAndIsRefusedWhereThereHasBeenNoneForLong) {
  Member member({.leaderless_patience_ns = 1'000});
  Member::Read early, late;
  member.replica.step(1);
  member.read(early);
  member.replica.step(1'000);
  EXPECT_EQ(early.calls, 0);
  member.replica.step(1'001);
  ASSERT_EQ(early.calls, 1);
  EXPECT_EQ(early.outcome.error().code, Errc::kNoLeader);
  member.read(late);
  member.receive(2, 2, raft::Heartbeat{LogIndex(1), {}});
  member.replica.step(1'002);
  EXPECT_EQ(late.calls, 0);
  EXPECT_EQ(member.transport.questions.size(), 1U);
}

TEST(Replica, AReadWhoseLeaderIsGoneIsRefusedLikewise) {
  Member member;
  Member::Read read;
  member.receive(2, 2, raft::Heartbeat{LogIndex(1), {}});
  member.replica.step(1);
  member.read(read);
  std::int64_t now_ns = 2;
  for (int tick = 0; tick < 60 && read.calls == 0; ++tick) member.replica.step(now_ns += 100'000'000);
  ASSERT_EQ(read.calls, 1);
  EXPECT_EQ(read.outcome.error().code, Errc::kNoLeader);
}

TEST(Replica, AReadGoesOnToTheNextLeaderAtOnce) {
  Member member;
  Member::Read read;
  member.receive(2, 2, raft::Heartbeat{LogIndex(1), {}});
  member.replica.step(1);
  member.read(read);
  member.replica.step(2);
  ASSERT_EQ(member.transport.questions.size(), 1U);
  member.receive(3, 3, raft::Heartbeat{LogIndex(1), {}});
  member.replica.step(3);
  ASSERT_EQ(member.transport.questions.size(), 2U);
  EXPECT_EQ(member.transport.questions.back().first, MemberId(3));
  EXPECT_NE(member.transport.questions.back().second, member.transport.questions.front().second);
  EXPECT_EQ(read.calls, 0);
}

TEST(Replica, WhoAsksWhileAnotherQuestionIsUnderWayIsAskedForOnceThatIsAnswered) {
  Member member;
  Member::Read first, second;
  member.receive(2, 2, raft::Heartbeat{LogIndex(1), {}});
  member.replica.step(1);
  member.read(first);
  member.replica.step(2);
  member.read(second);
  member.replica.step(3);
  ASSERT_EQ(member.transport.questions.size(), 1U);
  member.receive(2, 2, raft::ReadIndexResponse{LogIndex(1), member.transport.questions.front().second});
  member.replica.step(4);
  EXPECT_EQ(first.calls, 1);
  EXPECT_EQ(member.transport.questions.size(), 2U) << "not with the next tick";
}

// Ticks until it campaigns.
int ticks_without_a_leader(Member& member) {
  const Replica::Options defaults;
  std::int64_t now_ns = 1;
  member.replica.step(now_ns);
  int ticks = 0;
  for (; member.transport.sent == 0 && ticks < 100; ++ticks) member.replica.step(now_ns += defaults.tick_ns);
  return ticks;
}

TEST(Replica, TheFirstWaitForALeaderIsShorterOnceTwoOthersAnswer) {
  Member alone({.skipped_ticks = 8});
  alone.answering = 1;
  const int whole = ticks_without_a_leader(alone);
  Member among_others({.skipped_ticks = 8});
  among_others.answering = 2;
  EXPECT_EQ(ticks_without_a_leader(among_others), whole - 8);
}

TEST(Replica, AProposalWaitsForALeaderUntilItsDeadlineAndNoLonger) {
  Member member;
  member.propose(1, 100);
  member.propose(2, 300);
  member.replica.inbox().push(ProposedChange{raft::ConfChange{.id = 3, .node_id = MemberId(9), .context = {}}, 100});
  member.replica.step(1);
  EXPECT_EQ(member.transport.proposed, 0U);
  member.receive(2, 2, raft::Heartbeat{LogIndex(1), {}});
  member.replica.step(200);
  EXPECT_EQ(member.transport.proposed, 1U) << "whoever asked for the others was told that it took too long";
}

}  // namespace
}  // namespace etcd::node
