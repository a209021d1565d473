#include "apply/request.h"

#include <gtest/gtest.h>

#include "apply/testing/encode.h"
#include "base/testing/go_vectors.h"

namespace etcd::apply {
namespace {

using testing::encode;
using testing::TxnBuilder;

constexpr std::uint64_t kId = 0x1234567890abcdef;

struct GoVectors : ::testing::Test {
  std::string at(const std::string& name) {
    EXPECT_EQ(vectors.count(name), 1u) << name;
    return vectors[name];
  }
  template <typename Request>
  Request internal(const std::string& name) {
    const std::string& bytes = kept.emplace_back(at("internal_" + name));
    const auto decoded = decode_internal(bytes);
    EXPECT_TRUE(decoded) << name;
    EXPECT_EQ(decoded->id, kId);
    EXPECT_TRUE(std::holds_alternative<Request>(decoded->request)) << name;
    return std::get<Request>(decoded->request);
  }

  std::map<std::string, std::string> vectors = base::testing::go_vectors();
  std::deque<std::string> kept;  // what decoded requests look at
};

TEST_F(GoVectors, EveryFieldOfARangeIsRead) {
  const std::string bytes = at("range");
  const RangeRequest range = decode_range(bytes).value();
  EXPECT_EQ(range.key, "a");
  EXPECT_EQ(range.range_end, std::string_view("\0", 1));
  EXPECT_EQ(range.limit, 5);
  EXPECT_EQ(range.revision, 6);
  EXPECT_EQ(range.sort_order, SortOrder::kDescend);
  EXPECT_EQ(range.sort_target, SortTarget::kValue);
  EXPECT_TRUE(range.serializable && range.keys_only && range.count_only);
  EXPECT_EQ(range.min_mod_revision, 7);
  EXPECT_EQ(range.max_mod_revision, 8);
  EXPECT_EQ(range.min_create_revision, 9);
  EXPECT_EQ(range.max_create_revision, 10);
  EXPECT_EQ(encode(range), bytes);
}

TEST_F(GoVectors, EveryFieldOfAPutIsRead) {
  const std::string bytes = at("put");
  const PutRequest put = decode_put(bytes).value();
  EXPECT_EQ(put.key, "k");
  EXPECT_EQ(put.value, "v");
  EXPECT_EQ(put.lease, LeaseId(-7));
  EXPECT_TRUE(put.prev_kv && put.ignore_value && put.ignore_lease);
}

TEST_F(GoVectors, EveryFieldOfADeletionIsRead) {
  const std::string bytes = at("delete");
  const DeleteRangeRequest del = decode_delete_range(bytes).value();
  EXPECT_EQ(del.key, "d");
  EXPECT_EQ(del.range_end, "e");
  EXPECT_TRUE(del.prev_kv);
}

TEST_F(GoVectors, ATransactionIsReadWithAllThatIsNestedInIt) {
  const std::string bytes = at("txn");
  const TxnRequest txn = decode_txn(bytes).value();
  ASSERT_EQ(txn.parts.size(), 3u);
  const TxnRequest::Part& outer = txn.parts[0];
  ASSERT_EQ(outer.compares.size(), 5u);
  EXPECT_EQ(txn.compares[0].result, CompareResult::kGreater);
  EXPECT_EQ(txn.compares[0].target, CompareTarget::kValue);
  EXPECT_EQ(txn.compares[0].operand, Compare::Operand::kValue);
  EXPECT_EQ(txn.compares[0].value, "x");
  EXPECT_EQ(txn.compares[0].range_end, "b");
  EXPECT_EQ(txn.compares[1].operand, Compare::Operand::kVersion);
  EXPECT_EQ(txn.compares[2].operand, Compare::Operand::kLease);
  EXPECT_EQ(txn.compares[2].number, 3);
  EXPECT_EQ(txn.compares[3].operand, Compare::Operand::kMod);
  EXPECT_EQ(txn.compares[4].operand, Compare::Operand::kCreate);
  ASSERT_EQ(outer.success.size(), 3u);
  EXPECT_EQ(txn.ops[0].kind, TxnOp::Kind::kRange);
  EXPECT_EQ(txn.ops[1].kind, TxnOp::Kind::kTxn);
  EXPECT_EQ(txn.ops[2].kind, TxnOp::Kind::kPut);
  EXPECT_EQ(txn.ops[outer.failure.begin].kind, TxnOp::Kind::kDeleteRange);
  const TxnRequest::Part& inner = txn.parts[txn.ops[1].place];
  ASSERT_EQ(inner.success.size(), 1u);
  EXPECT_EQ(txn.puts[txn.ops[inner.success.begin].place].key, "n");
  ASSERT_EQ(inner.failure.size(), 2u);
  const TxnOp innermost = txn.ops[inner.failure.begin];
  ASSERT_EQ(innermost.kind, TxnOp::Kind::kTxn);
  EXPECT_EQ(txn.parts[innermost.place].success.size(), 0u);
  EXPECT_FALSE(txn.is_read_only());
}

TEST_F(GoVectors, EntriesOfEveryKindAreRead) {
  EXPECT_EQ(internal<PutRequest>("put").value, "v");
  EXPECT_EQ(internal<TxnRequest>("txn").parts.size(), 3u);
  EXPECT_EQ(internal<RangeRequest>("range").limit, 5);
  EXPECT_EQ(internal<DeleteRangeRequest>("delete").range_end, "e");
  EXPECT_EQ(internal<CompactionRequest>("compaction").revision, 9);
  EXPECT_TRUE(internal<CompactionRequest>("compaction").physical);
  EXPECT_EQ(internal<LeaseGrantRequest>("lease_grant").ttl_s, 10);
  EXPECT_EQ(internal<LeaseGrantRequest>("lease_grant").id, LeaseId(-3));
  EXPECT_EQ(internal<LeaseRevokeRequest>("lease_revoke").id, LeaseId(-3));
  const auto alarm = internal<AlarmRequest>("alarm");
  EXPECT_EQ(alarm.action, AlarmAction::kActivate);
  EXPECT_EQ(alarm.member, MemberId(UINT64_MAX));
  EXPECT_EQ(alarm.alarm, cluster::AlarmType::kCorrupt);
  const auto checkpoint = internal<LeaseCheckpointRequest>("lease_checkpoint");
  ASSERT_EQ(checkpoint.checkpoints.size(), 2u);
  EXPECT_EQ(checkpoint.checkpoints[0].remaining_ttl_s, 6);
  EXPECT_EQ(checkpoint.checkpoints[1].id, LeaseId(7));
  EXPECT_EQ(internal<ClusterVersionSetRequest>("cluster_version_set").version, "3.7.0");
  const auto attributes = internal<ClusterMemberAttrSetRequest>("cluster_member_attr_set");
  EXPECT_EQ(attributes.member, MemberId(0xabc));
  EXPECT_EQ(attributes.name, "m1");
  EXPECT_EQ(attributes.client_urls, (std::vector<std::string_view>{"http://a", "http://b"}));
  EXPECT_TRUE(internal<DowngradeInfoSetRequest>("downgrade_info_set").enabled);
  EXPECT_EQ(internal<DowngradeInfoSetRequest>("downgrade_info_set").version, "3.6.0");
  internal<DowngradeVersionTestRequest>("downgrade_version_test");
}

TEST_F(GoVectors, AuthRequestsAreReadWithWhoProposedThem) {
  const std::string bytes = at("internal_auth_enable");
  const auto request = decode_internal(bytes).value();
  EXPECT_EQ(request.id, 1u);
  EXPECT_EQ(request.who.name, "root");
  EXPECT_EQ(request.who.revision, 4u);
  ASSERT_TRUE(std::holds_alternative<auth::Request>(request.request));
  EXPECT_TRUE(std::holds_alternative<auth::EnableRequest>(std::get<auth::Request>(request.request)));
  EXPECT_EQ(encode_internal(1, request.who, RequestKind::kAuthEnable, ""), bytes);
}

TEST_F(GoVectors, TheLegacyIdCountsWhereThereIsOne) {
  const std::string bytes = at("internal_legacy_id");
  EXPECT_EQ(decode_internal(bytes)->id, 77u);
}

TEST_F(GoVectors, EntriesAreWrittenAsGoWritesThem) {
  const auto check = [&](const std::string& name, RequestKind kind, const std::string& request) {
    EXPECT_EQ(encode_internal(kId, kind, request), at("internal_" + name)) << name;
  };
  PutRequest put;
  put.key = "k";
  put.value = "v";
  check("put", RequestKind::kPut, encode(put));
  check("txn", RequestKind::kTxn, at("txn"));
  check("lease_revoke", RequestKind::kLeaseRevoke, encode_lease_revoke(LeaseId(-3)));
  check("lease_checkpoint", RequestKind::kLeaseCheckpoint,
        encode_lease_checkpoint({{{LeaseId(5), 6}, {LeaseId(7), 0}}}));
  check("alarm", RequestKind::kAlarm,
        encode_alarm({AlarmAction::kActivate, MemberId(UINT64_MAX), cluster::AlarmType::kCorrupt}));
  check("cluster_version_set", RequestKind::kClusterVersionSet, encode_cluster_version_set("3.7.0"));
  check("cluster_member_attr_set", RequestKind::kClusterMemberAttrSet,
        encode_cluster_member_attr_set(MemberId(0xabc), "m1", {"http://a", "http://b"}));
  check("downgrade_info_set", RequestKind::kDowngradeInfoSet, encode_downgrade_info_set(true, "3.6.0"));
}

TEST_F(GoVectors, EveryTruncationIsReadOrRefusedButNeverReadBeyond) {
  for (const auto& [name, bytes] : vectors) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const std::string cut = bytes.substr(0, size);
      const auto entry = decode_internal(cut);
      EXPECT_TRUE(entry || entry.error().code == Errc::kInvalid);
      const auto txn = decode_txn(cut);
      EXPECT_TRUE(txn || txn.error().code == Errc::kInvalid);
    }
  }
}

