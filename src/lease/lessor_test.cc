#include "lease/lessor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "base/rng.h"
#include "bolt/schema.h"

namespace etcd::lease {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

struct LessorTest : testing::Test {
  void grant(std::int64_t id, std::int64_t ttl_s, std::int64_t now_ns = 0) {
    ASSERT_TRUE(lessor.grant(LeaseId(id), ttl_s, now_ns, changes));
  }
  std::vector<std::int64_t> expire(std::int64_t now_ns) {
    std::vector<std::int64_t> ids;
    for (const LeaseId id : lessor.expire(now_ns)) ids.push_back(id.value);
    return ids;
  }
  // Feeds all stored records of `changes` to a new lessor.
  Lessor reload() const {
    std::map<std::string, std::string> bucket;
    for (const bolt::Write& write : changes.writes()) {
      EXPECT_EQ(write.bucket, bolt::schema::kLease);
      if (write.value) {
        bucket[write.key] = write.value->view();
      } else {
        bucket.erase(write.key);
      }
    }
    Lessor loaded(options);
    for (const auto& [key, value] : bucket) EXPECT_TRUE(loaded.load(key, value));
    return loaded;
  }

  LessorOptions options{.min_ttl_s = 2, .retry_ns = 3 * kSecond};
  Lessor lessor{options};
  bolt::WriteBatch changes;
};

TEST_F(LessorTest, AGrantIsStoredAsGoStoresIt) {
  grant(-2, 60);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes.writes()[0].key, std::string("\xff\xff\xff\xff\xff\xff\xff\xfe"));
  EXPECT_EQ(changes.writes()[0].value->view(), std::string("\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\x3c"));
}

TEST_F(LessorTest, AGrantIsRefusedForUsedIdsIdZeroAndHugeTtls) {
  grant(1, 10);
  EXPECT_EQ(lessor.grant(LeaseId(1), 10, 0, changes).error().code, Errc::kLeaseExists);
  EXPECT_EQ(lessor.grant(LeaseId(0), 10, 0, changes).error().code, Errc::kLeaseNotFound);
  EXPECT_EQ(lessor.grant(LeaseId(2), kMaxTtlSeconds + 1, 0, changes).error().code, Errc::kLeaseTtlTooLarge);
  EXPECT_EQ(lessor.grant(LeaseId(1), kMaxTtlSeconds + 1, 0, changes).error().code, Errc::kLeaseTtlTooLarge);
  EXPECT_EQ(changes.size(), 1u);
}

TEST_F(LessorTest, ShortTtlsAreRaisedToTheMinimum) {
  EXPECT_EQ(lessor.grant(LeaseId(1), -5, 0, changes).value(), 2);
  EXPECT_EQ(lessor.grant(LeaseId(2), 3, 0, changes).value(), 3);
}

TEST_F(LessorTest, TheWholeRangeOfIdsSurvivesARestart) {
  for (const std::int64_t id : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1}, std::int64_t{1}, kForever})
    grant(id, 5);
  grant(77, 5);
  ASSERT_TRUE(lessor.revoke(LeaseId(77), changes));
  const Lessor loaded = reload();
  EXPECT_EQ(loaded.size(), 4u);
  EXPECT_TRUE(loaded.exists(LeaseId(-1)));
  EXPECT_FALSE(loaded.exists(LeaseId(77)));
}

TEST_F(LessorTest, DamagedRecordsAreCorrupt) {
  const std::string one("\0\0\0\0\0\0\0\x01", 8);
  for (const auto& [key, value] :
       std::map<std::string, std::string>{{"short", "\x08\x01"}, {one, "\x08\x02\x10\x05"}, {one + "x", "\x08\x01"}}) {
    EXPECT_EQ(lessor.load(key, value).error().code, Errc::kCorrupt);
  }
  EXPECT_EQ(lessor.load(one, "\x08").error().code, Errc::kCorrupt);
  EXPECT_EQ(lessor.load(std::string(8, '\0'), "").error().code, Errc::kCorrupt);
  EXPECT_TRUE(lessor.load(one, "\x08\x01\x10\x05"));
}

