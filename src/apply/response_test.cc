#include "apply/response.h"

#include <gtest/gtest.h>

#include "apply/txn_response.h"
#include "base/testing/go_vectors.h"
#include "mvcc/key_value.h"
#include "mvcc/range.h"

namespace etcd::apply {
namespace {

constexpr ResponseHeader kHeader{.cluster = ClusterId(0xcdf818194e3a8c32),
                                 .member = MemberId(0x8e9e05c52164694d),
                                 .revision = Revision(300),
                                 .term = Term(2)};
constexpr ResponseHeader kInner{.revision = Revision(300)};

struct ResponseTest : ::testing::Test {
  void expect(const base::Rope& response, const std::string& name) {
    EXPECT_EQ(response.flatten(), vectors.at(name)) << name;
  }

  std::map<std::string, std::string> vectors = base::testing::go_vectors();
  std::string kv = mvcc::encode({.key = "k",
                                 .create_revision = Revision(2),
                                 .mod_revision = Revision(3),
                                 .version = 2,
                                 .value = "v",
                                 .lease = LeaseId(9)});
};

TEST_F(ResponseTest, EqualsGoForEveryMessage) {
  expect(encode_put_response(kHeader, std::nullopt), "resp_put");
  expect(encode_put_response(kHeader, kv), "resp_put_prev");
  expect(encode_delete_range_response(kHeader, 1, {kv}), "resp_delete");
  expect(encode_lease_grant_response(kHeader, LeaseId(-3), 10), "resp_lease_grant");
  expect(encode_header_response(kHeader), "resp_compaction");
  expect(encode_alarm_response(kHeader, {{.member = MemberId(5), .type = cluster::AlarmType::kNoSpace},
                                         {.member = MemberId(0), .type = cluster::AlarmType::kCorrupt}}),
         "resp_alarm");
}

TEST_F(ResponseTest, EqualsGoForRanges) {
  mvcc::RangeResult result;
  expect(encode_range_response(kHeader, result), "resp_range_empty");
  result.kvs = {kv, kv};
  result.more = true;
  result.count = 1000;
  expect(encode_range_response(kHeader, result), "resp_range");
}

TEST_F(ResponseTest, EqualsGoForNestedTransactions) {
  mvcc::RangeResult result;
  result.kvs = {kv};
  result.count = 1;
  base::Rope responses, inner;
  append_response_op(responses, TxnOp::Kind::kRange, encode_range_response(kInner, result));
  append_response_op(responses, TxnOp::Kind::kPut, encode_put_response(kInner, std::nullopt));
  append_response_op(responses, TxnOp::Kind::kDeleteRange, encode_delete_range_response(kInner, 0, {}));
  append_response_op(inner, TxnOp::Kind::kPut, encode_put_response(kInner, std::nullopt));
  append_response_op(responses, TxnOp::Kind::kTxn, encode_txn_response({}, false, std::move(inner)));
  expect(encode_txn_response(kHeader, true, std::move(responses)), "resp_txn");
}

}  // namespace
}  // namespace etcd::apply
