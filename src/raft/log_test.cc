#include "raft/log.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "raft/config.h"
#include "raft/testing/fixture.h"

namespace etcd::raft {
namespace {

using testing::entry;
using testing::texts;

// Terms of entries 1, 2, 3...
Log log_with(const std::vector<std::uint64_t>& terms) {
  Log log({Term(0), LogIndex(0)});
  for (std::uint64_t term : terms) log.append(entry(term, log.last().value + 1, "x"));
  return log;
}

TEST(Log, KnowsTheTermOfWhatItHoldsAndOfItsBase) {
  Log log({Term(3), LogIndex(10)});
  log.append(entry(3, 11));
  log.append(entry(5, 12));
  EXPECT_EQ(log.term(LogIndex(9)), std::nullopt);
  EXPECT_EQ(log.term(LogIndex(10)), Term(3));
  EXPECT_EQ(log.term(LogIndex(12)), Term(5));
  EXPECT_EQ(log.term(LogIndex(13)), std::nullopt);
  EXPECT_EQ(log.last_id(), (EntryId{Term(5), LogIndex(12)}));
}

TEST(Log, IsUpToDateByTermThenByLength) {
  Log log = log_with({1, 2, 2});
  EXPECT_TRUE(log.is_up_to_date({Term(2), LogIndex(3)}));
  EXPECT_TRUE(log.is_up_to_date({Term(3), LogIndex(1)}));
  EXPECT_FALSE(log.is_up_to_date({Term(2), LogIndex(2)}));
  EXPECT_FALSE(log.is_up_to_date({Term(1), LogIndex(9)}));
}

TEST(Log, GuessesWhereAnotherLogMayMatch) {
  Log log = log_with({1, 3, 3, 3, 5, 5});
  EXPECT_EQ(log.guess_match(LogIndex(6), Term(2)), (EntryId{Term(1), LogIndex(1)}));
  EXPECT_EQ(log.guess_match(LogIndex(6), Term(4)), (EntryId{Term(3), LogIndex(4)}));
  EXPECT_EQ(log.guess_match(LogIndex(3), Term(9)), (EntryId{Term(3), LogIndex(3)}));
  EXPECT_EQ(log.guess_match(LogIndex(6), Term(0)), (EntryId{Term(0), LogIndex(0)}));
  EXPECT_EQ(log.guess_match(LogIndex(9), Term(2)), (EntryId{Term(0), LogIndex(9)})) << "not known: perhaps";
  log.compact(LogIndex(4));
  EXPECT_EQ(log.guess_match(LogIndex(6), Term(2)), (EntryId{Term(0), LogIndex(3)}));
}

TEST(Log, HandsEntriesToDiskOnceAndAgainWhenReplaced) {
  Log log = log_with({1, 1, 1});
  EXPECT_EQ(log.hand_over().size(), 3u);
  EXPECT_TRUE(log.hand_over().empty());
  log.persisted(LogIndex(3));
  log.truncate(LogIndex(1));
  EXPECT_EQ(log.durable(), LogIndex(1));
  log.append(entry(2, 2, "new"));
  Entries again = log.hand_over();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again.front(), entry(2, 2, "new"));
}

TEST(Log, ARangeStaysAsItWasWhenTheLogIsCut) {
  Log log = log_with({1, 1, 1});
  Entries before = log.range(LogIndex(2), LogIndex(3));
  log.truncate(LogIndex(1));
  log.append(entry(2, 2, "new"));
  log.compact(LogIndex(2));
  EXPECT_EQ(texts(before), (std::vector<std::string>{"x", "x"}));
}

TEST(Log, FitsAsManyEntriesAsTheLimitAllows) {
  Log log = log_with(std::vector<std::uint64_t>(1000, 1));
  std::uint64_t one = weight(entry(1, 1, "x"));
  EXPECT_EQ(log.fit(LogIndex(1), LogIndex(1000), 0), LogIndex(0));
  EXPECT_EQ(log.fit(LogIndex(5), LogIndex(1000), one), LogIndex(5));
  EXPECT_EQ(log.fit(LogIndex(5), LogIndex(1000), 10 * one - 1), LogIndex(13));
  EXPECT_EQ(log.fit(LogIndex(200), LogIndex(1000), 600 * one), LogIndex(799));
  EXPECT_EQ(log.fit(LogIndex(200), LogIndex(700), 600 * one), LogIndex(700));
  EXPECT_EQ(log.fit(LogIndex(1), LogIndex(1000), kUnlimited), LogIndex(1000));
  EXPECT_EQ(log.weight_of(LogIndex(199), LogIndex(799)), 600 * one);
  EXPECT_EQ(log.payload_of(LogIndex(199), LogIndex(799)), 600u);
}

TEST(Log, FindsMembershipChangesThatAreStillThere) {
  Log log = log_with({1});
  log.append({Term(1), LogIndex(2), EntryType::kConfChange, {}});
  log.append(entry(1, 3));
  EXPECT_TRUE(log.has_conf_change(LogIndex(1), LogIndex(3)));
  EXPECT_FALSE(log.has_conf_change(LogIndex(2), LogIndex(3)));
  EXPECT_FALSE(log.has_conf_change(LogIndex(0), LogIndex(1)));
  log.truncate(LogIndex(1));
  EXPECT_FALSE(log.has_conf_change(LogIndex(0), LogIndex(9)));
}

TEST(Log, AfterASnapshotNothingIsDurableUntilItIs) {
  Log log = log_with({1, 1, 1});
  log.hand_over();
  log.persisted(LogIndex(3));
  log.reset({Term(2), LogIndex(8)});
  EXPECT_EQ(log.last(), LogIndex(8));
  EXPECT_LT(log.durable(), LogIndex(8));
  EXPECT_EQ(log.term(LogIndex(8)), Term(2));
  EXPECT_EQ(log.term(LogIndex(3)), std::nullopt);
  log.persisted(LogIndex(8));
  EXPECT_EQ(log.durable(), LogIndex(8));
}

TEST(LogDeathTest, GapsAndFallingTermsAreBugs) {
  Log log = log_with({2});
  EXPECT_DEATH(log.append(entry(2, 3)), "CHECK failed");
  EXPECT_DEATH(log.append(entry(1, 2)), "CHECK failed");
  EXPECT_DEATH(log.truncate(LogIndex(2)), "CHECK failed");
}

// The log against a plain vector.
struct Model {
  LogIndex base;
  std::vector<Entry> entries;
  LogIndex last() const { return LogIndex(base.value + entries.size()); }
};

void expect_equal(const Log& log, const Model& model, base::Rng& rng) {
  ASSERT_EQ(log.last(), model.last());
  if (model.entries.empty()) return;
  std::uint64_t a = 1 + rng.below(model.entries.size());
  std::uint64_t b = 1 + rng.below(model.entries.size());
  auto [low, high] = std::minmax(a, b);
  std::vector<Entry> slice(model.entries.begin() + static_cast<std::ptrdiff_t>(low - 1), model.entries.begin() + static_cast<std::ptrdiff_t>(high));
  LogIndex first(model.base.value + low);
  LogIndex last(model.base.value + high);
  ASSERT_EQ(log.range(first, last), Entries(slice));
  ASSERT_EQ(log.term(first), slice.front().term);
  std::uint64_t sum = 0;
  for (const Entry& e : slice) sum += weight(e);
  ASSERT_EQ(log.weight_of(first.prev(), last), sum);
  ASSERT_EQ(log.fit(first, log.last(), sum), last);
}

TEST(Log, EqualsAVectorUnderRandomOperations) {
  base::Rng rng(4);
  Model model;
  Log log({Term(0), LogIndex(0)});
  std::uint64_t term = 1;
  for (int round = 0; round < 3'000; ++round) {
    std::uint64_t kind = rng.below(20);
    if (kind == 0) ++term;
    if (kind == 1 && !model.entries.empty()) {
      std::uint64_t keep = rng.below(model.entries.size() + 1);
      model.entries.resize(keep);
      log.truncate(model.last());
    } else if (kind == 2) {
      std::uint64_t drop = rng.below(model.entries.size() + 1);
      model.entries.erase(model.entries.begin(), model.entries.begin() + static_cast<std::ptrdiff_t>(drop));
      model.base = LogIndex(model.base.value + drop);
      log.compact(model.base);
    } else {
      for (std::uint64_t n = rng.below(60); n > 0; --n) {
        std::size_t size = rng.one_in(200) ? 600'000 : rng.below(100);
        model.entries.push_back(entry(term, model.last().value + 1, std::string(size, 'x')));
        log.append(model.entries.back());
      }
    }
    expect_equal(log, model, rng);
  }
}

}  // namespace
}  // namespace etcd::raft
