#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/rng.h"
#include "mvcc/index.h"
#include "mvcc/index_records.h"

namespace etcd::mvcc {
namespace {

using ModelHistory = std::vector<ChangeId>;
using Model = std::map<std::string, ModelHistory>;

RevisionPair revision(std::int64_t main, std::int64_t sub = 0) {
  return {Revision(main), sub};
}

bool live_at(const ModelHistory& history, std::int64_t at) {
  bool live = false;
  for (const ChangeId& change : history) {
    if (change.revision.main.value <= at) live = !change.tombstone;
  }
  return live;
}

// Nothing if the key does not exist then.
std::optional<RevisionPair> modified_at(const ModelHistory& history, std::int64_t at) {
  std::optional<RevisionPair> modified;
  for (const ChangeId& change : history) {
    if (change.revision.main.value > at) break;
    modified = change.tombstone ? std::nullopt : std::optional(change.revision);
  }
  return modified;
}

// An index and all that is needed to keep versions of it, as the publisher does.
class Story {
 public:
  explicit Story(std::uint64_t seed) : rng_(seed), index_(reclaimer_) {}
  ~Story() {
    for (Version& version : versions_) Reclaimer::free_all(version.garbage);
  }

  void change() {
    const std::string key = random_key();
    ModelHistory& history = model_[key];
    ++now_;
    if (!history.empty() && !history.back().tombstone && rng_.one_in(3)) {
      index_.tombstone(key, revision(now_));
      history.push_back({revision(now_), true});
      return;
    }
    const auto before = index_.put(key, revision(now_));
    ASSERT_EQ(before ? std::optional(before->modified) : std::nullopt, modified_at(history, now_ - 1));
    history.push_back({revision(now_), false});
  }

  void publish() {
    std::vector<Retired> garbage = reclaimer_.publish();
    if (!versions_.empty()) {
      versions_.back().garbage.insert(versions_.back().garbage.end(), garbage.begin(), garbage.end());
    } else {
      Reclaimer::free_all(garbage);
    }
    versions_.push_back({reclaimer_.building() - 1, index_.view(), model_, now_, compacted_, {}});
    if (versions_.size() > 6) drop(rng_.below(versions_.size() - 1));
  }

  void trim() {
    if (!trim_) {
      if (now_ <= compacted_) return;
      compacted_ += 1 + static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(now_ - compacted_)));
      trim_ = Index::Trim{.at = Revision(compacted_), .cursor = {}, .dropped = {}};
    }
    if (!index_.trim(*trim_, 1 + rng_.below(300))) return;
    compact_model();
    trim_.reset();
  }

  void check() {
    ASSERT_EQ(index_.check(), std::vector<std::string>());
    for (const Version& version : versions_) check_version(version);
  }

 private:
  struct Version {
    std::uint64_t number;
    IndexView view;
    Model model;
    std::int64_t now;
    std::int64_t compacted;
    std::vector<Retired> garbage;
  };

  std::string random_key() {
    std::string key = rng_.one_in(3) ? "/registry/leases/kube-node-lease/" : "/registry/";
    key += std::to_string(rng_.below(1500) * 7919 % 100000);
    if (rng_.one_in(8)) key += std::string(1 + rng_.below(10), '\0');
    return key;
  }

