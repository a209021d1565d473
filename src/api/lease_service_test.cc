#include "api/lease_service.h"

#include <gtest/gtest.h>

#include "api/testing/api_rig.h"
#include "bolt/write_batch.h"
#include "proto/lease.pb.h"

namespace etcd::api {
namespace {

using rpc::testing::framed;
using testing::ApiRig;
namespace pb = etcdserverpb;

constexpr std::int64_t kSecond = 1'000'000'000;

template <typename Message>
Message parse(const std::string& bytes) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(bytes));
  return message;
}

pb::LeaseGrantRequest grant_of(std::int64_t id, std::int64_t ttl_s) {
  pb::LeaseGrantRequest request;
  request.set_id(id);
  request.set_ttl(ttl_s);
  return request;
}

std::string keep_alive_of(std::int64_t id) {
  pb::LeaseKeepAliveRequest request;
  request.set_id(id);
  return framed(request.SerializeAsString());
}

pb::LeaseTimeToLiveRequest time_of(std::int64_t id, bool keys = false) {
  pb::LeaseTimeToLiveRequest request;
  request.set_id(id);
  request.set_keys(keys);
  return request;
}

struct LeaseServiceTest : ::testing::Test {
  // Into the lessor, as an applied grant does.
  void lease(std::int64_t id, std::int64_t ttl_s) { ASSERT_TRUE(rig.node.lessor.grant(LeaseId(id), ttl_s, rig.node.lease_now_ns, changes)); }
  void revoke(std::int64_t id) { ASSERT_TRUE(rig.node.lessor.revoke(LeaseId(id), changes)); }

  std::int32_t open_keep_alive(const rpc::testing::Fields& extra = {}) {
    const std::int32_t stream = rig.client().open_call("/etcdserverpb.Lease/LeaseKeepAlive", extra);
    rig.settle();
    return stream;
  }
  void send(std::int32_t stream, const std::string& bytes, bool ended = false) {
    rig.client().send(stream, bytes, ended);
    rig.settle();
  }
  std::vector<pb::LeaseKeepAliveResponse> responses(std::int32_t stream) {
    std::vector<pb::LeaseKeepAliveResponse> all;
    for (const std::string& message : rig.answer_of(stream).messages()) all.push_back(parse<pb::LeaseKeepAliveResponse>(message));
    return all;
  }

  ApiRig rig;
  bolt::WriteBatch changes;
};

// --- Grant and revoke ---

TEST_F(LeaseServiceTest, AGrantIsProposedAsItCameAndAnsweredWithWhatApplySays) {
  const std::string request = grant_of(77, 10).SerializeAsString();
  const std::int32_t stream = rig.begin("Lease/LeaseGrant", request);
  ASSERT_EQ(rig.node.proposed.size(), 1u);
  EXPECT_EQ(rig.node.proposed[0].kind, node::RequestKind::kLeaseGrant);
  EXPECT_EQ(rig.node.proposed[0].request, request);
  rig.node.answer(base::Rope("response"));
  rig.settle();
  EXPECT_EQ(rig.outcome_of(stream).code, "0");
  EXPECT_EQ(rig.outcome_of(stream).response, "response");
}

TEST_F(LeaseServiceTest, AGrantWithoutAnIdGetsAPositiveOne) {
  rig.node.ids_made = 0x7fffffffffffffff;  // the next is 2^63: no id without its sign, so the one after is taken
  rig.begin("Lease/LeaseGrant", grant_of(0, 60).SerializeAsString());
  ASSERT_EQ(rig.node.proposed.size(), 1u);
  const auto proposed = parse<pb::LeaseGrantRequest>(rig.node.proposed[0].request);
  EXPECT_EQ(proposed.id(), 1);
  EXPECT_EQ(proposed.ttl(), 60);
}

TEST_F(LeaseServiceTest, WhatTheLogRefusesIsToldWithEtcdsCodes) {
  struct Row {
    const char* method;
    Errc errc;
    const char* code;
    const char* message;
  };
  for (const Row& row : {Row{"Lease/LeaseGrant", Errc::kLeaseExists, "9", "etcdserver: lease already exists"},
                         Row{"Lease/LeaseGrant", Errc::kLeaseTtlTooLarge, "11", "etcdserver: too large lease TTL"},
                         Row{"Lease/LeaseGrant", Errc::kNoSpaceQuota, "8", "etcdserver: mvcc: database space exceeded"},
                         Row{"Lease/LeaseRevoke", Errc::kLeaseNotFound, "5", "etcdserver: requested lease not found"}}) {
    const std::int32_t stream = rig.begin(row.method, grant_of(1, 1).SerializeAsString());
    rig.node.answer(fail(row.errc));
    rig.settle();
    EXPECT_EQ(rig.outcome_of(stream).code, row.code) << row.message;
    EXPECT_EQ(rig.outcome_of(stream).message, row.message);
  }
}

