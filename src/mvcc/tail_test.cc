#include "mvcc/tail.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/rng.h"

namespace etcd::mvcc {
namespace {

struct Record {
  ChangeId id;
  std::string kv;
};

// A tail, its model, and versions of both kept as the publisher keeps them.
class Story {
 public:
  explicit Story(std::uint64_t seed) : rng_(seed), tail_(reclaimer_) {}
  ~Story() {
    for (Version& version : versions_) Reclaimer::free_all(version.garbage);
  }

  void commit() {
    ++now_;
    for (std::int64_t sub = 0; sub <= static_cast<std::int64_t>(rng_.below(3)); ++sub) {
      const ChangeId id{{Revision(now_), sub}, rng_.one_in(5)};
      const std::string value(rng_.one_in(50) ? rng_.below(200'000) : rng_.below(300), 'v');
      const KeyValue kv{.key = "key", .mod_revision = Revision(now_), .value = value};
      const std::string_view bytes = tail_.append(id, kv);
      ASSERT_EQ(bytes, encode(kv));
      model_.push_back({id, std::string(bytes)});
    }
  }

  void publish() {
    std::vector<Retired> garbage = reclaimer_.publish();
    if (versions_.empty()) {
      Reclaimer::free_all(garbage);
    } else {
      // As old as it may get: garbage stays with the newest version before, and goes with it.
      versions_.back().garbage.insert(versions_.back().garbage.end(), garbage.begin(), garbage.end());
    }
    versions_.push_back({tail_.view(), model_, {}});
    if (versions_.size() <= 4) return;
    Reclaimer::free_all(versions_.front().garbage);
    versions_.erase(versions_.begin());
  }

  void trim() {
    const auto flushed = static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(now_) + 1));
    tail_.trim(Revision(flushed));
    flushed_ = std::max(flushed, flushed_);
    std::erase_if(model_, [&](const Record& record) { return record.id.revision.main.value <= flushed_; });
    std::size_t bytes = 0;
    for (const Record& record : model_) bytes += sizeof(TailRecord) + record.kv.size();
    ASSERT_EQ(tail_.pending_bytes(), bytes);
  }

  void check() {
    for (const Version& version : versions_) check_version(version);
  }

 private:
  struct Version {
    TailView view;
    std::vector<Record> model;
    std::vector<Retired> garbage;
  };

  void check_version(const Version& version) {
    for (int i = 0; i < 20 && !version.model.empty(); ++i) {
      const Record& record = version.model[rng_.below(version.model.size())];
      ASSERT_EQ(version.view.find(record.id.revision), record.kv);
    }
    const std::int64_t above = version.model.empty() ? now_ + 1 : version.model.back().id.revision.main.value + 1;
    EXPECT_FALSE(version.view.find({Revision(above), 0}));
    EXPECT_FALSE(version.view.find({Revision(above - 1), 1000}));
    const std::size_t from = rng_.below(version.model.size() + 1);
    std::size_t at = from;
    while (at > 0 && at < version.model.size() &&
           version.model[at - 1].id.revision.main == version.model[at].id.revision.main)
      --at;
    const Revision main = at < version.model.size() ? version.model[at].id.revision.main : Revision(above);
    for (TailCursor cursor = version.view.seek(main); cursor.valid(); cursor.next(), ++at) {
      ASSERT_LT(at, version.model.size());
      ASSERT_EQ(cursor.record().id, version.model[at].id);
      ASSERT_EQ(cursor.record().kv, version.model[at].kv);
    }
    ASSERT_EQ(at, version.model.size());
  }

  base::Rng rng_;
  Reclaimer reclaimer_;
  Tail tail_;
  std::int64_t now_ = 1;
  std::int64_t flushed_ = 0;
  std::vector<Record> model_;
  std::vector<Version> versions_;
};

TEST(Tail, EveryVersionStaysAsItWasThroughAppendsAndTrims) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Story story(seed);
    base::Rng rng(seed);
    for (int i = 0; i < 4000; ++i) {
      story.commit();
      if (rng.one_in(30)) story.publish();
      if (rng.one_in(300)) story.trim();
      if (rng.one_in(100)) story.check();
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(Tail, WhatIsFlushedIsGivenBack) {
  Reclaimer reclaimer;
  Tail tail(reclaimer);
  const auto append = [&](std::int64_t main) { tail.append({{Revision(main), 0}, false}, {.key = "k", .value = "v"}); };
  for (std::int64_t main = 2; main < 5000; ++main) append(main);
  tail.trim(Revision(4998));
  EXPECT_FALSE(tail.view().find({Revision(2), 0}));
  EXPECT_TRUE(tail.view().find({Revision(4999), 0}));
  tail.trim(Revision(4999));
  EXPECT_TRUE(tail.view().empty());
  EXPECT_EQ(tail.pending_bytes(), 0u);
  append(5000);
  EXPECT_TRUE(tail.view().find({Revision(5000), 0}));
}

TEST(Tail, OfAnEmptyTailNothingIsFound) {
  EXPECT_FALSE(TailView().find({Revision(2), 0}));
  EXPECT_FALSE(TailView().seek(Revision(0)).valid());
  EXPECT_TRUE(TailView().empty());
}

}  // namespace
}  // namespace etcd::mvcc
