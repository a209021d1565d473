#include "api/long_reads.h"

#include <gtest/gtest.h>

#include <deque>
#include <utility>

#include "api/large_range.h"
#include "api/testing/api_rig.h"
#include "proto/kv_service.pb.h"

namespace etcd::api {
namespace {

constexpr int kKeys = static_cast<int>(LongReads::kKeysOnLoop) + 500;

class LongReadsTest : public ::testing::Test {
 protected:
  LongReadsTest() {
    for (int i = 0; i < kKeys; ++i) rig_.node.store.put("key" + std::to_string(i), std::string(200, 'v'));
  }

  Options options() {
    Options options;
    options.read_elsewhere = [this](base::UniqueFunction<void()> job) { jobs_.push_back(std::move(job)); };
    return options;
  }
  static std::string all_keys(std::int64_t limit = 0) {
    etcdserverpb::RangeRequest request;
    request.set_key("key");
    request.set_range_end("kez");
    request.set_limit(limit);
    return request.SerializeAsString();
  }
  static std::string one_key() {
    etcdserverpb::RangeRequest request;
    request.set_key("key1");
    return request.SerializeAsString();
  }
  // Three ranges that have all keys together.
  static etcdserverpb::TxnRequest three_ranges() {
    etcdserverpb::TxnRequest txn;
    for (const auto& [from, to] : {std::pair("key", "key15"), std::pair("key15", "key22"), std::pair("key22", "kez")}) {
      auto* range = txn.add_success()->mutable_request_range();
      range->set_key(from);
      range->set_range_end(to);
    }
    return txn;
  }
  int keys_in(const testing::ApiRig::Outcome& outcome) {
    etcdserverpb::TxnResponse response;
    EXPECT_TRUE(response.ParseFromString(outcome.response)) << outcome.message;
    int keys = 0;
    for (const auto& one : response.responses()) keys += one.response_range().kvs_size();
    return keys;
  }
  void run_one_job() {
    ASSERT_FALSE(jobs_.empty());
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    job();
    rig_.settle();
  }
  int count_of(const testing::ApiRig::Outcome& outcome) {
    etcdserverpb::RangeResponse response;
    EXPECT_TRUE(response.ParseFromString(outcome.response));
    return response.kvs_size();
  }

