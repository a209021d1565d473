#include "mvcc/read_view.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/rng.h"
#include "mvcc/changes.h"
#include "mvcc/range.h"
#include "mvcc/testing/store_rig.h"

namespace etcd::mvcc::testing {
namespace {

TEST(ReadView, StaysAsItWasWhileTheStoreGoesOn) {
  StoreRig rig;
  rig.put("a", "1");
  const ReadViewRef before = rig.view();
  rig.put("a", "2");
  rig.erase("a");
  rig.flush();
  ASSERT_TRUE(rig.store().compact(Revision(4)));
  rig.finish_compaction();
  const ReadViewRef after = rig.view();
  EXPECT_EQ(decode_key_value(**before->find("a"))->value, "1");
  EXPECT_FALSE(*after->find("a"));
  EXPECT_EQ(before->revision(), Revision(2));
  EXPECT_EQ(before->compact_revision(), Revision(-1));
  EXPECT_EQ(after->compact_revision(), Revision(4));
}

TEST(ReadView, OutlivesItsStoreAndItsDb) {
  StoreRig other;
  other.put("c", "3");
  other.flush();
  StoreRig rig;
  rig.put("a", std::string(5000, 'x'));
  rig.flush();
  rig.put("b", "2");
  ReadViewRef held = rig.view();
  // As when a snapshot is installed: another store publishes through the same publisher.
  rig.replace_store_by(other.db());
  EXPECT_EQ(decode_key_value(**held->find("a"))->value.size(), 5000u);
  EXPECT_EQ(decode_key_value(**held->find("b"))->value, "2");
  EXPECT_FALSE(*rig.view()->find("a"));
  EXPECT_EQ(decode_key_value(**rig.view()->find("c"))->value, "3");
  held = {};
  rig.views().reclaim();
  EXPECT_EQ(rig.views().live_views(), 1u);
}

TEST(ViewPublisher, OldViewsGoWithTheirLastReader) {
  StoreRig rig;
  std::vector<ReadViewRef> held;
  for (int i = 0; i < 10; ++i) {
    rig.put("a", std::to_string(i));
    held.push_back(rig.view());
  }
  EXPECT_EQ(rig.views().live_views(), 10u);
  const ReadViewRef copy = held[3];
  held.erase(held.begin(), held.begin() + 7);
  rig.views().reclaim();
  EXPECT_EQ(rig.views().live_views(), 4u);
  EXPECT_EQ(decode_key_value(**copy->find("a"))->value, "3");
}

// Freed counts what an old reader must keep, and what it must not.
struct Freed {
  static inline int count = 0;
  static void free(void*) { ++count; }
};

TEST(ViewPublisher, AReaderOfAnOldViewKeepsOnlyWhatItSees) {
  StoreRig rig;
  Freed::count = 0;
  ReadViewRef old = rig.view();
  rig.put("a", "1");
  Reclaimer& reclaimer = rig.views().reclaimer();
  const std::uint64_t born = reclaimer.building();
  rig.store().publish();
  rig.put("a", "2");
  reclaimer.retire({nullptr, &Freed::free, born});                  // the view just replaced sees it; `old` does not
  reclaimer.retire({nullptr, &Freed::free, born - 1});              // `old` sees it too
  reclaimer.retire({nullptr, &Freed::free, reclaimer.building()});  // nobody ever saw it
  EXPECT_EQ(Freed::count, 1);
  rig.store().publish();
  EXPECT_EQ(Freed::count, 2);
  old = {};
  rig.views().reclaim();
  EXPECT_EQ(Freed::count, 3);
}

// Threads read what one writer publishes: each view must hold together. Meant for TSan and ASan.
class Readers {
 public:
  explicit Readers(ViewPublisher& views) {
    for (std::uint64_t i = 0; i < 3; ++i) {
      threads_.emplace_back([this, &views, i] { read(views, i); });
    }
  }
  ~Readers() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  std::uint64_t views_read() const { return read_; }

 private:
  void read(ViewPublisher& views, std::uint64_t seed) {
    base::Rng rng(seed);
    std::vector<ReadViewRef> held;
    Revision last(0);
    while (!stop_) {
      const ReadViewRef view = views.acquire();
      CHECK(view->revision() >= last);
      last = view->revision();
      check(*view);
      ++read_;
      if (rng.one_in(4)) held.push_back(view);
      if (held.size() > 5) held.erase(held.begin() + static_cast<std::ptrdiff_t>(rng.below(held.size())));
      if (!held.empty()) check(*held[rng.below(held.size())]);
    }
  }

  // The writer puts every key's number and the revision into its value, and keeps 100 keys.
  static void check(const ReadView& view) {
    RangeOptions options{.key = "k", .range_end = std::string_view("\0", 1)};
    const auto result = range(view, options);
    CHECK(result.has_value());
    CHECK(result->count == static_cast<std::int64_t>(result->kvs.size()));
    for (const std::string_view bytes : result->kvs) {
      const auto kv = decode_key_value(bytes);
      CHECK(kv.has_value() && kv->mod_revision <= view.revision());
      CHECK(kv->value.substr(0, kv->value.find(' ')) == std::to_string(kv->mod_revision.value), kv->value);
    }
    ChangesCursor cursor = changes(view, Revision(view.revision().value - 3), view.revision());
    while (cursor.next()) {
    }
    CHECK(cursor.status().has_value());
  }

  std::atomic<bool> stop_ = false;
  std::atomic<std::uint64_t> read_ = 0;
  std::vector<std::thread> threads_;
};

TEST(ViewPublisher, ManyThreadsReadWhileOneWritesFlushesAndCompacts) {
  StoreRig rig({.compaction_deletes_per_flush = 50});
  base::Rng rng(1);
  {
    Readers readers(rig.views());
    for (int i = 0; i < 3000 || readers.views_read() < 200; ++i) {
      const std::string key = "k" + std::to_string(rng.below(300));
      if (rng.one_in(4)) {
        rig.erase(key);
      } else {
        rig.put(key, std::to_string(rig.store().revision().value + 1) + " " + std::string(rng.below(200), 'x'));
      }
      if (rng.one_in(3)) rig.store().publish();
      if (rng.one_in(60)) rig.flush();
      if (rng.one_in(200)) (void)rig.store().compact(Revision(rig.store().revision().value - 20));
      if (rng.one_in(5)) rig.store().step_compaction(30);
    }
  }
  rig.views().reclaim();
  EXPECT_EQ(rig.views().live_views(), 1u);
}

}  // namespace
}  // namespace etcd::mvcc::testing
