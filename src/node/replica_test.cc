#include "node/replica.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
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
      for (raft::Message& message : messages) last[message.to.value] = std::move(message.body);
    }
    void send_snapshot(OutgoingSnapshot) override {}
    void members_changed(std::shared_ptr<const cluster::View>) override {}
    std::size_t sent = 0;
    std::map<std::uint64_t, raft::MessageBody> last;  // to each member
  };

  Member() { logger.on_fatal([] { throw testing::ProcessEnded(); }); }

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

  void propose(std::size_t count) {
    ProposedBatch batch;
    for (std::size_t i = 0; i < count; ++i) {
      batch.entries.push_back(base::SharedBytes("entry"));
      batch.ids.push_back(i + 1);
    }
    replica.inbox().push(std::move(batch));
    step_durably();
  }

  // The state machine is durable up to `index`, and no entry up to there is wanted any more.
  void take_snapshot(std::uint64_t index) {
    raft::Snapshot snapshot;
    snapshot.metadata = {replica.raft_status().conf_state, LogIndex(index), Term(2)};
    replica.inbox().push(SnapshotMade{std::move(snapshot), LogIndex(index)});
    replica.step(1);
  }

  testing::ManualClock clock;
  std::shared_ptr<LastLine> log = std::make_shared<LastLine>();
  base::Logger logger{log, base::LogLevel::kFatal, base::LogFormat::kJson, clock};
  Board board;
  Wakeup wakeup;
  CountedTransport transport;
  std::size_t writes = 0;
  std::uint64_t last_batch = 0;
  std::size_t snapshots = 0;
  Replica replica{make_raft(),
                  Replica::Options{},
                  Replica::Outlets{.disk = [this](const raft::PersistBatch& batch) { ++writes, last_batch = batch.number; },
                                   .apply = [](raft::Entries) {},
                                   .transport = transport,
                                   .snapshot = [this](const raft::Message&) { ++snapshots; },
                                   .reject = [](const std::vector<std::uint64_t>&, const Error&) {}},
                  board,
                  logger,
                  wakeup};
};

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

  member.propose(10);
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

}  // namespace
}  // namespace etcd::node