  std::deque<base::UniqueFunction<void()>> jobs_;
  testing::ApiRig rig_{options()};
};

TEST_F(LongReadsTest, AreReadElsewhereWhileTheLoopAnswersOthers) {
  const auto list = rig_.begin("KV/Range", all_keys());
  EXPECT_EQ(rig_.call("KV/Range", one_key()).code, "0");
  EXPECT_FALSE(rig_.answer_of(list).ended);
  run_one_job();
  EXPECT_EQ(rig_.outcome_of(list).code, "0");
  EXPECT_EQ(count_of(rig_.outcome_of(list)), kKeys);
}

TEST_F(LongReadsTest, ALimitKeepsARangeOnTheLoop) {
  EXPECT_EQ(count_of(rig_.call("KV/Range", all_keys(LongReads::kKeysOnLoop))), LongReads::kKeysOnLoop);
  EXPECT_TRUE(jobs_.empty());
}

TEST_F(LongReadsTest, OfOneConnectionComeOneAtATime) {
  const auto first = rig_.begin("KV/Range", all_keys());
  const auto second = rig_.begin("KV/Range", all_keys());
  EXPECT_EQ(jobs_.size(), 1U);
  run_one_job();
  EXPECT_TRUE(rig_.answer_of(first).ended);
  EXPECT_EQ(jobs_.size(), 1U) << "the next begins when the answer has left";
  run_one_job();
  EXPECT_EQ(count_of(rig_.outcome_of(second)), kKeys);
  EXPECT_TRUE(jobs_.empty());
}

TEST_F(LongReadsTest, OneThatIsCancelledMakesRoomForTheNext) {
  const auto first = rig_.begin("KV/Range", all_keys());
  const auto second = rig_.begin("KV/Range", all_keys());
  rig_.client().reset(first, 8);
  rig_.settle();
  run_one_job();
  run_one_job();
  EXPECT_EQ(count_of(rig_.outcome_of(second)), kKeys);
}

TEST_F(LongReadsTest, ARevisionThatIsCompactedWhileItWaitsIsRefused) {
  const Revision now = rig_.node.store.store().revision();
  rig_.begin("KV/Range", all_keys());
  etcdserverpb::RangeRequest old;
  ASSERT_TRUE(old.ParseFromString(all_keys()));
  old.set_revision(now.value);
  const auto second = rig_.begin("KV/Range", old.SerializeAsString());
  const Revision later = rig_.node.store.put("key", "newer");
  ASSERT_TRUE(rig_.node.store.store().compact(later));
  run_one_job();
  run_one_job();
  EXPECT_EQ(rig_.outcome_of(second).message, "etcdserver: mvcc: required revision has been compacted");
}

TEST_F(LongReadsTest, TransactionsAreReadElsewhereWhenTheirRangesHaveManyKeysTogether) {
  const auto txn = rig_.begin("KV/Txn", three_ranges().SerializeAsString());
  EXPECT_EQ(rig_.call("KV/Range", one_key()).code, "0");
  EXPECT_FALSE(rig_.answer_of(txn).ended);
  run_one_job();
  EXPECT_EQ(keys_in(rig_.outcome_of(txn)), kKeys);
  etcdserverpb::TxnResponse response;
  ASSERT_TRUE(response.ParseFromString(rig_.outcome_of(txn).response));
  EXPECT_TRUE(response.succeeded());
  EXPECT_EQ(response.header().revision(), kKeys + 1);
}

TEST_F(LongReadsTest, ATransactionOfFewKeysStaysOnTheLoop) {
  etcdserverpb::TxnRequest txn = three_ranges();
  txn.mutable_success()->DeleteSubrange(1, 2);
  EXPECT_GT(keys_in(rig_.call("KV/Txn", txn)), 500);
  EXPECT_TRUE(jobs_.empty());
}

TEST_F(LongReadsTest, TheKeysThatATransactionComparesCountToo) {
  etcdserverpb::TxnRequest txn;
  auto* compare = txn.add_compare();
  compare->set_key("key");
  compare->set_range_end("kez");
  compare->set_target(etcdserverpb::Compare::VERSION);
  compare->set_result(etcdserverpb::Compare::EQUAL);
  compare->set_version(1);
  const auto stream = rig_.begin("KV/Txn", txn.SerializeAsString());
  run_one_job();
  EXPECT_EQ(rig_.outcome_of(stream).code, "0");
}

TEST_F(LongReadsTest, TheNextWaitsForATransactionsAnswerToLeave) {
  const auto first = rig_.begin("KV/Txn", three_ranges().SerializeAsString());
  const auto second = rig_.begin("KV/Range", all_keys());
  EXPECT_EQ(jobs_.size(), 1U);
  run_one_job();
  EXPECT_EQ(keys_in(rig_.outcome_of(first)), kKeys);
  EXPECT_EQ(jobs_.size(), 1U) << "the next begins when the answer has left";
  run_one_job();
  EXPECT_EQ(count_of(rig_.outcome_of(second)), kKeys);
}

TEST_F(LongReadsTest, ATransactionAtARevisionThatIsCompactedWhileItWaitsIsRefused) {
  const Revision now = rig_.node.store.store().revision();
  rig_.begin("KV/Range", all_keys());
  etcdserverpb::TxnRequest old = three_ranges();
  for (auto& op : *old.mutable_success()) op.mutable_request_range()->set_revision(now.value);
  const auto second = rig_.begin("KV/Txn", old.SerializeAsString());
  const Revision later = rig_.node.store.put("key", "newer");
  ASSERT_TRUE(rig_.node.store.store().compact(later));
  run_one_job();
  run_one_job();
  EXPECT_EQ(rig_.outcome_of(second).message, "etcdserver: mvcc: required revision has been compacted");
}

}  // namespace
}  // namespace etcd::api
