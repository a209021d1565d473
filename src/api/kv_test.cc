#include "api/kv.h"

#include <gtest/gtest.h>

#include "api/testing/api_rig.h"
#include "proto/kv_service.pb.h"
#include "proto/maintenance.pb.h"

namespace etcd::api {
namespace {

using testing::ApiRig;
namespace pb = etcdserverpb;

pb::RangeRequest range_of(const std::string& key, bool serializable = false) {
  pb::RangeRequest request;
  request.set_key(key);
  request.set_serializable(serializable);
  return request;
}

pb::PutRequest put_of(const std::string& key, const std::string& value) {
  pb::PutRequest request;
  request.set_key(key);
  request.set_value(value);
  return request;
}

template <typename Message>
Message parse(const std::string& bytes) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(bytes));
  return message;
}


void expect_refused(const ApiRig::Outcome& outcome, const char* code, const char* message) {
  EXPECT_EQ(outcome.code, code);
  EXPECT_EQ(outcome.message, message);
}

// --- Range ---

TEST(KvRange, ReadsTheNewestStateAtOnceWhereThatIsLinearizable) {
  ApiRig rig;
  rig.node.store.put("a", "1");
  const auto outcome = rig.call("KV/Range", range_of("a"));
  ASSERT_EQ(outcome.code, "0");
  const auto response = parse<pb::RangeResponse>(outcome.response);
  EXPECT_EQ(response.header().cluster_id(), 0xc1u);
  EXPECT_EQ(response.header().member_id(), 0xa1u);
  EXPECT_EQ(response.header().raft_term(), 7u);
  EXPECT_EQ(response.header().revision(), 2);
  ASSERT_EQ(response.kvs_size(), 1);
  EXPECT_EQ(response.kvs(0).value(), "1");
  EXPECT_EQ(response.count(), 1);
  EXPECT_TRUE(rig.node.barriers.empty());
}

TEST(KvRange, WaitsForTheBarrierElsewhere) {
  ApiRig rig;
  rig.node.linearizable = false;
  const std::int32_t stream = rig.begin("KV/Range", range_of("a").SerializeAsString());
  EXPECT_EQ(rig.outcome_of(stream).code, "not answered");
  ASSERT_EQ(rig.node.barriers.size(), 1u);
  rig.node.store.put("a", "later");
  rig.node.barriers.front()({});
  rig.settle();
  EXPECT_EQ(parse<pb::RangeResponse>(rig.outcome_of(stream).response).kvs(0).value(), "later");
}

TEST(KvRange, AFailedBarrierIsTheAnswer) {
  ApiRig rig;
  rig.node.linearizable = false;
  const std::int32_t stream = rig.begin("KV/Range", range_of("a").SerializeAsString());
  rig.node.barriers.front()(fail(Errc::kLeaderChanged));
  rig.settle();
  expect_refused(rig.outcome_of(stream), "14", "etcdserver: leader changed");
}

TEST(KvRange, ASerializableOneNeverWaits) {
  ApiRig rig;
  rig.node.linearizable = false;
  EXPECT_EQ(rig.call("KV/Range", range_of("a", true)).code, "0");
}

TEST(KvRange, ChecksItsShapeInEtcdsOrder) {
  ApiRig rig;
  pb::RangeRequest bad = range_of("");
  bad.set_sort_order(static_cast<pb::RangeRequest::SortOrder>(9));
  expect_refused(rig.call("KV/Range", bad), "3", "etcdserver: key is not provided");
  bad.set_key("a");
  expect_refused(rig.call("KV/Range", bad), "3", "etcdserver: invalid sort option");
}

TEST(KvRange, RevisionsOutOfReachHaveEtcdsErrors) {
  ApiRig rig;
  for (int i = 0; i < 4; ++i) rig.node.store.put("a", "x");
  ASSERT_TRUE(rig.node.store.store().compact(Revision(4)).has_value());
  pb::RangeRequest request = range_of("a");
  request.set_revision(99);
  expect_refused(rig.call("KV/Range", request), "11", "etcdserver: mvcc: required revision is a future revision");
  request.set_revision(3);
  expect_refused(rig.call("KV/Range", request), "11", "etcdserver: mvcc: required revision has been compacted");
}

TEST(KvRange, WhatIsNoProtobufIsRefused) {
  ApiRig rig;
  const auto outcome = rig.call("KV/Range", std::string("\x0a\xff", 2));
  EXPECT_EQ(outcome.code, "13");
  EXPECT_EQ(outcome.message.find("grpc: error unmarshalling request: "), 0u) << outcome.message;
}

// --- Put ---

TEST(KvPut, ProposesTheBytesAsTheyCame) {
  ApiRig rig;
  const std::string request = put_of("a", "1").SerializeAsString();
  const std::int32_t stream = rig.begin("KV/Put", request);
  ASSERT_EQ(rig.node.proposed.size(), 1u);
  EXPECT_EQ(rig.node.proposed.front().kind, node::RequestKind::kPut);
  EXPECT_EQ(rig.node.proposed.front().request, request);
  rig.node.answer(base::Rope(std::string("\x0a\x02\x18\x05", 4)));
  rig.settle();
  EXPECT_EQ(parse<pb::PutResponse>(rig.outcome_of(stream).response).header().revision(), 5);
}

