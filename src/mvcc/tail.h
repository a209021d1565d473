// Tail: the changes that are not yet in the db, in order of revision, with their encoded KeyValues. TailView: what one
// version sees of it.
//
// A list of segments that are only ever appended to: a version knows the first segment it needs, the last one and how
// long that was. Once a flush has carried the front to the db, it is trimmed by whole segments.
//
// Owner: the apply stage. A TailView may be read from any thread as long as its version is not reclaimed; it never
// changes and takes no lock.
// Invariants: revisions ascend without a gap in `main`; a segment in a view is not empty.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "mvcc/key_value.h"
#include "mvcc/reclaimer.h"
#include "mvcc/revision_key.h"

namespace etcd::mvcc {

struct TailRecord {
  ChangeId id;
  std::string_view kv;  // lies in the segment
};

class TailSegment;
struct TailDirectory;

// Walks records in order. Valid as long as the version of the TailView it came from.
class TailCursor {
 public:
  TailCursor() = default;
  bool valid() const { return record_ != end_; }
  const TailRecord& record() const { return *record_; }
  void next();

 private:
  friend class TailView;
  const TailDirectory* directory_ = nullptr;
  std::uint32_t segment_ = 0;  // the one that record_ is in
  std::uint32_t last_segment_ = 0;
  std::uint32_t last_length_ = 0;
  const TailRecord* record_ = nullptr;
  const TailRecord* end_ = nullptr;
};

class TailView {
 public:
  TailView() = default;

  // The encoded KeyValue of a revision; nothing if it is not in the tail.
  std::optional<std::string_view> find(RevisionPair revision) const;
  // At the first record with revision.main >= `from`.
  TailCursor seek(Revision from) const;
  bool empty() const { return begin_ == end_; }

 private:
  friend class Tail;
  struct Place {
    std::uint32_t segment;
    std::uint32_t record;  // may be the segment's length
  };
  std::uint32_t length(std::uint32_t segment) const;
  // Of the first record not below `revision`. The tail must not be empty.
  Place place_of(RevisionPair revision) const;

  const TailDirectory* directory_ = nullptr;
  std::uint32_t begin_ = 0;  // segments [begin_, end_)
  std::uint32_t end_ = 0;
  std::uint32_t last_length_ = 0;
};

class Tail {
 public:
  // `reclaimer` must outlive the tail.
  explicit Tail(Reclaimer& reclaimer) : reclaimer_(reclaimer) {}
  ~Tail();
  Tail(const Tail&) = delete;
  Tail& operator=(const Tail&) = delete;

  // `id` must be above all before it. Encodes the KeyValue into the tail's own memory; the bytes stay while a view sees
  // them.
  std::string_view append(const ChangeId& id, const KeyValue& kv);
  // Changes up to `flushed` are in the db: drops the segments that have nothing above it.
  void trim(Revision flushed);
  // Hands everything to the reclaimer. For replacing a tail that readers still look at.
  void retire_all();

  TailView view() const { return view_; }
  // Bytes of the records above the revision last trimmed at, their KeyValues included: what a flush has to carry.
  std::size_t pending_bytes() const { return pending_bytes_; }

 private:
  TailSegment& segment_for(const ChangeId& id);
  void add_segment(const ChangeId& first);
  void move_directory();

  Reclaimer& reclaimer_;
  TailView view_;
  TailDirectory* directory_ = nullptr;
  std::size_t pending_bytes_ = 0;
  Revision trimmed_{0};
};

}  // namespace etcd::mvcc