TEST(Decoding, TheLastValueOfAScalarWinsAndUnknownFieldsArePassedOver) {
  std::string bytes;
  base::WireWriter writer(bytes);
  writer.bytes(1, "first");
  writer.bytes(99, "unknown");
  writer.varint(1, 5);  // the wrong type is an unknown field
  writer.bytes(1, "last");
  EXPECT_EQ(decode_put(bytes)->key, "last");
}

TEST(Decoding, PartsOfOneOperationMergeAndTheLastKindOfAUnionStands) {
  PutRequest key_only, value_only;
  key_only.key = "k";
  value_only.value = "v";
  DeleteRangeRequest del;
  del.key = "d";
  TxnBuilder txn;
  txn.success(TxnBuilder::op(key_only) + TxnBuilder::op(value_only));
  txn.success(TxnBuilder::op(key_only) + TxnBuilder::op(del));
  txn.success(TxnBuilder::op(del) + TxnBuilder::op(TxnBuilder().success(key_only)) +
              TxnBuilder::op(TxnBuilder().success(value_only)));
  const TxnRequest decoded = decode_txn(txn.bytes()).value();
  EXPECT_EQ(decoded.puts[0].key, "k");
  EXPECT_EQ(decoded.puts[0].value, "v");
  EXPECT_EQ(decoded.ops[1].kind, TxnOp::Kind::kDeleteRange);
  ASSERT_EQ(decoded.ops[2].kind, TxnOp::Kind::kTxn);
  EXPECT_EQ(decoded.parts[decoded.ops[2].place].success.size(), 2u);
}

