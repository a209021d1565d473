#include "api/large_range.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "mvcc/testing/store_rig.h"
#include "rpc/testing/manual_clock.h"

namespace etcd::api {
namespace {

constexpr int kKeys = 300;

class LargeRangeTest : public ::testing::Test {
 protected:
  LargeRangeTest() {
    for (int i = 0; i < kKeys; ++i) store_.put("key" + std::to_string(i), std::string(static_cast<std::size_t>(i) * 7, 'v'));
  }

  mvcc::RangeResult all() { return mvcc::range(*store_.view(), {.key = "key", .range_end = "kez"}).value(); }
  std::unique_ptr<LargeRange> large() { return std::make_unique<LargeRange>(header_, store_.view(), all(), loop_); }
  std::string expected() {
    const mvcc::ReadViewRef view = store_.view();
    return apply::encode_range_response(header_, all()).flatten();
  }
  // What is left, taken in pieces of any length.
  std::string drain(LargeRange& range) {
    std::string out;
    while (range.size() > 0) range.append_next(std::min<std::size_t>(range.size(), 1 + rng_.below(5000)), out);
    return out;
  }

  base::Rng rng_{4};
  rpc::testing::ManualClock clock_;
  rpc::Loop loop_{clock_};
  mvcc::testing::StoreRig store_;
  apply::ResponseHeader header_{.cluster = ClusterId(1), .member = MemberId(2), .revision = Revision(3), .term = Term(4)};
};

TEST_F(LargeRangeTest, IsTheSameResponseHoweverItIsCut) {
  const std::string whole = expected();
  for (int round = 0; round < 20; ++round) {
    const auto range = large();
    EXPECT_EQ(range->size(), whole.size());
    EXPECT_EQ(drain(*range), whole);
  }
}

TEST_F(LargeRangeTest, ManySmallKeyValuesAreLargeToo) {
  EXPECT_TRUE(LargeRange::is_large(all()));
  EXPECT_FALSE(LargeRange::is_large(mvcc::range(*store_.view(), {.key = "key1", .range_end = "key2"}).value()));
}

TEST_F(LargeRangeTest, ASlowClientHoldsTheViewForAWhileOnly) {
  const std::string whole = expected();
  const auto range = large();
  std::string out;
  range->append_next(whole.size() / 3, out);
  store_.put("key", "newer");
  (void)store_.view();
  EXPECT_EQ(store_.views().live_views(), 2U);

  clock_.now_ns += LargeRange::kPatienceNs + 2'000'000;
  loop_.run_once(0);
  store_.put("key", "newer still");
  (void)store_.view();
  EXPECT_EQ(store_.views().live_views(), 1U);
  EXPECT_EQ(range->size(), whole.size() - out.size());
  EXPECT_EQ(out + drain(*range), whole);
}

}  // namespace
}  // namespace etcd::api
