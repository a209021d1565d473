// HashKV and Maintenance.Hash, in bounded steps: members compare them to find out whether they hold the same data.
//
// Owner: whoever made it; made for a background thread, but any will do. Needs no memory to speak of.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "bolt/read_tx.h"
#include "mvcc/changes.h"
#include "mvcc/read_view.h"

namespace etcd::mvcc {

struct HashKv {
  std::uint32_t hash = 0;
  // The other of the two hashes below that the same records have: a compaction's if `hash` is not one. Equal to it, but where no key exists at `revision`.
  std::uint32_t other_hash = 0;
  Revision revision;          // hashed up to here
  Revision compact_revision;  // -1 before any compaction
  Revision current_revision;
};

// CRC-32C over "key" and then, in order of revision, the raw key and value of each record of the key bucket up to `revision`; of those up to
// the compact revision only what is the newest of its key at `revision` (if no key exists at `revision`: what the compaction keeps), and no
// deletion at the compact revision. Equal to etcd's, and the same before, during and after the removal of compacted records.
//
// etcd also makes one of each compaction, on its way through the db, and from then on gives that for the compaction's revision: like the above, but
// with the compact revision before it as the lower one, and where no key exists at `revision`, nothing up to the lower one counts. So of one revision and
// one compact revision there may be two hashes, of members that hold the same: who compares them has to know both.
class KeySpaceHash {
 public:
  // `revision` 0: the view's. Keeps the view. Errors: kCompacted, kFutureRevision.
  static Result<KeySpaceHash> begin(ReadViewRef view, Revision revision);
  // The hash of the compaction at `revision`, `previous` being the compact revision before it, -1 for none. The view is of a time when the compaction
  // may have been asked for, but has removed nothing.
  static KeySpaceHash of_compaction(ReadViewRef view, Revision revision, Revision previous);

  // Looks at up to `max_records` more records; true once all are done. Errors: kCorrupt.
  Result<bool> step(std::size_t max_records);
  // After step() returned true.
  HashKv result() const;

 private:
  enum class Kind : std::uint8_t { kKeySpace, kCompaction };
  KeySpaceHash(ReadViewRef view, Kind kind, Revision revision, Revision lower);
  bool step_search(std::size_t max_keys);
  // Of a record up to the lower compact revision.
  Result<bool> is_kept(const Change& change) const;

  ReadViewRef view_;
  Kind kind_;
  Revision revision_;
  Revision lower_;  // the compact revision that counts
  // First it is found out whether any key exists at revision_: the records up to lower_ count as of that revision then. Else they count as of lower_ for
  // the hash of the key space, and not at all for that of a compaction.
  std::optional<IndexCursor> search_;
  bool key_exists_ = false;
  ChangesCursor changes_;
  std::uint32_t crc_;
  std::uint32_t compaction_crc_;  // only if no key exists
};

// CRC-32C over every bucket: its name, then each key and value, without those that may differ between members that agree (consistent_index, term,
// storageVersion in "meta"). Revisions not yet flushed are not in it: flush first.
class BucketsHash {
 public:
  explicit BucketsHash(bolt::ReadTx db);

  Result<bool> step(std::size_t max_records);
  std::uint32_t result() const { return crc_; }

 private:
  Status enter_bucket();
  void feed(std::string_view key, std::string_view value);

  bolt::ReadTx db_;
  bolt::Cursor buckets_;
  std::optional<bolt::Cursor> records_;  // of the bucket that buckets_ is at
  bool in_meta_ = false;
  std::uint32_t crc_ = 0;
};

}  // namespace etcd::mvcc
