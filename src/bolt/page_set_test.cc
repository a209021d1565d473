#include "bolt/page_set.h"

#include <gtest/gtest.h>

#include <set>

#include "base/rng.h"

namespace etcd::bolt {
namespace {

std::set<std::uint64_t> members(const PageSet& set) {
  std::set<std::uint64_t> ids;
  for (auto page = set.next(PageId(0)); page; page = set.next(page->next())) ids.insert(page->value);
  return ids;
}

// Spread over several blocks, in short and long runs.
PageSet random_set(base::Rng& rng, std::set<std::uint64_t>& model) {
  PageSet set;
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t first = rng.below(150'000);
    const std::uint64_t count = 1 + rng.below(rng.one_in(10) ? 3000 : 5);
    const auto inside = model.lower_bound(first);
    const bool fresh = inside == model.end() || *inside >= first + count;
    EXPECT_EQ(set.insert(PageId(first), count), fresh);
    for (std::uint64_t id = first; fresh && id < first + count; ++id) model.insert(id);
  }
  return set;
}

TEST(PageSet, HoldsWhatASetHolds) {
  base::Rng rng(1);
  std::set<std::uint64_t> model;
  PageSet set = random_set(rng, model);
  EXPECT_EQ(members(set), model);
  EXPECT_EQ(set.size(), model.size());
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t id = rng.below(160'000);
    EXPECT_EQ(set.contains(PageId(id)), model.count(id) > 0);
    std::uint64_t absent = id;
    while (model.count(absent) > 0) ++absent;
    EXPECT_EQ(set.next_absent(PageId(id)), PageId(absent));
  }
  const std::uint64_t gone = *model.begin();
  set.erase(PageId(gone));
  model.erase(gone);
  EXPECT_EQ(members(set), model);
}

TEST(PageSet, FindsTheFirstRunThatIsLongEnough) {
  PageSet set;
  set.insert(PageId(10), 3);
  set.insert(PageId(60), 8);       // over the end of a word
  set.insert(PageId(32'760), 20);  // over the end of a block
  EXPECT_EQ(set.find_run(1, PageId(0)), PageId(10));
  EXPECT_EQ(set.find_run(3, PageId(0)), PageId(10));
  EXPECT_EQ(set.find_run(4, PageId(0)), PageId(60));
  EXPECT_EQ(set.find_run(2, PageId(11)), PageId(11));
  EXPECT_EQ(set.find_run(20, PageId(0)), PageId(32'760));
  EXPECT_EQ(set.find_run(21, PageId(0)), std::nullopt);
  EXPECT_EQ(set.find_run(1, PageId(std::uint64_t{1} << 60)), std::nullopt);
}

TEST(PageSet, UnitesAndExtractsLikeSets) {
  base::Rng rng(2);
  for (int round = 0; round < 5; ++round) {
    std::set<std::uint64_t> a_model;
    std::set<std::uint64_t> b_model;
    PageSet a = random_set(rng, a_model);
    const PageSet b = random_set(rng, b_model);
    std::set<std::uint64_t> common;
    for (const std::uint64_t id : a_model) {
      if (b_model.count(id) > 0) common.insert(id);
    }
    EXPECT_EQ(a.intersects(b), !common.empty());
    const PageSet extracted = a.extract(b);
    EXPECT_EQ(members(extracted), common);
    EXPECT_EQ(extracted.size(), common.size());
    EXPECT_EQ(a.size(), a_model.size() - common.size());
    EXPECT_FALSE(a.intersects(b));
    a.unite(b);
    a_model.insert(b_model.begin(), b_model.end());
    EXPECT_EQ(members(a), a_model);
    EXPECT_EQ(a.size(), a_model.size());
  }
}

TEST(PageSetDeathTest, ErasingWhatIsNotThereIsABug) {
  PageSet set;
  set.insert(PageId(5));
  EXPECT_DEATH(set.erase(PageId(5), 2), "CHECK failed");
}

}  // namespace
}  // namespace etcd::bolt
