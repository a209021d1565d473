// ReadTx: one committed version of the db, held still. BucketView: one bucket of it.
//
// A ReadTx is a shared handle: copying it is an atomic increment, and the version stays readable until the last copy
// goes. While it lives, no page that it can see is written again, so a ReadTx held for long makes the file grow by
// what is overwritten meanwhile. It also keeps file and mapping open: it may outlive its Db.
// Threads: any; reading takes no lock and changes nothing.
// Lifetimes: every string_view, BucketView and Cursor is valid as long as a copy of the ReadTx lives.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "bolt/cursor.h"
#include "bolt/page.h"

namespace etcd::bolt {

class Version;

class BucketView {
 public:
  BucketView(const Pages& pages, TreeRoot root, std::uint64_t sequence)
      : pages_(&pages), root_(root), sequence_(sequence) {}
  // From a bucket element's value; nothing if it is not a bucket header with, if inline, a leaf page behind it.
  static std::optional<BucketView> parse(const Pages& pages, std::string_view value);

  // The key's value; nothing if there is no such key, or if it names a bucket. Errors: kCorrupt.
  Result<std::optional<std::string_view>> get(std::string_view key) const;
  // The bucket of that name in this one; nothing if there is none. Errors: kCorrupt.
  Result<std::optional<BucketView>> bucket(std::string_view name) const;
  Cursor cursor() const { return Cursor(*pages_, root_); }
  std::uint64_t sequence() const { return sequence_; }
  const TreeRoot& root() const { return root_; }

 private:
  const Pages* pages_;
  TreeRoot root_;
  std::uint64_t sequence_;
};

class ReadTx {
 public:
  explicit ReadTx(std::shared_ptr<const Version> version) : version_(std::move(version)) {}

  // The bucket at top level; nothing if there is none. Errors: kCorrupt. Worth keeping for many reads: finding it
  // costs a search.
  Result<std::optional<BucketView>> bucket(std::string_view name) const { return root().bucket(name); }
  // The bucket that holds the top-level buckets.
  BucketView root() const;
  std::uint64_t txid() const;
  // The size of the db as this version has it: what SnapshotReader streams.
  std::uint64_t size_bytes() const;
  const Version& version() const { return *version_; }

 private:
  std::shared_ptr<const Version> version_;
};

}  // namespace etcd::bolt