TEST_F(LeaseServiceTest, AGrantOverTheQuotaRaisesTheAlarmAndIsRefused) {
  rig.node.db.size = rig.node.db.quota - 64;
  const std::int32_t stream = rig.begin("Lease/LeaseGrant", grant_of(1, 10).SerializeAsString());
  ASSERT_EQ(rig.node.proposed.size(), 1u);
  EXPECT_EQ(rig.node.proposed[0].kind, node::RequestKind::kAlarm);
  rig.node.answer(base::Rope());
  rig.settle();
  EXPECT_EQ(rig.outcome_of(stream).message, "etcdserver: mvcc: database space exceeded");
  rig.node.db.size -= 1;
  rig.begin("Lease/LeaseGrant", grant_of(1, 10).SerializeAsString());
  EXPECT_EQ(rig.node.proposed.at(0).kind, node::RequestKind::kLeaseGrant);
}

// --- Keep-alive ---

TEST_F(LeaseServiceTest, ARenewalGivesTheWholeTtlAgain) {
  lease(5, 10);
  const std::int32_t stream = open_keep_alive();
  rig.node.lease_now_ns = 9 * kSecond;
  send(stream, keep_alive_of(5));
  ASSERT_EQ(responses(stream).size(), 1u);
  EXPECT_EQ(responses(stream)[0].id(), 5);
  EXPECT_EQ(responses(stream)[0].ttl(), 10);
  EXPECT_EQ(responses(stream)[0].header().revision(), 1);
  EXPECT_EQ(responses(stream)[0].header().raft_term(), 7u);
  EXPECT_EQ(responses(stream)[0].header().cluster_id(), 0xc1u);
  EXPECT_EQ(rig.node.lessor.find(LeaseId(5), rig.node.lease_now_ns)->left_ns, 10 * kSecond);
  EXPECT_FALSE(rig.answer_of(stream).ended);
  send(stream, "", true);
  EXPECT_TRUE(rig.answer_of(stream).ended);
  EXPECT_EQ(rig.answer_of(stream).grpc_status(), "0");
}

TEST_F(LeaseServiceTest, AnUnknownLeaseHasTtlZeroAndTheStreamGoesOn) {
  lease(5, 10);
  const std::int32_t stream = open_keep_alive();
  send(stream, keep_alive_of(99) + keep_alive_of(5) + keep_alive_of(0), true);
  ASSERT_EQ(responses(stream).size(), 3u);
  EXPECT_EQ(responses(stream)[0].ttl(), 0);
  EXPECT_EQ(responses(stream)[0].id(), 99);
  EXPECT_EQ(responses(stream)[1].ttl(), 10);
  EXPECT_EQ(responses(stream)[2].ttl(), 0);
  EXPECT_EQ(rig.answer_of(stream).grpc_status(), "0");
}

TEST_F(LeaseServiceTest, ARenewalOfAnExpiredLeaseIsAnsweredOnceItIsGoneAndHoldsUpNobody) {
  lease(5, 10);
  lease(6, 100);
  const std::int32_t stream = open_keep_alive();
  rig.node.lease_now_ns = 10 * kSecond;
  send(stream, keep_alive_of(5) + keep_alive_of(6), true);
  ASSERT_EQ(responses(stream).size(), 1u);
  EXPECT_EQ(responses(stream)[0].id(), 6);
  EXPECT_FALSE(rig.answer_of(stream).ended);
  revoke(5);
  rig.node.lease_now_ns += kSecond;
  rig.node.step_leases();
  rig.settle();
  ASSERT_EQ(responses(stream).size(), 2u);
  EXPECT_EQ(responses(stream)[1].id(), 5);
  EXPECT_EQ(responses(stream)[1].ttl(), 0);
  EXPECT_EQ(rig.answer_of(stream).grpc_status(), "0");
}

TEST_F(LeaseServiceTest, ThousandsOfRenewalsOnOneStreamAreAllAnsweredInOrder) {
  for (int id = 1; id <= 3000; ++id) lease(id, 10);
  const std::int32_t stream = open_keep_alive();
  std::string bytes;
  for (int id = 1; id <= 3000; ++id) bytes += keep_alive_of(id);
  send(stream, bytes, true);
  const auto all = responses(stream);
  ASSERT_EQ(all.size(), 3000u);
  for (int id = 1; id <= 3000; ++id) ASSERT_EQ(all[static_cast<std::size_t>(id) - 1].id(), id);
  EXPECT_EQ(rig.answer_of(stream).grpc_status(), "0");
}

