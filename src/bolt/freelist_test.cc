#include "bolt/freelist.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "base/rng.h"

namespace etcd::bolt {
namespace {

using Pages = std::set<std::uint64_t>;

PageSet page_set(const Pages& pages) {
  PageSet set;
  for (const std::uint64_t page : pages) set.insert(PageId(page));
  return set;
}

TEST(FreeList, TakesTheLowestRunThatFits) {
  FreeList list(page_set({4, 6, 7, 10, 11, 12}), std::make_shared<Pin>());
  EXPECT_EQ(list.take(2), PageId(6));
  EXPECT_EQ(list.take(3), PageId(10));
  EXPECT_EQ(list.take(2), std::nullopt);
  EXPECT_EQ(list.take(1), PageId(4));
  EXPECT_EQ(list.take(1), std::nullopt);
  list.put_back(page_set({6, 7}));
  EXPECT_EQ(list.take(2), PageId(6));
}

// Versions as sets of pages: a page may be taken when no version that can be read has it, and must come back when
// that is so.
TEST(FreeList, GivesOutExactlyThePagesThatNoLiveVersionHas) {
  base::Rng rng(1);
  for (int round = 0; round < 20; ++round) {
    struct Live {
      std::shared_ptr<Pin> pin;
      Pages pages;
    };
    std::vector<Live> live{{std::make_shared<Pin>(), {}}};
    Pages free;
    for (std::uint64_t page = 2; page < 60; ++page) free.insert(page);
    FreeList list(page_set(free), live[0].pin);
    PageId high_water(60);

    for (int step = 0; step < 200; ++step) {
      // Some readers go; the newest version stays.
      for (std::size_t i = live.size() - 1; i-- > 0;) {
        if (!rng.one_in(3)) continue;
        live[i].pin->dead.store(true);
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(i));
      }
      list.release();
      Pages seen;
      for (const Live& version : live) seen.insert(version.pages.begin(), version.pages.end());
      ASSERT_EQ(list.free().size() + seen.size(), high_water.value - 2);
      for (const std::uint64_t page : seen) ASSERT_FALSE(list.free().contains(PageId(page)));

      TxSpace space(list, high_water);
      Pages next = live.back().pages;
      for (std::uint64_t n = rng.below(6); n > 0 && !next.empty(); --n) {
        const auto at = std::next(next.begin(), static_cast<std::ptrdiff_t>(rng.below(next.size())));
        if (live.back().pages.count(*at) == 0) continue;  // taken by this transaction
        space.give_up(PageId(*at), 1);
        next.erase(at);
      }
      for (std::uint64_t n = rng.below(4); n > 0; --n) {
        const std::uint64_t count = 1 + rng.below(3);
        const PageId first = space.take(count);
        for (std::uint64_t i = 0; i < count; ++i) {
          ASSERT_EQ(seen.count(first.value + i), 0u);
          ASSERT_TRUE(next.insert(first.value + i).second);
        }
      }
      if (rng.one_in(5)) {
        space.roll_back();
        continue;
      }
      high_water = space.high_water();
      auto pin = std::make_shared<Pin>();
      space.commit(pin);
      // The version before stays only if somebody reads it.
      if (rng.one_in(2)) {
        live.back().pin->dead.store(true);
        live.pop_back();
      }
      live.push_back({pin, next});
    }
  }
}

}  // namespace
}  // namespace etcd::bolt
