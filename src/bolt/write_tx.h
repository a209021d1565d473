// WriteTx: the changes of one transaction, in memory until commit(). Bucket: one bucket in it.
//
// Only the pages on the way to a change are brought into memory; memory is in proportion to them and to the bytes
// put. Sorted changes are the cheap ones: they find their leaf where the one before them was.
// Owner: the thread that began it. A Bucket* lives as long as its WriteTx (or until its bucket is deleted).
// Keys are 1..kMaxKeyBytes bytes, values 0..kMaxValueBytes. Bytes given are copied; bytes returned are valid until
// the next change.
// Errors: kInvalid (size of key or value; a bucket where a value is meant or the other way round), kCorrupt; after
// kCorrupt only rollback() is left.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "bolt/cursor.h"

namespace etcd::bolt {

class Db;
struct CommitTimer;
struct WriteTxState;
struct BucketState;

class Bucket {
 public:
  Status put(std::string_view key, std::string_view value);
  // True if the key was there.
  Result<bool> erase(std::string_view key);
  Result<std::optional<std::string_view>> get(std::string_view key) const;
  // Walks the bucket as it is now, this transaction's changes included. The value of an open sub-bucket is its old
  // header.
  Cursor cursor() const;

  // Buckets in this bucket. bucket() answers nullptr if there is none of that name.
  Result<Bucket*> bucket(std::string_view name);
  Result<Bucket*> create_bucket_if_missing(std::string_view name);
  // The bucket with all that is in it; false if there was none. Pointers to it and into it die.
  Result<bool> delete_bucket(std::string_view name);

  std::uint64_t sequence() const;
  void set_sequence(std::uint64_t sequence);
  // How full a page is left when it is split, 0.1 to 1.0 of it; 0.5 unless set, and again so in each transaction.
  // Near 1 for keys that are only appended.
  void set_fill(double fill);

 private:
  friend struct BucketState;
  explicit Bucket(BucketState& state) : state_(state) {}
  BucketState& state_;
};

class WriteTx {
 public:
  WriteTx(WriteTx&&) noexcept;
  WriteTx& operator=(WriteTx&&) = delete;
  // Rolls back unless committed.
  ~WriteTx();

  // Buckets at top level, as in Bucket.
  Result<Bucket*> bucket(std::string_view name) { return root().bucket(name); }
  Result<Bucket*> create_bucket_if_missing(std::string_view name) { return root().create_bucket_if_missing(name); }
  Result<bool> delete_bucket(std::string_view name) { return root().delete_bucket(name); }
  // The bucket that holds the top-level buckets; put() on it is refused.
  Bucket& root();
  std::uint64_t txid() const;

  // Makes the changes durable and visible to begin_read(); blocks for two syncs. The transaction is over either way.
  // Errors: kNoSpace when the file can't grow, with the Db as before and usable; after any other error the caller
  // must stop the process. `timer`, if there is one, learns how long it took.
  Status commit(CommitTimer* timer = nullptr);
  void rollback();

 private:
  friend class Db;
  explicit WriteTx(std::unique_ptr<WriteTxState> state);
  std::unique_ptr<WriteTxState> state_;
};

}  // namespace etcd::bolt