TEST_F(LeaseServiceTest, AMemberThatDoesNotLeadSaysSo) {
  lease(5, 10);
  rig.node.board.led_term.store(0);
  rig.node.board.is_leader.store(false);
  rig.node.board.leader.store(0xb2);
  const std::int32_t stream = open_keep_alive();
  send(stream, keep_alive_of(5));
  EXPECT_EQ(rig.answer_of(stream).grpc_status(), "2");
  EXPECT_EQ(rig.answer_of(stream).grpc_message(), "not a primary lessor");
  EXPECT_EQ(rig.call("Lease/LeaseTimeToLive", time_of(5)).message, "not a primary lessor");
  EXPECT_EQ(rig.call("Lease/LeaseLeases", "").code, "0");
}

TEST_F(LeaseServiceTest, AMessageThatIsNoneEndsTheStream) {
  const std::int32_t stream = open_keep_alive();
  send(stream, framed("\x08"));
  EXPECT_EQ(rig.answer_of(stream).grpc_status(), "13");
}

TEST_F(LeaseServiceTest, StreamsEndWhenTheServerStops) {
  const std::int32_t stream = open_keep_alive();
  rig.api().stop();
  rig.settle();
  EXPECT_EQ(rig.answer_of(stream).grpc_status(), "14");
  EXPECT_EQ(rig.answer_of(stream).grpc_message(), "etcdserver: server stopped");
  const std::int32_t late = open_keep_alive();
  EXPECT_EQ(rig.answer_of(late).grpc_status(), "14");
}

TEST_F(LeaseServiceTest, AStreamThatInsistsOnALeaderEndsWithoutOne) {
  rig.node.now.leader = MemberId();
  const std::int32_t stream = open_keep_alive({{"hasleader", "true"}});
  EXPECT_EQ(rig.answer_of(stream).grpc_message(), "etcdserver: no leader");
}

// --- Time to live and list ---

TEST_F(LeaseServiceTest, TimeToLiveIsCutToSecondsAndNamesTheKeys) {
  lease(5, 10);
  rig.node.lessor.attach("b", LeaseId(5));
  rig.node.lessor.attach("a", LeaseId(5));
  rig.node.lease_now_ns = kSecond / 2;
  const auto without = parse<pb::LeaseTimeToLiveResponse>(rig.call("Lease/LeaseTimeToLive", time_of(5)).response);
  EXPECT_EQ(without.ttl(), 9);
  EXPECT_EQ(without.grantedttl(), 10);
  EXPECT_EQ(without.id(), 5);
  EXPECT_EQ(without.header().revision(), 1);
  EXPECT_EQ(without.keys_size(), 0);
  const auto with = parse<pb::LeaseTimeToLiveResponse>(rig.call("Lease/LeaseTimeToLive", time_of(5, true)).response);
  ASSERT_EQ(with.keys_size(), 2);
  EXPECT_EQ(with.keys(0), "a");
}

TEST_F(LeaseServiceTest, AnUnknownLeaseHasMinusOneToLive) {
  const auto outcome = rig.call("Lease/LeaseTimeToLive", time_of(9, true));
  EXPECT_EQ(outcome.code, "0");
  const auto response = parse<pb::LeaseTimeToLiveResponse>(outcome.response);
  EXPECT_EQ(response.ttl(), -1);
  EXPECT_EQ(response.grantedttl(), 0);
  EXPECT_EQ(response.id(), 9);
}

TEST_F(LeaseServiceTest, AnExpiredLeaseHasNoTimeLeft) {
  lease(5, 10);
  rig.node.lease_now_ns = 12 * kSecond + kSecond / 2;
  EXPECT_EQ(parse<pb::LeaseTimeToLiveResponse>(rig.call("Lease/LeaseTimeToLive", time_of(5)).response).ttl(), -2);
}

TEST_F(LeaseServiceTest, TheListIsInOrderOfExpiry) {
  lease(1, 30);
  lease(-2, 10);
  lease(3, 20);
  const auto response = parse<pb::LeaseLeasesResponse>(rig.call("Lease/LeaseLeases", "").response);
  ASSERT_EQ(response.leases_size(), 3);
  EXPECT_EQ(response.leases(0).id(), -2);
  EXPECT_EQ(response.leases(1).id(), 3);
  EXPECT_EQ(response.leases(2).id(), 1);
  EXPECT_EQ(response.header().revision(), 1);
}

}  // namespace
}  // namespace etcd::api