  // What the publisher does with a version that nobody holds.
  void drop(std::size_t at) {
    Version& version = versions_[at];
    for (const Retired& retired : version.garbage) {
      if (at > 0 && retired.born <= versions_[at - 1].number) {
        versions_[at - 1].garbage.push_back(retired);
      } else {
        retired.free(retired.object);
      }
    }
    versions_.erase(versions_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  // The dropped changes must be what the rules say.
  void compact_model() {
    std::set<ChangeId> expected;
    for (auto one = model_.begin(); one != model_.end();) {
      ModelHistory& history = one->second;
      const auto above =
          std::ranges::upper_bound(history, compacted_, {}, [](const ChangeId& c) { return c.revision.main.value; });
      auto keep = above;
      if (above != history.begin()) {
        --keep;
        if (keep->tombstone && keep->revision.main.value < compacted_) ++keep;
      }
      expected.insert(history.begin(), keep);
      history.erase(history.begin(), keep);
      one = history.empty() ? model_.erase(one) : std::next(one);
    }
    ASSERT_EQ(std::set<ChangeId>(trim_->dropped.begin(), trim_->dropped.end()), expected);
    ASSERT_EQ(trim_->dropped.size(), expected.size());
    ASSERT_EQ(index_.key_count(), model_.size());
  }

  void check_version(const Version& version) {
    const auto readable = static_cast<std::uint64_t>(version.now - version.compacted);
    for (const std::int64_t at :
         {version.now, version.compacted + static_cast<std::int64_t>(rng_.below(readable + 1))}) {
      check_range(version, at, random_key(), rng_.one_in(3) ? std::string(1, '\0') : random_key());
      check_key(version, at, random_key());
    }
  }

  static void check_key(const Version& version, std::int64_t at, const std::string& key) {
    const auto found = version.view.find(key, Revision(at));
    const auto model = version.model.find(key);
    const auto expected = model == version.model.end() ? std::nullopt : modified_at(model->second, at);
    ASSERT_EQ(found ? std::optional(found->modified) : std::nullopt, expected);
    const KeyRange single = KeyRange::of(key, {});
    ASSERT_EQ(version.view.count(single, Revision(at)), expected ? 1 : 0);
  }

  static void check_range(const Version& version, std::int64_t at, const std::string& begin, const std::string& end) {
    const KeyRange range = KeyRange::of(begin, end);
    std::vector<std::string> expected;
    for (const auto& [key, history] : version.model) {
      if (range.contains(key) && live_at(history, at)) expected.push_back(key);
    }
    std::vector<std::string> walked;
    for (IndexCursor cursor = version.view.seek(begin); cursor.valid() && range.contains(cursor.history().key());
         cursor.next()) {
      ASSERT_EQ(cursor.live(), cursor.history().state(Revision(version.now)).has_value());
      if (cursor.history().state(Revision(at))) walked.emplace_back(cursor.history().key());
    }
    ASSERT_EQ(walked, expected);
    ASSERT_EQ(version.view.count(range, Revision(at)), static_cast<std::int64_t>(expected.size()));
  }

  base::Rng rng_;
  Reclaimer reclaimer_;
  Index index_;
  Model model_;
  std::int64_t now_ = 1;
  std::int64_t compacted_ = 0;
  std::optional<Index::Trim> trim_;
  std::vector<Version> versions_;
};

TEST(Index, EveryVersionStaysAsItWasThroughChangesAndCompactions) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Story story(seed);
    base::Rng rng(seed);
    for (int i = 0; i < 6000; ++i) {
      story.change();
      if (rng.one_in(40)) story.publish();
      if (rng.one_in(60)) story.trim();
      if (rng.one_in(100)) story.check();
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(Index, ShrinksToNothingWhenEverythingIsDeletedAndCompacted) {
  Reclaimer reclaimer;
  Index index(reclaimer);
  const auto key = [](int i) { return "k" + std::to_string(i * 7919 % 20000); };
  for (int i = 0; i < 20000; ++i) index.put(key(i), revision(i + 2));
  const std::size_t full = index.allocated_bytes();
  for (int i = 0; i < 20000; ++i) index.tombstone(key(i), revision(20002 + i));
  Index::Trim trim{.at = Revision(50000), .cursor = {}, .dropped = {}};
  while (!index.trim(trim, 100)) ASSERT_EQ(index.check(), std::vector<std::string>());
  EXPECT_EQ(trim.dropped.size(), 40000u);
  EXPECT_EQ(index.key_count(), 0u);
  EXPECT_LT(index.allocated_bytes(), full / 1000);
  EXPECT_EQ(index.check(), std::vector<std::string>());
}

TEST(Index, BuildingFromRecordsGivesWhatTheChangesGave) {
  base::Rng rng(5);
  Reclaimer reclaimer;
  Index grown(reclaimer);
  Model model;
  IndexRecords records;
  for (std::int64_t now = 2; now < 12000; ++now) {
    const std::string key =
        (rng.one_in(2) ? "/registry/pods/" : "") + std::to_string(rng.below(3000)) + std::string(rng.below(2), '\0');
    ModelHistory& history = model[key];
    const bool tombstone = !history.empty() && !history.back().tombstone && rng.one_in(3);
    if (tombstone)
      grown.tombstone(key, revision(now));
    else
      grown.put(key, revision(now));
    history.push_back({revision(now), tombstone});
    const auto state = grown.view().find(key, Revision(now));
    records.add(key, history.back(), state ? state->created : Revision(0), state ? state->version : 0);
  }
  Index built(reclaimer);
  EXPECT_TRUE(built.build(records).empty());
  EXPECT_EQ(built.check(), std::vector<std::string>());
  ASSERT_EQ(built.key_count(), grown.key_count());
  IndexCursor a = grown.view().seek({});
  for (IndexCursor b = built.view().seek({}); b.valid(); a.next(), b.next()) {
    ASSERT_TRUE(a.valid());
    ASSERT_EQ(a.history().key(), b.history().key());
    ASSERT_EQ(a.live(), b.live());
    ASSERT_EQ(a.history().size(), b.history().size());
    for (std::uint32_t i = 0; i < a.history().size(); ++i) {
      ASSERT_EQ(a.history()[i].id(), b.history()[i].id());
      if (!a.history()[i].tombstone) {
        ASSERT_EQ(a.history().state_of(i), b.history().state_of(i));
      }
    }
  }
  EXPECT_FALSE(a.valid());
}

TEST(Index, BuildingToleratesWhatCompactionsAndRepairsLeave) {
  Reclaimer reclaimer;
  Index index(reclaimer);
  IndexRecords records;
  records.add("lone", {revision(5), true}, Revision(0), 0);
  records.add("cut", {revision(6), false}, Revision(3), 4);
  records.add("", {revision(7), false}, Revision(0), 0);
  records.add("lone", {revision(8), true}, Revision(0), 0);  // belongs to nothing
  records.add("cut", {revision(9), false}, Revision(3), 5);
  records.add("lone", {revision(10), false}, Revision(10), 1);
  EXPECT_EQ(index.build(records), (std::vector<ChangeId>{{revision(8), true}}));
  EXPECT_EQ(index.check(), std::vector<std::string>());
  EXPECT_FALSE(index.view().find("lone", Revision(5)));
  EXPECT_FALSE(index.view().find("lone", Revision(9)));
  EXPECT_EQ(index.view().find("lone", Revision(10)), (KeyState{revision(10), Revision(10), 1}));
  EXPECT_EQ(index.view().find("cut", Revision(8)), (KeyState{revision(6), Revision(3), 4}));
  EXPECT_EQ(index.view().find("cut", Revision(9)), (KeyState{revision(9), Revision(3), 5}));
  EXPECT_EQ(index.view().find("", Revision(9)), (KeyState{revision(7), Revision(0), 0}));
}

TEST(Index, AKeyTakesItsMillionthRevisionAsItTookItsFirst) {
  Reclaimer reclaimer;
  Index index(reclaimer);
  const std::int64_t revisions = 1'000'000;
  for (std::int64_t i = 0; i < revisions; ++i) index.put("hot", revision(i + 2));
  const auto history = index.view().find("hot");
  ASSERT_EQ(history->size(), static_cast<std::uint32_t>(revisions));
  EXPECT_EQ(history->state(Revision(500'001)), (KeyState{revision(500'001), Revision(2), 500'000}));
  // Room for twice the revisions at most: what appending moves is in proportion to what is there.
  EXPECT_LE(index.allocated_bytes(), 2 * 16 * static_cast<std::size_t>(revisions) + 8192);
}

// The promise to the operator: what a key costs beside its own bytes.
class IndexMemory : public ::testing::TestWithParam<std::size_t> {
 protected:
  static std::string key(std::uint64_t i, std::size_t size) {
    std::string key = std::to_string(base::Rng(i).next());
    key.resize(size, 'x');
    return key;
  }
  static constexpr std::uint64_t kKeys = 100'000;
};

TEST_P(IndexMemory, AKeyPutOnceTakesAtMostAHundredBytesBesideItself) {
  Reclaimer reclaimer;
  Index index(reclaimer);
  for (std::uint64_t i = 0; i < kKeys; ++i) index.put(key(i, GetParam()), revision(static_cast<std::int64_t>(i) + 2));
  ASSERT_EQ(index.key_count(), kKeys);
  EXPECT_LE(index.allocated_bytes(), kKeys * (100 + GetParam()));
}

TEST_P(IndexMemory, SoDoesAKeyThatARestartFinds) {
  Reclaimer reclaimer;
  Index index(reclaimer);
  IndexRecords records;
  for (std::uint64_t i = 0; i < kKeys; ++i) {
    records.add(key(i, GetParam()), {revision(static_cast<std::int64_t>(i) + 2), false}, Revision(2), 9);
  }
  index.build(records);
  ASSERT_EQ(index.key_count(), kKeys);
  EXPECT_LE(index.allocated_bytes(), kKeys * (92 + GetParam()));
}

TEST_P(IndexMemory, KeysPutInOrderFillTheNodes) {
  Reclaimer reclaimer;
  Index index(reclaimer);
  std::vector<std::string> keys;
  for (std::uint64_t i = 0; i < kKeys; ++i) keys.push_back(key(i, GetParam()));
  std::ranges::sort(keys);
  for (std::uint64_t i = 0; i < kKeys; ++i) index.put(keys[i], revision(static_cast<std::int64_t>(i) + 2));
  EXPECT_LE(index.allocated_bytes(), kKeys * (92 + GetParam()));
}

INSTANTIATE_TEST_SUITE_P(KeySizes, IndexMemory, ::testing::Values(24, 31, 70));

}  // namespace
}  // namespace etcd::mvcc
