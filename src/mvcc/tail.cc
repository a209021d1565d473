#include "mvcc/tail.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"

namespace etcd::mvcc {
namespace {

constexpr std::uint32_t kSegmentRecords = 512;
constexpr std::size_t kSegmentBytes = 1 << 20;  // a segment with that much in it gets no further record
constexpr std::size_t kBlockBytes = 32 << 10;
constexpr std::uint32_t kDirectoryEntries = 32;

std::size_t weight(const TailRecord& record) {
  return sizeof(TailRecord) + record.kv.size();
}

}  // namespace

// Records and the memory that their KeyValues lie in. Slots and blocks beyond what a view knows of are the writer's
// alone.
class TailSegment {
 public:
  explicit TailSegment(std::uint64_t born) : born_(born) {}
  static void free(void* segment) { delete static_cast<TailSegment*>(segment); }

  bool full() const { return length_ == kSegmentRecords || bytes_ >= kSegmentBytes; }
  std::uint64_t born() const { return born_; }
  std::uint32_t length() const { return length_; }
  const TailRecord* records() const { return records_.data(); }

  const TailRecord& append(const ChangeId& id, const KeyValue& kv) {
    const std::size_t size = encoded_size(kv);
    char* const start = reserve(size);
    const char* const end = encode_to(start, kv);
    CHECK(end == start + size, size);
    records_[length_] = {id, {start, size}};
    return records_[length_++];
  }

 private:
  // Large KeyValues get a block of their own.
  char* reserve(std::size_t size) {
    bytes_ += size;
    if (size > kBlockBytes / 4) return blocks_.emplace_back(new char[size]).get();
    if (size > room_) {
      free_ = blocks_.emplace_back(new char[kBlockBytes]).get();
      room_ = kBlockBytes;
    }
    room_ -= size;
    return std::exchange(free_, free_ + size);
  }

  std::uint64_t born_;
  std::uint32_t length_ = 0;
  std::size_t bytes_ = 0;
  char* free_ = nullptr;  // in the block being filled
  std::size_t room_ = 0;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::array<TailRecord, kSegmentRecords> records_;
};

// The segments in order. Views know how much of it is theirs; the writer appends behind that, and moves to a larger one
// when it is full.
struct TailDirectory {
  struct Entry {
    TailSegment* segment;
    RevisionPair first;  // of the segment's first record
  };

  static TailDirectory* make(std::uint64_t born, std::uint32_t capacity) {
    auto* directory = new TailDirectory{born, {}};
    directory->entries.resize(capacity);
    return directory;
  }
  static void free(void* directory) { delete static_cast<TailDirectory*>(directory); }

  std::uint64_t born;
  std::vector<Entry> entries;  // never resized
};

std::uint32_t TailView::length(std::uint32_t segment) const {
  return segment + 1 == end_ ? last_length_ : directory_->entries[segment].segment->length();
}

TailView::Place TailView::place_of(RevisionPair revision) const {
  const auto begin = directory_->entries.begin();
  const auto above =
      std::upper_bound(begin + begin_, begin + end_, revision,
                       [](RevisionPair r, const TailDirectory::Entry& entry) { return r < entry.first; });
  const auto segment = std::max(begin_ + 1, static_cast<std::uint32_t>(above - begin)) - 1;
  const TailRecord* records = directory_->entries[segment].segment->records();
  const TailRecord* found =
      std::lower_bound(records, records + length(segment), revision,
                       [](const TailRecord& record, RevisionPair r) { return record.id.revision < r; });
  return {segment, static_cast<std::uint32_t>(found - records)};
}

std::optional<std::string_view> TailView::find(RevisionPair revision) const {
  if (empty()) return std::nullopt;
  const Place place = place_of(revision);
  if (place.record == length(place.segment)) return std::nullopt;
  const TailRecord& record = directory_->entries[place.segment].segment->records()[place.record];
  if (record.id.revision != revision) return std::nullopt;
  return record.kv;
}

TailCursor TailView::seek(Revision from) const {
  TailCursor cursor;
  if (empty()) return cursor;
  const Place place = place_of({from, 0});
  const TailRecord* records = directory_->entries[place.segment].segment->records();
  cursor.directory_ = directory_;
  cursor.segment_ = place.segment;
  cursor.last_segment_ = end_ - 1;
  cursor.last_length_ = last_length_;
  cursor.record_ = records + place.record;
  cursor.end_ = records + length(place.segment);
  if (cursor.record_ == cursor.end_) {
    --cursor.record_;
    cursor.next();
  }
  return cursor;
}

void TailCursor::next() {
  if (++record_ != end_ || segment_ == last_segment_) return;
  const TailSegment& segment = *directory_->entries[++segment_].segment;
  record_ = segment.records();
  end_ = record_ + (segment_ == last_segment_ ? last_length_ : segment.length());
}

Tail::~Tail() {
  if (directory_ == nullptr) return;
  for (std::uint32_t i = view_.begin_; i < view_.end_; ++i) TailSegment::free(directory_->entries[i].segment);
  TailDirectory::free(directory_);
}

std::string_view Tail::append(const ChangeId& id, const KeyValue& kv) {
  TailSegment& segment = segment_for(id);
  const TailRecord& record = segment.append(id, kv);
  pending_bytes_ += weight(record);
  view_.last_length_ = segment.length();
  return record.kv;
}

// The last segment, or a new one if it is full.
TailSegment& Tail::segment_for(const ChangeId& id) {
  if (view_.empty() || directory_->entries[view_.end_ - 1].segment->full()) add_segment(id);
  return *directory_->entries[view_.end_ - 1].segment;
}

void Tail::add_segment(const ChangeId& first) {
  if (directory_ == nullptr || view_.end_ == directory_->entries.size()) move_directory();
  directory_->entries[view_.end_++] = {new TailSegment(reclaimer_.building()), first.revision};
  view_.last_length_ = 0;
}

// To one with room for as many segments again as there are.
void Tail::move_directory() {
  const std::uint32_t count = view_.end_ - view_.begin_;
  auto* next = TailDirectory::make(reclaimer_.building(), std::max(kDirectoryEntries, count * 2));
  if (directory_ != nullptr) {
    std::copy_n(directory_->entries.begin() + view_.begin_, count, next->entries.begin());
    reclaimer_.retire({directory_, &TailDirectory::free, directory_->born});
  }
  directory_ = next;
  view_.directory_ = next;
  view_.begin_ = 0;
  view_.end_ = count;
}

void Tail::trim(Revision flushed) {
  for (TailCursor cursor = view_.seek(trimmed_.next()); cursor.valid() && cursor.record().id.revision.main <= flushed;
       cursor.next()) {
    pending_bytes_ -= weight(cursor.record());
  }
  trimmed_ = std::max(trimmed_, flushed);
  while (!view_.empty()) {
    TailSegment* first = directory_->entries[view_.begin_].segment;
    if (first->records()[view_.length(view_.begin_) - 1].id.revision.main > flushed) break;
    reclaimer_.retire({first, &TailSegment::free, first->born()});
    ++view_.begin_;
  }
}

void Tail::retire_all() {
  if (directory_ == nullptr) return;
  for (std::uint32_t i = view_.begin_; i < view_.end_; ++i) {
    TailSegment* segment = directory_->entries[i].segment;
    reclaimer_.retire({segment, &TailSegment::free, segment->born()});
  }
  reclaimer_.retire({directory_, &TailDirectory::free, directory_->born});
  directory_ = nullptr;
  view_ = {};
  pending_bytes_ = 0;
}

}  // namespace etcd::mvcc
