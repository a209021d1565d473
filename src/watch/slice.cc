#include "watch/slice.h"

#include "base/check.h"
#include "base/wire.h"
#include "mvcc/key_value.h"

namespace etcd::watch {

namespace {

// Of mvccpb.Event, mvccpb.KeyValue and etcdserverpb.WatchResponse.
constexpr std::uint32_t kEventType = 1;
constexpr std::uint32_t kEventKv = 2;
constexpr std::uint32_t kEventPrevKv = 3;
constexpr std::uint64_t kDelete = 1;
constexpr std::uint32_t kModRevision = 3;
constexpr std::uint32_t kEvents = 11;

constexpr std::size_t kKeptBytes = 4 * 1024 * 1024;

std::size_t bytes_field_size(std::size_t size) {
  return 1 + base::varint_size(size) + size;
}

}  // namespace

Revision Slice::read(const mvcc::ReadView& view, Revision from, Revision to, WatchedRanges& ranges, Audience audience,
                     const SliceLimits& limits) {
  clear();
  view_ = &view;
  std::size_t changes = 0;
  Revision revision = from;
  auto cursor = mvcc::changes(view, from, to);
  while (const auto change = cursor.next()) {
    const bool is_full = changes >= limits.changes || deliveries_ >= limits.deliveries || bytes_ >= limits.bytes;
    if (is_full && change->id.revision.main != revision) return change->id.revision.main;
    revision = change->id.revision.main;
    ++changes;
    bytes_ += add(*change, ranges, audience);
  }
  CHECK(cursor.status(), describe(cursor.status().error()));
  return to.next();
}

// Returns how many bytes it matched.
std::size_t Slice::add(const mvcc::Change& change, WatchedRanges& ranges, Audience audience) {
  const auto kv = mvcc::decode_key_value(change.kv);
  CHECK(kv, describe(kv.error()));
  const auto event = static_cast<std::uint32_t>(events_.size());
  bool is_matched = false;
  ranges.match(kv->key, [&](WatchedRange& range) {
    const RangeMembers& members = audience == Audience::kSynced ? range.synced : range.behind;
    if (members.empty()) return;
    if (range.first_match == 0) deliveries_ += members.size();
    add_match(range, event);
    is_matched = true;
  });
  if (!is_matched) return 0;
  events_.push_back({.revision = change.id.revision.main,
                     .key = kv->key,
                     .kv = change.kv,
                     .is_delete = change.id.tombstone,
                     .is_create = !change.id.tombstone && kv->create_revision == change.id.revision.main});
  return change.kv.size();
}

void Slice::add_match(WatchedRange& range, std::uint32_t event) {
  const auto match = static_cast<std::uint32_t>(matches_.size());
  matches_.push_back({event, 0});
  if (range.first_match == 0) {
    range.first_match = match;
    matched_.push_back(&range);
  } else {
    matches_[range.last_match].next = match;
  }
  range.last_match = match;
}

void Slice::clear() {
  for (WatchedRange* range : matched_) range->first_match = range->last_match = 0;
  matched_.clear();
  matches_.resize(1);
  events_.clear();
  if (bytes_ > kKeptBytes) {
    texts_.clear();
    for (Payload& payload : whole_) payload.free();
    part_.free();
  }
  texts_used_ = bytes_ = deliveries_ = 0;
  range_ = nullptr;
  view_ = nullptr;
}

const Payload& Slice::payload(const WatchedRange& range, std::uint8_t flavor, Revision next) {
  if (range_ != &range) {
    range_ = &range;
    filled_ = 0;
  }
  if (next > events_[matches_[range.first_match].event].revision) {
    fill(part_, range, flavor, next);
    return part_;
  }
  const auto bit = static_cast<std::uint8_t>(1u << flavor);
  if ((filled_ & bit) == 0) {
    fill(whole_[flavor], range, flavor, next);
    filled_ |= bit;
  }
  return whole_[flavor];
}

void Slice::fill(Payload& payload, const WatchedRange& range, std::uint8_t flavor, Revision next) {
  payload.clear();
  const std::string* only = nullptr;
  for (std::uint32_t at = range.first_match; at != 0; at = matches_[at].next) {
    Event& event = events_[matches_[at].event];
    if (event.revision < next || (flavor & (event.is_delete ? kNoDelete : kNoPut)) != 0) continue;
    const std::string& text = encoded(event, (flavor & kPrevKv) != 0);
    if (payload.ends_.size() == 1) payload.text_.append(*only);
    if (!payload.ends_.empty()) payload.text_.append(text);
    only = &text;
    payload.ends_.push_back(text.size() + (payload.ends_.empty() ? 0 : payload.ends_.back()));
    payload.last_ = event.revision;
  }
  if (payload.ends_.size() == 1) payload.bytes_ = *only;
  if (payload.ends_.size() > 1) payload.bytes_ = payload.text_;
}

const std::string& Slice::encoded(Event& event, bool prev_kv) {
  const std::string*& done = prev_kv ? event.with_prev_kv : event.plain;
  if (done != nullptr) return *done;
  std::optional<std::string_view> before;
  if (prev_kv) before = value_before(event);
  if (prev_kv && !before) {
    done = &encoded(event, false);
    return *done;
  }
  // Stored tombstones have nothing but the key.
  const std::size_t revision_size =
      event.is_delete ? 1 + base::varint_size(static_cast<std::uint64_t>(event.revision.value)) : 0;
  const std::size_t kv_size = event.kv.size() + revision_size;
  const std::size_t size =
      (event.is_delete ? 2 : 0) + bytes_field_size(kv_size) + (before ? bytes_field_size(before->size()) : 0);
  std::string& text = new_text();
  base::WireWriter writer(text);
  writer.bytes_header(kEvents, size);
  if (event.is_delete) writer.varint(kEventType, kDelete);
  writer.bytes_header(kEventKv, kv_size);
  text.append(event.kv);
  if (event.is_delete) writer.int64(kModRevision, event.revision.value);
  if (before) writer.bytes(kEventPrevKv, *before);
  done = &text;
  return text;
}

std::string& Slice::new_text() {
  if (texts_used_ == texts_.size()) texts_.emplace_back();
  std::string& text = texts_[texts_used_++];
  text.clear();
  return text;
}

// As etcd does it: nothing for the put that created the key, nor where the revision before is compacted.
std::optional<std::string_view> Slice::value_before(const Event& event) const {
  const Revision before = event.revision.prev();
  if (event.is_create || before < view_->compact_revision()) return std::nullopt;
  const auto state = view_->index().find(event.key, before);
  if (!state) return std::nullopt;
  const auto kv = view_->read(state->modified);
  CHECK(kv, describe(kv.error()));
  return *kv;
}

}  // namespace etcd::watch
