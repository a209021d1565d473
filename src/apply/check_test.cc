#include "apply/check.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "apply/testing/encode.h"
#include "base/rng.h"

namespace etcd::apply {
namespace {

using testing::TxnBuilder;

constexpr std::size_t kMaxOps = 128;

PutRequest put(std::string_view key) {
  PutRequest request;
  request.key = key;
  return request;
}
RangeRequest range(std::string_view key) {
  RangeRequest request;
  request.key = key;
  return request;
}
DeleteRangeRequest del(std::string_view key, std::string_view end = {}) {
  DeleteRangeRequest request;
  request.key = key;
  request.range_end = end;
  return request;
}
// kIo stands for success.
Errc code(const Status& status) {
  return status ? Errc::kIo : status.error().code;
}
Errc check(const TxnBuilder& txn, std::size_t max_ops = kMaxOps) {
  return code(check_txn(decode_txn(txn.bytes()).value(), max_ops));
}

TEST(CheckRange, NeedsAKeyAndKnownSortOptions) {
  EXPECT_EQ(code(check_range(range(""))), Errc::kEmptyKey);
  RangeRequest request = range("a");
  EXPECT_EQ(code(check_range(request)), Errc::kIo);
  request.sort_order = static_cast<SortOrder>(3);
  EXPECT_EQ(code(check_range(request)), Errc::kInvalidSortOption);
  request.sort_order = SortOrder::kDescend;
  request.sort_target = static_cast<SortTarget>(-1);
  EXPECT_EQ(code(check_range(request)), Errc::kInvalidSortOption);
}

TEST(CheckRangeStream, TakesTheDefaultOrderWithoutFiltersOnly) {
  RangeRequest request = range("a");
  request.sort_order = SortOrder::kAscend;
  EXPECT_EQ(code(check_range_stream(request)), Errc::kIo);
  request.sort_target = SortTarget::kMod;
  EXPECT_EQ(code(check_range_stream(request)), Errc::kRangeStreamSort);
  request.sort_order = SortOrder::kNone;
  request.max_create_revision = -1;
  EXPECT_EQ(code(check_range_stream(request)), Errc::kRangeStreamRevisionFilter);
  EXPECT_EQ(code(check_range_stream(range(""))), Errc::kEmptyKey);
}

TEST(CheckPut, GivesNothingThatIsToBeIgnored) {
  PutRequest request = put("");
  EXPECT_EQ(code(check_put(request)), Errc::kEmptyKey);
  request.key = "a";
  request.value = "v";
  request.lease = LeaseId(1);
  EXPECT_EQ(code(check_put(request)), Errc::kIo);
  request.ignore_lease = true;
  EXPECT_EQ(code(check_put(request)), Errc::kLeaseProvided);
  request.ignore_value = true;
  EXPECT_EQ(code(check_put(request)), Errc::kValueProvided);
}

TEST(CheckTxn, EveryPartIsChecked) {
  EXPECT_EQ(check(TxnBuilder()), Errc::kIo);
  EXPECT_EQ(check(TxnBuilder().compare(testing::compare_value("", "x"))), Errc::kEmptyKey);
  EXPECT_EQ(check(TxnBuilder().failure(put(""))), Errc::kEmptyKey);
  EXPECT_EQ(check(TxnBuilder().success(del(""))), Errc::kEmptyKey);
  EXPECT_EQ(check(TxnBuilder().success(TxnBuilder().failure(range("")))), Errc::kEmptyKey);
  EXPECT_EQ(check(TxnBuilder().success(std::string())), Errc::kKeyNotFound);
}

TEST(CheckTxn, ANestedTransactionGetsWhatItsParentLeaves) {
  TxnBuilder three;
  for (const char* key : {"a", "b", "c"}) three.success(range(key));
  EXPECT_EQ(check(three, 3), Errc::kIo);
  EXPECT_EQ(check(three, 2), Errc::kTooManyOps);
  EXPECT_EQ(check(TxnBuilder().success(three), 4), Errc::kIo);
  EXPECT_EQ(check(TxnBuilder().success(three), 3), Errc::kTooManyOps);
  // The lists do not add up: the longest counts.
  TxnBuilder wide;
  wide.compare(testing::compare_value("x", "")).success(range("a")).failure(range("b")).failure(range("c"));
  EXPECT_EQ(check(wide, 2), Errc::kIo);
}

TEST(CheckTxn, OneCourseWritesAKeyOnce) {
  EXPECT_EQ(check(TxnBuilder().success(put("a")).success(put("a"))), Errc::kDuplicateKey);
  EXPECT_EQ(check(TxnBuilder().success(put("a")).failure(put("a"))), Errc::kIo);
  EXPECT_EQ(check(TxnBuilder().success(put("a")).success(del("a"))), Errc::kDuplicateKey);
  EXPECT_EQ(check(TxnBuilder().success(del("a")).success(del("a"))), Errc::kIo);
  EXPECT_EQ(check(TxnBuilder().success(del("a", "c")).success(put("b"))), Errc::kDuplicateKey);
  EXPECT_EQ(check(TxnBuilder().success(del("a", "c")).success(put("c"))), Errc::kIo);
  EXPECT_EQ(check(TxnBuilder().failure(put("a")).failure(put("a"))), Errc::kDuplicateKey);
}

TEST(CheckTxn, TheBranchesOfANestedTransactionExcludeEachOther) {
  const TxnBuilder both = TxnBuilder().success(put("a")).failure(put("a"));
  EXPECT_EQ(check(TxnBuilder().success(both)), Errc::kIo);
  EXPECT_EQ(check(TxnBuilder().success(both).success(put("a"))), Errc::kDuplicateKey);
  EXPECT_EQ(check(TxnBuilder().success(both).success(both)), Errc::kDuplicateKey);
  EXPECT_EQ(check(TxnBuilder().success(TxnBuilder().success(del("a"))).success(put("a"))), Errc::kDuplicateKey);
  EXPECT_EQ(check(TxnBuilder().success(del("a")).success(TxnBuilder().failure(put("a")))), Errc::kDuplicateKey);
}

TEST(CheckTxn, ShapeComesBeforeOverlap) {
  EXPECT_EQ(check(TxnBuilder().success(put("a")).success(put("a")).failure(put(""))), Errc::kEmptyKey);
}

TEST(CheckTxn, ADeletionToTheLastKeyIsNotTakenForAnOverlap) {
  const DeleteRangeRequest from_b = del("b", std::string_view("\0", 1));
  EXPECT_EQ(check(TxnBuilder().success(from_b).success(put("b"))), Errc::kIo);
  PutRequest leaning = put("b");
  leaning.ignore_value = true;
  EXPECT_EQ(check(TxnBuilder().success(from_b).success(leaning)), Errc::kDuplicateKey);
  EXPECT_EQ(check(TxnBuilder().success(from_b).failure(leaning)), Errc::kIo);
  EXPECT_EQ(check(TxnBuilder().success(TxnBuilder().failure(from_b)).success(leaning)), Errc::kDuplicateKey);
  EXPECT_EQ(check(TxnBuilder().success(from_b).success(TxnBuilder().success(leaning))), Errc::kDuplicateKey);
  leaning.key = "a";
  EXPECT_EQ(check(TxnBuilder().success(from_b).success(leaning)), Errc::kIo);
}

// For one flat branch: every put against every put and every deletion.
bool overlaps_naively(const std::vector<PutRequest>& puts, const std::vector<DeleteRangeRequest>& dels) {
  std::set<std::string_view> seen;
  for (const PutRequest& one : puts) {
    if (!seen.insert(one.key).second) return true;
    for (const DeleteRangeRequest& range : dels) {
      if (range.range_end.empty() ? one.key == range.key : (range.key <= one.key && one.key < range.range_end))
        return true;
    }
  }
  return false;
}

TEST(CheckTxn, OverlapsAgreeWithANaiveModel) {
  base::Rng rng(5);
  std::vector<std::string> keys;
  for (int i = 0; i < 40; ++i) keys.push_back(std::string(1, static_cast<char>('A' + i)));
  const auto any_key = [&]() -> std::string_view { return keys[rng.below(keys.size())]; };
  std::map<bool, int> seen;
  for (int round = 0; round < 5'000; ++round) {
    std::vector<PutRequest> puts;
    std::vector<DeleteRangeRequest> dels;
    TxnBuilder txn;
    for (std::uint64_t i = rng.below(5); i > 0; --i) txn.success(puts.emplace_back(put(any_key())));
    for (std::uint64_t i = rng.below(5); i > 0; --i) {
      txn.success(dels.emplace_back(del(any_key(), rng.one_in(2) ? any_key() : std::string_view())));
    }
    const bool overlap = overlaps_naively(puts, dels);
    ++seen[overlap];
    ASSERT_EQ(check(txn) == Errc::kDuplicateKey, overlap) << round;
  }
  EXPECT_GT(seen[true], 500);
  EXPECT_GT(seen[false], 500);
}

TEST(QuotaCost, CountsTheLargerBranchWithWhatIsNested) {
  PutRequest ten = put("0123456789");
  EXPECT_EQ(quota_cost(ten), 266);
  const auto cost = [](const TxnBuilder& txn) { return quota_cost(decode_txn(txn.bytes()).value()); };
  EXPECT_EQ(cost(TxnBuilder()), 0);
  EXPECT_EQ(cost(TxnBuilder().success(range("a")).failure(del("a"))), 0);
  EXPECT_EQ(cost(TxnBuilder().success(ten).success(ten).failure(ten)), 532);
  const TxnBuilder nested = TxnBuilder().success(ten).failure(TxnBuilder().failure(ten).failure(ten));
  EXPECT_EQ(cost(nested), 532);
  EXPECT_EQ(cost(TxnBuilder().success(ten).failure(nested).failure(ten)), 798);
}

}  // namespace
}  // namespace etcd::apply