TEST_F(LessorTest, AKeyIsOnOneLeaseAtMost) {
  grant(1, 10);
  grant(2, 10);
  EXPECT_TRUE(lessor.attach("k", LeaseId(1)));
  EXPECT_TRUE(lessor.attach("k", LeaseId(2)));
  EXPECT_TRUE(lessor.keys_of(LeaseId(1)).empty());
  EXPECT_EQ(lessor.lease_of("k"), LeaseId(2));
  EXPECT_FALSE(lessor.attach("k", LeaseId(9)));
  EXPECT_EQ(lessor.lease_of("k"), LeaseId(0));
  EXPECT_FALSE(lessor.has_keys());
}

TEST_F(LessorTest, KeysComeSorted) {
  grant(1, 10);
  for (const char* key : {"b", "c", "a", "d"}) lessor.attach(key, LeaseId(1));
  lessor.detach("c");
  EXPECT_EQ(lessor.keys_of(LeaseId(1)), (std::vector<std::string_view>{"a", "b", "d"}));
}

TEST_F(LessorTest, OnlyThePrimaryLetsLeasesExpire) {
  grant(1, 10);
  EXPECT_TRUE(expire(kForever).empty());
  EXPECT_EQ(lessor.renew(LeaseId(1), 0), Renewal::kNotPrimary);
  EXPECT_EQ(lessor.find(LeaseId(1), 0)->left_ns, kForever);
  lessor.promote({.term = Term(1), .extend_ns = kSecond, .now_ns = 100 * kSecond});
  EXPECT_EQ(lessor.find(LeaseId(1), 100 * kSecond)->left_ns, 11 * kSecond);
  EXPECT_TRUE(expire(111 * kSecond - 1).empty());
  EXPECT_EQ(expire(111 * kSecond), (std::vector<std::int64_t>{1}));
  lessor.demote();
  EXPECT_TRUE(expire(kForever).empty());
  EXPECT_EQ(lessor.next_due_ns(), kForever);
}

TEST_F(LessorTest, AnExpiredLeaseIsReportedAgainUntilItIsRevoked) {
  lessor.promote({.term = Term(1)});
  grant(1, 10);
  EXPECT_EQ(lessor.next_due_ns(), 10 * kSecond);
  EXPECT_EQ(expire(10 * kSecond), (std::vector<std::int64_t>{1}));
  EXPECT_TRUE(expire(12 * kSecond).empty());
  EXPECT_EQ(expire(13 * kSecond), (std::vector<std::int64_t>{1}));
  ASSERT_TRUE(lessor.revoke(LeaseId(1), changes));
  EXPECT_TRUE(expire(kForever).empty());
}

