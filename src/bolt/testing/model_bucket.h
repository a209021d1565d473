// ModelBucket: what a bucket should hold, in ordinary maps; with random changes to both and a comparison.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>

#include "base/rng.h"
#include "bolt/check.h"
#include "bolt/db.h"
#include "bolt/read_tx.h"
#include "bolt/write_tx.h"

namespace etcd::bolt {

struct ModelBucket {
  std::map<std::string, std::string> values;
  std::map<std::string, ModelBucket> buckets;
  std::uint64_t sequence = 0;
};

// What the seeds of random tests start from: 0, or with --gtest_random_seed=N a number that N decides.
inline std::uint64_t first_seed() {
  return static_cast<std::uint64_t>(GTEST_FLAG_GET(random_seed)) * 1000;
}

inline std::string random_bytes(base::Rng& rng, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>('a' + rng.below(26));
  return bytes;
}

// Few enough that the same key comes again; mostly short, sometimes larger than a page.
inline std::string random_key(base::Rng& rng) {
  std::string key = "k" + std::to_string(rng.below(3000));
  if (rng.one_in(200)) key.resize(300 + rng.below(3000), 'x');
  return key;
}

inline std::string random_value(base::Rng& rng) {
  if (rng.one_in(300)) return random_bytes(rng, rng.below(20000));
  if (rng.one_in(10)) return random_bytes(rng, rng.below(1500));
  return random_bytes(rng, rng.below(60));
}

inline std::string bucket_name(base::Rng& rng) {
  return "b" + std::to_string(rng.below(4));
}

// Erases a stretch of neighbours: what empties pages.
inline void erase_stretch(base::Rng& rng, Bucket& bucket, ModelBucket& model) {
  auto at = model.values.lower_bound(random_key(rng));
  for (std::uint64_t left = rng.below(200); left > 0 && at != model.values.end(); --left) {
    ASSERT_TRUE(bucket.erase(at->first).value());
    at = model.values.erase(at);
  }
}

inline void change_bucket_at_random(base::Rng& rng, Bucket& bucket, ModelBucket& model, int depth) {
  const std::uint64_t choice = rng.below(100);
  if (choice < 8 && depth < 3) {
    const std::string name = bucket_name(rng);
    Bucket* sub_bucket = bucket.create_bucket_if_missing(name).value();
    change_bucket_at_random(rng, *sub_bucket, model.buckets[name], depth + 1);
  } else if (choice < 60) {
    const std::string key = random_key(rng);
    const std::string value = random_value(rng);
    ASSERT_TRUE(bucket.put(key, value));
    model.values[key] = value;
  } else if (choice < 90) {
    const std::string key = random_key(rng);
    EXPECT_EQ(bucket.erase(key).value(), model.values.erase(key) > 0);
  } else if (choice < 96) {
    erase_stretch(rng, bucket, model);
  } else if (choice < 97 && depth < 3) {
    const std::string name = bucket_name(rng);
    EXPECT_EQ(bucket.delete_bucket(name).value(), model.buckets.erase(name) > 0);
  } else {
    model.sequence = rng.next();
    bucket.set_sequence(model.sequence);
  }
}

// One change somewhere below the root bucket, which holds buckets only.
inline void change_at_random(base::Rng& rng, WriteTx& tx, ModelBucket& root) {
  const std::string name = bucket_name(rng);
  if (rng.one_in(4000)) {
    EXPECT_EQ(tx.delete_bucket(name).value(), root.buckets.erase(name) > 0);
    return;
  }
  Bucket* bucket = tx.create_bucket_if_missing(name).value();
  bucket->set_fill(name == "b0" ? 0.9 : 0.5);
  change_bucket_at_random(rng, *bucket, root.buckets[name], 1);
}

// The elements under a cursor against the model's values and bucket names, in the order of both.
inline void expect_elements(Cursor cursor, const ModelBucket& model) {
  auto value = model.values.begin();
  auto bucket = model.buckets.begin();
  for (cursor.first(); cursor.valid(); cursor.next()) {
    if (cursor.is_bucket()) {
      ASSERT_NE(bucket, model.buckets.end());
      ASSERT_EQ(cursor.key(), bucket->first);
      ++bucket;
    } else {
      ASSERT_NE(value, model.values.end());
      ASSERT_EQ(cursor.key(), value->first);
      ASSERT_EQ(cursor.value(), value->second);
      ++value;
    }
  }
  EXPECT_TRUE(cursor.status());
  EXPECT_EQ(value, model.values.end());
  EXPECT_EQ(bucket, model.buckets.end());
}

inline void expect_equal(const BucketView& view, const ModelBucket& model) {
  EXPECT_EQ(view.sequence(), model.sequence);
  expect_elements(view.cursor(), model);
  for (const auto& [key, value] : model.values) ASSERT_EQ(view.get(key).value(), value);
  for (const auto& [name, bucket] : model.buckets) {
    const auto found = view.bucket(name).value();
    ASSERT_TRUE(found);
    expect_equal(*found, bucket);
  }
}

// The same inside a transaction.
inline void expect_equal(Bucket& view, const ModelBucket& model) {
  EXPECT_EQ(view.sequence(), model.sequence);
  expect_elements(view.cursor(), model);
  for (const auto& [key, value] : model.values) ASSERT_EQ(view.get(key).value(), value);
  for (const auto& [name, bucket] : model.buckets) {
    Bucket* found = view.bucket(name).value();
    ASSERT_NE(found, nullptr);
    expect_equal(*found, bucket);
  }
}

// Nothing is wrong with the newest version, and the writer knows which of its pages are free.
inline void expect_sound(Db& db) {
  const CheckReport report = check(db.begin_read());
  EXPECT_TRUE(report.faults.empty()) << report.faults.front();
  EXPECT_TRUE(report.untidy.empty()) << report.untidy.front();
  const auto faults = db.verify_pages();
  ASSERT_TRUE(faults) << faults.error().detail;
  EXPECT_TRUE(faults->empty()) << faults->front();
}

}  // namespace etcd::bolt
