#include "api/leader_leases.h"

#include <gtest/gtest.h>

#include <deque>

#include "api/lease_messages.h"
#include "api/testing/api_rig.h"
#include "proto/lease.pb.h"

namespace etcd::api {
namespace {

using rpc::testing::framed;
using testing::ApiRig;
namespace pb = etcdserverpb;

constexpr std::int64_t kMillisecond = 1'000'000;

// A member that does not lead; the test answers for the leader.
struct LeaderLeasesTest : ::testing::Test {
  struct Asked {
    PeerQuestion question;
    std::function<void(Result<PeerAnswer>)> done;
  };

  LeaderLeasesTest() {
    rig.node.cluster_state.members.push_back({.id = MemberId(0xb2), .name = "m2", .peer_urls = {"http://p:2", "http://p:3"}, .client_urls = {}});
    lead(0xb2);
  }
  void lead(std::uint64_t member) {
    rig.node.board.led_term.store(member == 0xa1 ? 7 : 0);
    rig.node.board.is_leader.store(member == 0xa1);
    rig.node.board.leader.store(member);
    rig.node.now.leader = MemberId(member);
  }
  Options options() {
    Options options;
    options.peers.ask = [this](PeerQuestion question, std::function<void(Result<PeerAnswer>)> done) {
      asked.push_back({std::move(question), std::move(done)});
    };
    return options;
  }
  std::int32_t keep_alive(const std::vector<std::int64_t>& ids) {
    const std::int32_t stream = rig.client().open_call("/etcdserverpb.Lease/LeaseKeepAlive", {});
    rig.settle();
    for (const std::int64_t id : ids) {
      pb::LeaseKeepAliveRequest request;
      request.set_id(id);
      rig.client().send(stream, framed(request.SerializeAsString()), false);
    }
    rig.settle();
    return stream;
  }
  std::int32_t time_to_live(std::int64_t id, bool keys) {
    pb::LeaseTimeToLiveRequest request;
    request.set_id(id);
    request.set_keys(keys);
    return rig.begin("Lease/LeaseTimeToLive", request.SerializeAsString());
  }
  void answer(Result<PeerAnswer> answer) {
    ASSERT_FALSE(asked.empty());
    auto done = std::move(asked.front().done);
    asked.pop_front();
    done(std::move(answer));
    rig.settle();
  }
  void pass(std::int64_t ns) {
    rig.clock.now_ns += ns;
    rig.settle();
  }
  std::vector<pb::LeaseKeepAliveResponse> responses(std::int32_t stream) {
    std::vector<pb::LeaseKeepAliveResponse> all;
    for (const std::string& message : rig.answer_of(stream).messages()) EXPECT_TRUE(all.emplace_back().ParseFromString(message));
    return all;
  }
  static PeerAnswer renewed(std::int64_t id, std::int64_t ttl_s) { return {200, encode_lease_keep_alive({}, LeaseId(id), ttl_s).flatten()}; }

  std::deque<Asked> asked;
  ApiRig rig{options()};
};

TEST_F(LeaderLeasesTest, ARenewalIsPassedOnToTheLeaderAndAnsweredWithItsTtl) {
  const std::int32_t stream = keep_alive({5});
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].question.urls, (std::vector<std::string>{"http://p:2", "http://p:3"}));
  EXPECT_EQ(asked[0].question.method, "POST");
  EXPECT_EQ(asked[0].question.target, "/leases");
  EXPECT_EQ(asked[0].question.body, std::string("\x08\x05"));
  answer(renewed(5, 30));
  ASSERT_EQ(responses(stream).size(), 1u);
  EXPECT_EQ(responses(stream)[0].id(), 5);
  EXPECT_EQ(responses(stream)[0].ttl(), 30);
  EXPECT_EQ(responses(stream)[0].header().member_id(), 0xa1u);
  EXPECT_FALSE(rig.answer_of(stream).ended);
}

TEST_F(LeaderLeasesTest, ALeaseThatTheLeaderDoesNotKnowHasTtlZero) {
  const std::int32_t stream = keep_alive({5});
  answer(PeerAnswer{404, "lease not found\n"});
  ASSERT_EQ(responses(stream).size(), 1u);
  EXPECT_EQ(responses(stream)[0].ttl(), 0);
  EXPECT_FALSE(rig.answer_of(stream).ended);
}