TEST_F(LessorTest, ARenewalPostponesTheExpiryButNeverRevivesAnExpiredLease) {
  lessor.promote({.term = Term(1)});
  grant(1, 10);
  EXPECT_EQ(lessor.renew(LeaseId(1), 9 * kSecond), Renewal::kRenewed);
  EXPECT_TRUE(expire(18 * kSecond).empty());
  EXPECT_EQ(expire(19 * kSecond), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(lessor.renew(LeaseId(1), 19 * kSecond), Renewal::kExpired);
  EXPECT_EQ(lessor.renew(LeaseId(2), 0), Renewal::kNotFound);
}

TEST_F(LessorTest, ManyThatExpireAtOnceComeInPortionsAsEarlierOnesAreRevoked) {
  options.max_expiring = 100;
  lessor = Lessor(options);
  lessor.promote({.term = Term(1)});
  for (int id = 1; id <= 1000; ++id) grant(id, 10);
  std::set<std::int64_t> seen;
  for (int i = 0; i < 10; ++i) {
    const std::vector<std::int64_t> portion = expire(10 * kSecond);
    EXPECT_EQ(portion.size(), 100u);
    EXPECT_EQ(lessor.expiring(), 100u);
    EXPECT_TRUE(expire(10 * kSecond).empty());
    EXPECT_EQ(lessor.next_due_ns(), 13 * kSecond);
    for (const std::int64_t id : portion) {
      EXPECT_TRUE(seen.insert(id).second);
      ASSERT_TRUE(lessor.revoke(LeaseId(id), changes));
    }
  }
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_EQ(lessor.expiring(), 0u);
  EXPECT_TRUE(expire(kForever).empty());
}

TEST_F(LessorTest, AFullPortionIsReportedAgainWhileItIsStuck) {
  options.max_expiring = 2;
  lessor = Lessor(options);
  lessor.promote({.term = Term(1)});
  for (int id = 1; id <= 5; ++id) grant(id, 10);
  const std::vector<std::int64_t> portion = expire(10 * kSecond);
  EXPECT_EQ(portion.size(), 2u);
  EXPECT_EQ(expire(13 * kSecond), portion);
  lessor.promote({.term = Term(2), .now_ns = 20 * kSecond});
  EXPECT_EQ(lessor.expiring(), 0u);
  EXPECT_TRUE(expire(29 * kSecond).empty());
  EXPECT_EQ(expire(30 * kSecond).size(), 2u);
}

TEST_F(LessorTest, CountsWhatHappensToLeases) {
  base::Metrics metrics;
  options.metrics = {.granted = metrics.counter("granted", ""),
                     .revoked = metrics.counter("revoked", ""),
                     .expired = metrics.counter("expired", ""),
                     .renewed = metrics.counter("renewed", ""),
                     .ttl_s = metrics.histogram("ttl", "", {4, 64})};
  lessor = Lessor(options);
  lessor.promote({.term = Term(1)});
  for (int id = 1; id <= 3; ++id) grant(id, id == 3 ? 60 : 1);
  EXPECT_EQ(lessor.renew(LeaseId(3), 1), Renewal::kRenewed);
  EXPECT_EQ(lessor.renew(LeaseId(9), 1), Renewal::kNotFound);
  EXPECT_EQ(expire(2 * kSecond).size(), 2u);
  EXPECT_EQ(expire(5 * kSecond).size(), 2u);
  for (int id = 1; id <= 3; ++id) ASSERT_TRUE(lessor.revoke(LeaseId(id), changes));
  const std::string text = metrics.text();
  for (const char* line : {"\ngranted 3\n", "\nrevoked 3\n", "\nexpired 2\n", "\nrenewed 1\n", "ttl_bucket{le=\"4\"} 2\n", "ttl_sum 64\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST_F(LessorTest, TheLongestTtlDoesNotOverflow) {
  lessor.promote({.term = Term(1), .extend_ns = kForever, .now_ns = kForever - 5});
  grant(1, kMaxTtlSeconds, kForever - 5);
  EXPECT_EQ(lessor.renew(LeaseId(1), kForever - 4), Renewal::kRenewed);
  EXPECT_TRUE(expire(kForever - 1).empty());
}

TEST_F(LessorTest, ACheckpointedRemainderCountsAfterAChangeOfPrimary) {
  options.checkpoints = true;
  lessor = Lessor(options);
  lessor.promote({.term = Term(1)});
  grant(1, 1000);
  EXPECT_TRUE(lessor.due_checkpoints(299 * kSecond, 10).empty());
  const auto due = lessor.due_checkpoints(300 * kSecond, 10);
  ASSERT_EQ(due, (std::vector<Checkpoint>{{.id = LeaseId(1), .remaining_ttl_s = 700}}));
  lessor.checkpoint(due[0], {.persist = true, .now_ns = 300 * kSecond}, changes);
  EXPECT_EQ(lessor.due_checkpoints(600 * kSecond, 10).at(0).remaining_ttl_s, 400);

  Lessor next = reload();
  next.promote({.term = Term(1)});
  EXPECT_EQ(next.find(LeaseId(1), 0)->left_ns, 700 * kSecond);
  EXPECT_EQ(next.find(LeaseId(1), 0)->ttl_s, 1000);
  EXPECT_TRUE(next.renewal_needs_checkpoint(LeaseId(1)));
  next.checkpoint({.id = LeaseId(1), .remaining_ttl_s = 0}, {.persist = true, .now_ns = 0}, changes);
  EXPECT_FALSE(next.renewal_needs_checkpoint(LeaseId(1)));
  EXPECT_EQ(next.renew(LeaseId(1), 0), Renewal::kRenewed);
  EXPECT_EQ(next.find(LeaseId(1), 0)->left_ns, 1000 * kSecond);
}

// The remainder would be applied after the renewal, and the next primary would end the lease too early.
TEST_F(LessorTest, ARenewalAlsoClearsACheckpointThatIsStillOnItsWay) {
  options.checkpoints = true;
  lessor = Lessor(options);
  lessor.promote({.term = Term(1)});
  grant(1, 1000);
  EXPECT_FALSE(lessor.renewal_needs_checkpoint(LeaseId(1)));
  const Checkpoint on_its_way = lessor.due_checkpoints(300 * kSecond, 10).at(0);
  EXPECT_TRUE(lessor.renewal_needs_checkpoint(LeaseId(1)));
  lessor.checkpoint(on_its_way, {.persist = true, .now_ns = 300 * kSecond}, changes);
  EXPECT_TRUE(lessor.renewal_needs_checkpoint(LeaseId(1)));
  lessor.checkpoint({.id = LeaseId(1), .remaining_ttl_s = 0}, {.persist = true, .now_ns = 300 * kSecond}, changes);
  EXPECT_FALSE(lessor.renewal_needs_checkpoint(LeaseId(1)));

  // One that never reaches the log holds up one renewal, not all. And there is one, however often the lease was checkpointed meanwhile.
  EXPECT_EQ(lessor.due_checkpoints(600 * kSecond, 10).size(), 1u);
  lessor.checkpoint({.id = LeaseId(1), .remaining_ttl_s = 0}, {.persist = true, .now_ns = 600 * kSecond}, changes);
  EXPECT_FALSE(lessor.renewal_needs_checkpoint(LeaseId(1)));
}

TEST_F(LessorTest, NoRemainderIsHandedOutBehindOneThatClearsIt) {
  options.checkpoints = true;
  lessor = Lessor(options);
  lessor.promote({.term = Term(1)});
  grant(1, 1000);
  lessor.checkpoint(lessor.due_checkpoints(300 * kSecond, 10).at(0), {.persist = true, .now_ns = 300 * kSecond}, changes);
  lessor.begin_clearing(LeaseId(1));
  EXPECT_TRUE(lessor.due_checkpoints(600 * kSecond, 10).empty());
  lessor.checkpoint({.id = LeaseId(1), .remaining_ttl_s = 0}, {.persist = true, .now_ns = 600 * kSecond}, changes);
  EXPECT_FALSE(lessor.renewal_needs_checkpoint(LeaseId(1)));
  EXPECT_EQ(lessor.due_checkpoints(900 * kSecond, 10).size(), 1u);
}

TEST_F(LessorTest, ACheckpointThatIsNotPersistedIsGoneAfterARestart) {
  grant(1, 1000);
  lessor.checkpoint({.id = LeaseId(1), .remaining_ttl_s = 7}, {.persist = false, .now_ns = 0}, changes);
  EXPECT_EQ(lessor.find(LeaseId(1), 0)->remaining_ttl_s, 7);
  EXPECT_EQ(reload().find(LeaseId(1), 0)->remaining_ttl_s, 0);
}

TEST_F(LessorTest, ListIsOrderedByTimeLeft) {
  lessor.promote({.term = Term(1)});
  grant(1, 30);
  grant(2, 10);
  grant(3, 20);
  std::vector<std::int64_t> ids;
  for (const LeaseInfo& info : lessor.list(0)) ids.push_back(info.id.value);
  EXPECT_EQ(ids, (std::vector<std::int64_t>{2, 3, 1}));
}

// A lessor as one would write it without thought for speed.
struct Model {
  struct Lease {
    std::int64_t ttl_s;
    std::int64_t expiry_ns;
    std::int64_t reported_ns;
  };
  std::map<std::int64_t, Lease> leases;
  std::map<std::string, std::int64_t> keys;

  std::vector<std::int64_t> expired(std::int64_t now_ns, std::int64_t retry_ns) {
    std::vector<std::int64_t> ids;
    for (auto& [id, lease] : leases) {
      if (lease.expiry_ns > now_ns || lease.reported_ns + retry_ns > now_ns) continue;
      lease.reported_ns = now_ns;
      ids.push_back(id);
    }
    return ids;
  }
};

TEST_F(LessorTest, AgreesWithANaiveModel) {
  constexpr std::int64_t kLongAgo = -1'000 * kSecond;
  base::Rng rng(11);
  Model model;
  std::int64_t now = 0;
  lessor.promote({.term = Term(1), .now_ns = now});
  for (int step = 0; step < 50'000; ++step) {
    now += static_cast<std::int64_t>(rng.below(kSecond));
    const auto id = static_cast<std::int64_t>(rng.below(20)) - 10;
    const std::string key = "k" + std::to_string(rng.below(40));
    switch (rng.below(6)) {
      case 0: {
        const std::int64_t ttl = 2 + static_cast<std::int64_t>(rng.below(20));
        const bool granted = lessor.grant(LeaseId(id), ttl, now, changes).has_value();
        ASSERT_EQ(granted, id != 0 && model.leases.count(id) == 0);
        if (granted) model.leases[id] = {ttl, now + ttl * kSecond, kLongAgo};
        break;
      }
      case 1: {
        for (const std::string_view attached : lessor.keys_of(LeaseId(id))) model.keys.erase(std::string(attached));
        std::vector<std::string> copies;
        for (const std::string_view attached : lessor.keys_of(LeaseId(id))) copies.emplace_back(attached);
        for (const std::string& copy : copies) lessor.detach(copy);
        ASSERT_EQ(lessor.revoke(LeaseId(id), changes).has_value(), model.leases.erase(id) == 1);
        break;
      }
      case 2:
      case 3: {
        ASSERT_EQ(lessor.attach(key, LeaseId(id)), id == 0 || model.leases.count(id) == 1);
        model.keys.erase(key);
        if (model.leases.count(id) == 1) model.keys[key] = id;
        break;
      }
      case 4: {
        const bool alive = model.leases.count(id) == 1 && model.leases[id].expiry_ns > now;
        ASSERT_EQ(lessor.renew(LeaseId(id), now) == Renewal::kRenewed, alive);
        if (alive) model.leases[id].expiry_ns = now + model.leases[id].ttl_s * kSecond;
        break;
      }
      default: {
        std::vector<std::int64_t> ids = expire(now);
        std::sort(ids.begin(), ids.end());
        ASSERT_EQ(ids, model.expired(now, options.retry_ns));
      }
    }
    ASSERT_EQ(lessor.size(), model.leases.size());
    ASSERT_EQ(lessor.has_keys(), !model.keys.empty());
    const auto owner = model.keys.find(key);
    ASSERT_EQ(lessor.lease_of(key).value, owner == model.keys.end() ? 0 : owner->second);
    if (step % 1000 == 0) changes = {};
  }
}

}  // namespace
}  // namespace etcd::lease
