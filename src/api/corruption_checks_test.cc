#include "api/corruption_checks.h"

#include <gtest/gtest.h>

#include <deque>

#include "api/testing/api_rig.h"
#include "apply/request.h"

namespace etcd::api {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// A leader with one other member, for which the test answers.
struct CorruptionChecksTest : ::testing::Test {
  CorruptionChecksTest() {
    rig.node.cluster_state.members.push_back({.id = MemberId(0xb2), .name = "m2", .peer_urls = {"http://p:2"}, .client_urls = {}});
    rig.node.answer_barriers_with = Status();
    rig.node.hash_kv_answer = hash(1);
  }
  Options options() {
    Options options;
    options.corrupt_check_ns = 10 * kSecond;
    options.compact_hash_check_ns = 30 * kSecond;
    options.peers.ask = [this](PeerQuestion question, std::function<void(Result<PeerAnswer>)> done) {
      asked.push_back(question);
      done(other);
    };
    return options;
  }
  static node::HashKvResult hash(std::uint32_t value, std::int64_t revision = 10) {
    return {.hash = value, .compact_revision = Revision(3), .hash_revision = Revision(revision), .current_revision = Revision(10)};
  }
  void pass(std::int64_t ns) {
    rig.clock.now_ns += ns;
    for (int hops = 0; hops < 4; ++hops) rig.settle();  // a check goes to the node and to the others several times
  }
  void expect_alarm_for(std::uint64_t member) {
    ASSERT_EQ(rig.node.proposed.size(), 1u);
    EXPECT_EQ(rig.node.proposed[0].kind, node::RequestKind::kAlarm);
    EXPECT_EQ(rig.node.proposed[0].request, apply::encode_alarm({apply::AlarmAction::kActivate, MemberId(member), cluster::AlarmType::kCorrupt}));
  }

  std::deque<PeerQuestion> asked;
  Result<PeerAnswer> other = PeerAnswer{200, hash_kv_json({}, hash(1))};
  testing::ApiRig rig{options()};
};

TEST_F(CorruptionChecksTest, TheLeaderAsksTheOthersForTheirHashAtItsRevisionAgainAndAgain) {
  pass(9 * kSecond);
  EXPECT_TRUE(asked.empty());
  pass(2 * kSecond);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].method, "GET");
  EXPECT_EQ(asked[0].target, "/members/hashkv");
  EXPECT_EQ(asked[0].body, "{\"revision\":10}");
  EXPECT_TRUE(rig.lines->has("finished peer corruption check"));
  EXPECT_TRUE(rig.node.proposed.empty());
  pass(11 * kSecond);
  EXPECT_EQ(asked.size(), 2u);
}

TEST_F(CorruptionChecksTest, AMemberThatDiffersGetsTheAlarm) {
  other = PeerAnswer{200, hash_kv_json({}, hash(2))};
  pass(11 * kSecond);
  expect_alarm_for(0xb2);
}

TEST_F(CorruptionChecksTest, WhoDoesNotLeadAsksNobody) {
  rig.node.now.leader = MemberId(0xb2);
  pass(40 * kSecond);
  EXPECT_TRUE(asked.empty());
}

TEST_F(CorruptionChecksTest, WhoCanNotBeAskedIsNotCorrupt) {
  other = fail(Errc::kIo, "connection refused");
  pass(11 * kSecond);
  EXPECT_TRUE(rig.node.proposed.empty());
  EXPECT_TRUE(rig.lines->has("failed hash kv request"));
}

TEST_F(CorruptionChecksTest, HashesOfCompactionsAreComparedNewestFirstUntilOneIsSettled) {
  rig.node.compaction_hashes_answer = {hash(1, 5), hash(1, 8)};
  pass(31 * kSecond);
  ASSERT_EQ(asked.size(), 2u);  // the periodic check's, too
  EXPECT_EQ(asked[1].body, "{\"revision\":8}");
  EXPECT_TRUE(rig.lines->has("successfully checked hash on whole cluster"));
  EXPECT_TRUE(rig.lines->has("finished compaction hash check"));
  asked.clear();
  pass(31 * kSecond);
  EXPECT_EQ(asked.size(), 1u) << "what was equal is not compared again";
}

TEST_F(CorruptionChecksTest, WithoutAMajorityAMismatchOfCompactionsIsTheClusters) {
  rig.node.compaction_hashes_answer = {hash(2, 8)};
  rig.node.hash_kv_answer = fail(Errc::kTimeout);  // no periodic check
  pass(31 * kSecond);
  expect_alarm_for(0);
}

}  // namespace
}  // namespace etcd::api