TEST_F(LeaderLeasesTest, ADescriptionIsPassedOnWithItsKeys) {
  const std::int32_t stream = time_to_live(5, true);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].question.target, "/leases/internal");
  EXPECT_EQ(asked[0].question.body, std::string("\x0a\x04\x08\x05\x10\x01"));
  answer(PeerAnswer{200, encode_lease_internal_response(LeaseId(5), {.left_s = 9, .granted_s = 10, .keys = {"a", "b"}})});
  pb::LeaseTimeToLiveResponse response;
  ASSERT_TRUE(response.ParseFromString(rig.outcome_of(stream).response));
  EXPECT_EQ(response.ttl(), 9);
  EXPECT_EQ(response.grantedttl(), 10);
  ASSERT_EQ(response.keys_size(), 2);
  EXPECT_EQ(response.keys(1), "b");
  EXPECT_EQ(response.header().revision(), 1);
}

TEST_F(LeaderLeasesTest, WhatFailsIsAskedAgainOfWhoeverLeadsThen) {
  rig.node.cluster_state.members.push_back({.id = MemberId(0xc3), .name = "m3", .peer_urls = {"http://p:4"}, .client_urls = {}});
  const std::int32_t stream = keep_alive({5});
  answer(fail(Errc::kIo, "connection refused"));
  EXPECT_TRUE(asked.empty());
  lead(0xc3);
  pass(60 * kMillisecond);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].question.urls, std::vector<std::string>{"http://p:4"});
  answer(PeerAnswer{400, "not a primary lessor\n"});
  pass(60 * kMillisecond);
  answer(renewed(5, 7));
  ASSERT_EQ(responses(stream).size(), 1u);
  EXPECT_EQ(responses(stream)[0].ttl(), 7);
}

TEST_F(LeaderLeasesTest, WhoHasBecomeTheLeaderMeanwhileAnswersItself) {
  bolt::WriteBatch changes;
  ASSERT_TRUE(rig.node.lessor.grant(LeaseId(5), 40, 0, changes));
  const std::int32_t stream = keep_alive({5});
  lead(0xa1);
  answer(PeerAnswer{400, "not a primary lessor\n"});
  pass(60 * kMillisecond);
  ASSERT_EQ(responses(stream).size(), 1u);
  EXPECT_EQ(responses(stream)[0].ttl(), 40);
}

TEST_F(LeaderLeasesTest, AQuestionThatNobodyAnswersTimesOut) {
  const std::int32_t stream = time_to_live(5, false);
  EXPECT_EQ(asked.at(0).question.limit_ns, 7'000 * kMillisecond);
  answer(PeerAnswer{408, "waiting for node to catch up its applied index has timed out\n"});
  pass(6'900 * kMillisecond);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].question.limit_ns, 100 * kMillisecond);
  pass(200 * kMillisecond);
  answer(fail(Errc::kIo, "timed out"));
  EXPECT_EQ(rig.outcome_of(stream).code, "14");
  EXPECT_EQ(rig.outcome_of(stream).message, "etcdserver: request timed out");
}

TEST_F(LeaderLeasesTest, AnAnswerAboutAnotherLeaseIsNone) {
  const std::int32_t stream = keep_alive({5});
  answer(renewed(6, 30));
  EXPECT_TRUE(responses(stream).empty());
  EXPECT_EQ(rig.answer_of(stream).grpc_message(), "etcdserver: request timed out");
}

TEST_F(LeaderLeasesTest, OnlySoManyQuestionsAreWithTheLeaderAtOnce) {
  std::vector<std::int64_t> ids;
  for (std::int64_t id = 1; id <= 100; ++id) ids.push_back(id);
  const std::int32_t stream = keep_alive(ids);
  EXPECT_EQ(asked.size(), 64u);
  for (std::int64_t id = 1; id <= 100; ++id) answer(renewed(id, id));
  ASSERT_EQ(responses(stream).size(), 100u);
  EXPECT_EQ(responses(stream)[99].ttl(), 100);
}

}  // namespace
}  // namespace etcd::api
