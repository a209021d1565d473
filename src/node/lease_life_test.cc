// Leases in a whole node: who may end them, and when.
#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <vector>

#include "apply/request.h"
#include "base/wire.h"
#include "node/testing/single_node.h"

namespace etcd::node::testing {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

struct LeaseLife : ::testing::Test {
  void SetUp() override { start(); }
  void start() {
    auto opened = SingleNode::open(disk, {});
    ASSERT_TRUE(opened);
    node = std::move(*opened);
    ASSERT_TRUE(node->wait_ready());
    questions = node->node().make_lease_questions([this](Job job) { posted.push_back(std::move(job)); });
  }
  void crash_and_restart() {
    questions.reset();
    node.reset();
    disk.crash(base::lose_all());
    start();
  }

  std::shared_ptr<Outcome> grant(std::int64_t id, std::int64_t ttl_s) {
    return node->propose(RequestKind::kLeaseGrant, apply::encode_lease_grant({.ttl_s = ttl_s, .id = LeaseId(id)}));
  }
  void grant_now(std::int64_t id, std::int64_t ttl_s) {
    const auto outcome = grant(id, ttl_s);
    node->settle();
    ASSERT_TRUE(outcome->ok());
  }
  void put_with_lease(std::string_view key, std::int64_t lease) {
    std::string request;
    base::WireWriter writer(request);
    writer.bytes(1, key);
    writer.int64(3, lease);
    const auto outcome = node->propose(RequestKind::kPut, std::move(request));
    node->settle();
    ASSERT_TRUE(outcome->ok());
  }

  // Asks, and gives the answer if there is one at once.
  template <typename Answer, typename Ask>
  std::optional<Result<Answer>> ask(Ask ask) {
    auto answer = std::make_shared<std::optional<Result<Answer>>>();
    ask([answer](Result<Answer> given) { *answer = std::move(given); });
    questions->submit();
    node->settle();
    for (Job& job : std::exchange(posted, {})) job();
    return *answer;
  }
  std::int64_t left_s(std::int64_t id) {
    const auto answer = ask<LeaseDescription>(
        [&](auto done) { questions->describe(LeaseId(id), LeaseQuestions::Keys::kLeaveOut, std::move(done)); });
    if (!answer) return -999;
    return *answer ? (*answer)->left_s : -1;
  }
  bool renew(std::int64_t id) {
    const auto answer = ask<std::int64_t>([&](auto done) { questions->renew(LeaseId(id), std::move(done)); });
    return answer && *answer;
  }
  std::size_t leases() {
    const auto answer = ask<std::vector<LeaseId>>([&](auto done) { questions->list(std::move(done)); });
    return answer && *answer ? (*answer)->size() : std::numeric_limits<std::size_t>::max();
  }

  base::CrashFs disk;
  std::unique_ptr<SingleNode> node;
  std::vector<Job> posted;
  std::unique_ptr<LeaseQuestions> questions;
};

TEST_F(LeaseLife, ALeaseThatIsNotRenewedGoesWithItsKeysInOneRevision) {
  grant_now(1, 5);
  put_with_lease("a", 1);
  put_with_lease("b", 1);
  const Revision before = node->revision();
  node->pass(4 * kSecond + kSecond / 2);
  EXPECT_EQ(left_s(1), 0);
  EXPECT_EQ(node->revision(), before);
  node->pass(kSecond);
  EXPECT_EQ(left_s(1), -1);
  EXPECT_FALSE(node->get("a"));
  EXPECT_FALSE(node->get("b"));
  EXPECT_EQ(node->revision(), before.next());
}

TEST_F(LeaseLife, ARenewedLeaseLivesOn) {
  grant_now(1, 5);
  for (int i = 0; i < 5; ++i) {
    node->pass(4 * kSecond);
    EXPECT_TRUE(renew(1));
    EXPECT_EQ(left_s(1), 5);
  }
  node->pass(6 * kSecond);
  EXPECT_FALSE(renew(1));
}

TEST_F(LeaseLife, AfterARestartALeaseHasItsWholeTtlAndAnElectionTimeoutMore) {
  grant_now(1, 100);
  put_with_lease("a", 1);
  node->pass(90 * kSecond);
  crash_and_restart();
  EXPECT_EQ(leases(), 1u);
  EXPECT_GE(left_s(1), 100);
  node->pass(95 * kSecond);
  EXPECT_TRUE(node->get("a"));
  node->pass(8 * kSecond);
  EXPECT_EQ(leases(), 0u);
  EXPECT_FALSE(node->get("a"));
}

TEST_F(LeaseLife, AMultitudeOfOneTtlIsGoneWithinThreeSeconds) {
  constexpr int kLeases = 3'000;
  for (int id = 1; id <= kLeases; ++id) grant(id, 60);
  node->settle();
  ASSERT_EQ(leases(), static_cast<std::size_t>(kLeases));
  node->pass(60 * kSecond);
  node->pass(3 * kSecond);
  EXPECT_EQ(leases(), 0u);
}

TEST_F(LeaseLife, WhatOnlyALeaderMayDecideEntersTheLogInItsTermAlone) {
  const Term term = node->node().status().term;
  for (const auto& [wanted, admitted] : {std::pair{term, true}, {term.next(), false}, {term.prev(), false}}) {
    if (wanted == Term(0)) continue;
    std::optional<Result<base::Rope>> answer;
    auto proposer = node->node().make_proposer();
    proposer->propose({.kind = RequestKind::kLeaseGrant,
                       .request = base::SharedBytes(apply::encode_lease_grant({.ttl_s = 60, .id = LeaseId(7)})),
                       .done = [&](Result<base::Rope> response) { answer = std::move(response); },
                       .leader_term = wanted});
    proposer->submit();
    node->settle();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->has_value(), admitted);
    if (!admitted) {
      EXPECT_EQ(answer->error().code, Errc::kNotLeader);
    }
  }
  EXPECT_EQ(leases(), 1u);
}

TEST_F(LeaseLife, AProposalThatNobodyWaitsForIsApplied) {
  auto proposer = node->node().make_proposer();
  proposer->propose({.kind = RequestKind::kLeaseGrant,
                     .request = base::SharedBytes(apply::encode_lease_grant({.ttl_s = 60, .id = LeaseId(7)})),
                     .done = {}});
  proposer->submit();
  node->settle();
  EXPECT_EQ(leases(), 1u);
  EXPECT_EQ(node->node().status().proposals_pending, 0u);
}

}  // namespace
}  // namespace etcd::node::testing
