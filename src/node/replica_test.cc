#include "node/replica.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

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
    void send(std::vector<raft::Message> messages) override { sent += messages.size(); }
    void send_snapshot(OutgoingSnapshot) override {}
    void members_changed(std::shared_ptr<const cluster::View>) override {}
    std::size_t sent = 0;
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

  testing::ManualClock clock;
  std::shared_ptr<LastLine> log = std::make_shared<LastLine>();
  base::Logger logger{log, base::LogLevel::kFatal, base::LogFormat::kJson, clock};
  Board board;
  Wakeup wakeup;
  CountedTransport transport;
  std::size_t writes = 0;
  Replica replica{make_raft(),
                  Replica::Options{},
                  Replica::Outlets{.disk = [this](raft::PersistBatch) { ++writes; },
                                   .apply = [](raft::Entries) {},
                                   .transport = transport,
                                   .snapshot = [](raft::Message) {},
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

}  // namespace
}  // namespace etcd::node