TEST(KvPut, HandsTheClientsDeadlineOn) {
  ApiRig rig;
  rig.begin("KV/Put", put_of("a", "1").SerializeAsString(), {{"grpc-timeout", "2S"}});
  ASSERT_EQ(rig.node.proposed.size(), 1u);
  EXPECT_EQ(rig.node.proposed.front().deadline_ns, rig.clock.now_ns + 2'000'000'000);
}

TEST(KvPut, AFailedProposalIsTheAnswer) {
  ApiRig rig;
  const std::int32_t stream = rig.begin("KV/Put", put_of("a", "1").SerializeAsString());
  rig.node.answer(fail(Errc::kLeaseNotFound));
  rig.settle();
  expect_refused(rig.outcome_of(stream), "5", "etcdserver: requested lease not found");
}

TEST(KvPut, ChecksItsShapeBeforeItProposes) {
  ApiRig rig;
  expect_refused(rig.call("KV/Put", put_of("", "1")), "3", "etcdserver: key is not provided");
  pb::PutRequest with_value = put_of("a", "1");
  with_value.set_ignore_value(true);
  expect_refused(rig.call("KV/Put", with_value), "3", "etcdserver: value is provided");
  pb::PutRequest with_lease = put_of("a", "");
  with_lease.set_ignore_lease(true);
  with_lease.set_lease(5);
  expect_refused(rig.call("KV/Put", with_lease), "3", "etcdserver: lease is provided");
  EXPECT_TRUE(rig.node.proposed.empty());
}

TEST(KvPut, OverTheQuotaItRaisesTheAlarmAndIsRefused) {
  ApiRig rig;
  rig.node.db.quota = 1000;
  rig.node.db.size = 1000 - 256 - 2;
  const std::int32_t stream = rig.begin("KV/Put", put_of("a", "1").SerializeAsString());
  ASSERT_EQ(rig.node.proposed.size(), 1u);
  EXPECT_EQ(rig.node.proposed.front().kind, node::RequestKind::kAlarm);
  const auto alarm = parse<pb::AlarmRequest>(rig.node.proposed.front().request);
  EXPECT_EQ(alarm.action(), pb::AlarmRequest::ACTIVATE);
  EXPECT_EQ(alarm.memberid(), 0xa1u);
  EXPECT_EQ(alarm.alarm(), pb::NOSPACE);
  rig.node.answer(base::Rope());
  rig.settle();
  expect_refused(rig.outcome_of(stream), "8", "etcdserver: mvcc: database space exceeded");
}

TEST(KvPut, JustUnderTheQuotaItIsProposed) {
  ApiRig rig;
  rig.node.db.quota = 1000;
  rig.node.db.size = 1000 - 256 - 2 - 1;
  rig.begin("KV/Put", put_of("a", "1").SerializeAsString());
  ASSERT_EQ(rig.node.proposed.size(), 1u);
  EXPECT_EQ(rig.node.proposed.front().kind, node::RequestKind::kPut);
}

TEST(KvPut, TheQuotaIsAskedBeforeTheShape) {
  ApiRig rig;
  rig.node.db.quota = 10;
  rig.begin("KV/Put", put_of("", "").SerializeAsString());
  ASSERT_EQ(rig.node.proposed.size(), 1u);
  EXPECT_EQ(rig.node.proposed.front().kind, node::RequestKind::kAlarm);
}

TEST(KvPut, AQuotaBelowZeroIsNone) {
  ApiRig rig;
  rig.node.db.quota = -1;
  rig.begin("KV/Put", put_of("a", "1").SerializeAsString());
  EXPECT_EQ(rig.node.proposed.front().kind, node::RequestKind::kPut);
}

// --- DeleteRange ---

TEST(KvDeleteRange, IsProposedUnlessItsKeyIsEmpty) {
  ApiRig rig;
  expect_refused(rig.call("KV/DeleteRange", pb::DeleteRangeRequest()), "3", "etcdserver: key is not provided");
  pb::DeleteRangeRequest request;
  request.set_key("a");
  rig.begin("KV/DeleteRange", request.SerializeAsString());
  ASSERT_EQ(rig.node.proposed.size(), 1u);
  EXPECT_EQ(rig.node.proposed.front().kind, node::RequestKind::kDeleteRange);
}

TEST(KvDeleteRange, IsAllowedOverTheQuota) {
  ApiRig rig;
  rig.node.db.quota = 10;
  pb::DeleteRangeRequest request;
  request.set_key("a");
  rig.begin("KV/DeleteRange", request.SerializeAsString());
  EXPECT_EQ(rig.node.proposed.front().kind, node::RequestKind::kDeleteRange);
}

// --- Txn ---

TEST(KvTxn, OneThatOnlyReadsNeverGoesThroughTheLog) {
  ApiRig rig;
  rig.node.store.put("a", "1");
  pb::TxnRequest txn;
  *txn.add_success()->mutable_request_range() = range_of("a");
  const auto outcome = rig.call("KV/Txn", txn);
  ASSERT_EQ(outcome.code, "0") << outcome.message;
  const auto response = parse<pb::TxnResponse>(outcome.response);
  EXPECT_TRUE(response.succeeded());
  EXPECT_EQ(response.header().revision(), 2);
  EXPECT_EQ(response.responses(0).response_range().kvs(0).value(), "1");
  EXPECT_TRUE(rig.node.proposed.empty());
}

TEST(KvTxn, WaitsForTheBarrierUnlessAllItsRangesAreSerializable) {
  ApiRig rig;
  rig.node.linearizable = false;
  pb::TxnRequest txn;
  *txn.add_success()->mutable_request_range() = range_of("a", true);
  EXPECT_EQ(rig.call("KV/Txn", txn).code, "0");
  *txn.add_failure()->mutable_request_range() = range_of("b");
  const std::int32_t stream = rig.begin("KV/Txn", txn.SerializeAsString());
  ASSERT_EQ(rig.node.barriers.size(), 1u);
  rig.node.barriers.front()({});
  rig.settle();
  EXPECT_EQ(rig.outcome_of(stream).code, "0");
}

TEST(KvTxn, OneThatWritesIsProposed) {
  ApiRig rig;
  pb::TxnRequest txn;
  *txn.add_failure()->mutable_request_put() = put_of("a", "1");
  rig.begin("KV/Txn", txn.SerializeAsString());
  ASSERT_EQ(rig.node.proposed.size(), 1u);
  EXPECT_EQ(rig.node.proposed.front().kind, node::RequestKind::kTxn);
  EXPECT_EQ(rig.node.proposed.front().request, txn.SerializeAsString());
}

TEST(KvTxn, ChecksItsShapeWithTheConfiguredLimit) {
  Options options;
  options.max_txn_ops = 2;
  ApiRig rig(options);
  pb::TxnRequest txn;
  for (const char* key : {"a", "b", "c"}) *txn.add_success()->mutable_request_put() = put_of(key, "1");
  expect_refused(rig.call("KV/Txn", txn), "3", "etcdserver: too many operations in txn request");
  txn.mutable_success()->RemoveLast();
  txn.mutable_success(1)->mutable_request_put()->set_key("a");
  expect_refused(rig.call("KV/Txn", txn), "3", "etcdserver: duplicate key given in txn request");
  txn.mutable_success()->RemoveLast();
  txn.add_success();
  expect_refused(rig.call("KV/Txn", txn), "3", "etcdserver: key not found");
}

TEST(KvTxn, OneThatOnlyDeletesIsAllowedOverTheQuota) {
  ApiRig rig;
  rig.node.db.quota = 10;
  pb::TxnRequest txn;
  txn.add_success()->mutable_request_delete_range()->set_key("a");
  rig.begin("KV/Txn", txn.SerializeAsString());
  EXPECT_EQ(rig.node.proposed.front().kind, node::RequestKind::kTxn);
}

// --- Compact ---

TEST(KvCompact, IsProposed) {
  ApiRig rig;
  pb::CompactionRequest request;
  request.set_revision(5);
  const std::int32_t stream = rig.begin("KV/Compact", request.SerializeAsString());
  ASSERT_EQ(rig.node.proposed.size(), 1u);
  EXPECT_EQ(rig.node.proposed.front().kind, node::RequestKind::kCompaction);
  rig.node.answer(fail(Errc::kCompacted));
  rig.settle();
  expect_refused(rig.outcome_of(stream), "11", "etcdserver: mvcc: required revision has been compacted");
}

TEST(KvCompact, APhysicalOneWaitsUntilTheDbIsRidOfTheRevisions) {
  ApiRig rig;
  pb::CompactionRequest request;
  request.set_revision(5);
  request.set_physical(true);
  const std::int32_t stream = rig.begin("KV/Compact", request.SerializeAsString());
  rig.node.answer(base::Rope(std::string("\x0a\x02\x18\x05", 4)));
  rig.settle();
  EXPECT_EQ(rig.outcome_of(stream).code, "not answered");
  ASSERT_EQ(rig.node.compaction_waits.size(), 1u);
  rig.node.compaction_waits.front()({});
  rig.settle();
  EXPECT_EQ(parse<pb::CompactionResponse>(rig.outcome_of(stream).response).header().revision(), 5);
}

TEST(KvCompact, APhysicalOneThatFailsDoesNotWait) {
  ApiRig rig;
  pb::CompactionRequest request;
  request.set_physical(true);
  const std::int32_t stream = rig.begin("KV/Compact", request.SerializeAsString());
  rig.node.answer(fail(Errc::kFutureRevision));
  rig.settle();
  EXPECT_EQ(rig.outcome_of(stream).code, "11");
  EXPECT_TRUE(rig.node.compaction_waits.empty());
}

}  // namespace
}  // namespace etcd::api
