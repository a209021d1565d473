#include "wal/replay.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "base/bytes.h"
#include "base/wire.h"
#include "raft/codec.h"

namespace etcd::wal {

namespace {

tl::unexpected<Error> malformed(const char* what, const Error& error) {
  return fail(Errc::kCorrupt, std::string("wal: ") + what + ": " + error.detail);
}

}  // namespace

Status Replay::take(const Record& record) {
  if (record.is(RecordType::kEntry)) return take_entry(record);
  if (record.is(RecordType::kSnapshot)) return take_snapshot(record);
  return record.is(RecordType::kHardState) ? take_hard_state(record) : Status();
}

// A term never goes down, and whoever has an entry is in its term by the next hard state. An entry's data is its field 4.
Status Replay::take_hard_state(const Record& record) {
  constexpr std::uint32_t kLastField = 3;
  const auto state = raft::decode_hard_state(record.data);
  if (!state) return malformed("hard state", state.error());
  base::WireReader reader(record.data);
  while (const auto field = reader.next()) {
    if (field->number > kLastField) return fail(Errc::kCorrupt, "wal: damaged: a hard state that is none");
  }
  if (state->term < std::max(hard_state_.term, last_term_)) {
    return fail(Errc::kCorrupt, "wal: damaged: a hard state goes back to term " + std::to_string(state->term.value));
  }
  hard_state_ = *state;
  return {};
}

// Every entry has a term, no cluster has had so many elections in between, terms never fall along the log, and only the change that leaves a joint
// configuration has no data.
bool Replay::can_be(const raft::Entry& entry, const raft::Entry* before) const {
  constexpr std::uint64_t kMostElections = std::uint64_t{1} << 32;
  if (entry.term == Term(0) || entry.term.value - std::min(entry.term, hard_state_.term).value > kMostElections) return false;
  if (entry.type == raft::EntryType::kConfChange && entry.data.empty()) return false;
  return before == nullptr || before->term <= entry.term;
}

Status Replay::take_entry(const Record& record) {
  auto entry = raft::decode_entry(base::SharedBytes::copy_of(record.data));
  if (!entry) return malformed("entry", entry.error());
  const std::uint64_t behind = entry->index.value - std::min(entry->index, from_.index).value;  // how far behind the snapshot; 0: not
  const bool has_before = behind >= 2 && behind - 2 < entries_.size();
  if (!can_be(*entry, has_before ? &entries_[behind - 2] : nullptr)) return fail(Errc::kCorrupt, "wal: damaged: an entry that is none");
  last_index_ = entry->index;
  last_term_ = entry->term;
  if (entry->index <= from_.index) {
    entries_.clear();
    term_at_snapshot_ = entry->index == from_.index ? std::optional(entry->term) : std::nullopt;
    return {};
  }
  const std::uint64_t place = entry->index.value - from_.index.value - 1;
  if (place > entries_.size()) {
    return fail(Errc::kCorrupt, "wal: slice bounds out of range, snapshot[Index: " + std::to_string(from_.index.value) +
                                    ", Term: " + std::to_string(from_.term.value) + "], current entry[Index: " +
                                    std::to_string(entry->index.value) + ", Term: " + std::to_string(entry->term.value) +
                                    "], len(ents): " + std::to_string(entries_.size()));
  }
  entries_.erase(std::next(entries_.begin(), static_cast<std::ptrdiff_t>(place)), entries_.end());
  entries_.push_back(std::move(*entry));
  return {};
}

Status Replay::take_snapshot(const Record& record) {
  TRY_ASSIGN(const Snapshot snapshot, decode_snapshot(record.data));
  last_index_ = std::max(last_index_, snapshot.index);
  if (snapshot.index != from_.index) return {};
  if (snapshot.term != from_.term) return fail(Errc::kCorrupt, "wal: snapshot mismatch");
  // One that was taken here keeps the log that goes on behind it. One that came from the leader begins the log anew: the entries that it made
  // void must not come back.
  const bool taken_here = from_.index == LogIndex(0) || term_at_snapshot_ == snapshot.term;
  if (!found_ && !taken_here) entries_.clear();
  found_ = true;
  return {};
}

}  // namespace etcd::wal