TEST(Decoding, NestingHasALimit) {
  TxnBuilder inner;
  for (int depth = 1; depth < kMaxTxnDepth; ++depth) inner = TxnBuilder().success(inner);
  EXPECT_EQ(decode_txn(inner.bytes())->parts.size(), static_cast<std::size_t>(kMaxTxnDepth));
  const TxnBuilder too_deep = TxnBuilder().success(inner);
  EXPECT_EQ(decode_txn(too_deep.bytes()).error().code, Errc::kInvalid);
}

// Each level split in two would be copied once a level.
TEST(Decoding, SplittingNestedOperationsDoesNotMultiplyMemory) {
  PutRequest put;
  const std::string value(100'000, 'v');
  put.key = "k";
  put.value = value;
  TxnBuilder inner;
  inner.success(put);
  for (int depth = 0; depth < 100; ++depth)
    inner = TxnBuilder().success(TxnBuilder::op(TxnBuilder()) + TxnBuilder::op(inner));
  EXPECT_EQ(decode_txn(inner.bytes()).error().code, Errc::kInvalid);
}

TEST(Decoding, AnEntryHoldsOneRequest) {
  const std::string put = encode_internal(1, RequestKind::kPut, "");
  EXPECT_EQ(decode_internal(put + put).error().code, Errc::kInvalid);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(decode_internal("")->request));
}

TEST(Decoding, TextsMustBeUtf8) {
  const std::string bad = encode_internal(1, RequestKind::kClusterVersionSet, encode_cluster_version_set("\xff"));
  EXPECT_EQ(decode_internal(bad).error().code, Errc::kInvalid);
}

TEST(TxnRequest, KnowsWhetherItOnlyReads) {
  RangeRequest range;
  range.key = "a";
  RangeRequest serializable = range;
  serializable.serializable = true;
  const auto decode = [](const TxnBuilder& txn) { return decode_txn(txn.bytes()).value(); };
  EXPECT_TRUE(decode(TxnBuilder()).is_read_only());
  EXPECT_TRUE(decode(TxnBuilder()).is_serializable());
  EXPECT_TRUE(decode(TxnBuilder().success(range).failure(serializable)).is_read_only());
  EXPECT_FALSE(decode(TxnBuilder().success(range).failure(serializable)).is_serializable());
  EXPECT_TRUE(decode(TxnBuilder().success(serializable)).is_serializable());
  EXPECT_FALSE(decode(TxnBuilder().success(TxnBuilder().success(range))).is_read_only());
  EXPECT_FALSE(decode(TxnBuilder().success(std::string())).is_read_only());
}

}  // namespace
}  // namespace etcd::apply
