#include "mvcc/history.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/plant.h"

namespace etcd::mvcc {

static_assert(sizeof(HistoryEntry) == 16);
static_assert(sizeof(History) % alignof(HistoryEntry) == 0);

std::size_t History::bytes(std::size_t key_size, std::uint32_t capacity) {
  return sizeof(History) + capacity * sizeof(HistoryEntry) + key_size;
}

History* History::make(std::uint64_t born, std::string_view key, std::uint32_t capacity) {
  void* memory = ::operator new(bytes(key.size(), capacity));
  auto* history = new (memory) History(born, static_cast<std::uint32_t>(key.size()), capacity);
  if (!key.empty()) std::memcpy(reinterpret_cast<char*>(history->entries() + capacity), key.data(), key.size());
  return history;
}

void History::free(void* history) {
  ::operator delete(history);
}

std::optional<std::uint32_t> HistoryView::find(Revision at) const {
  if (newest().main <= at) return length_ - 1;
  const HistoryEntry* begin = history_->entries();
  const HistoryEntry* above = std::upper_bound(
      begin, begin + length_, at, [](Revision limit, const HistoryEntry& entry) { return limit < entry.main; });
  if (above == begin) return std::nullopt;
  return static_cast<std::uint32_t>(above - begin - 1);
}

std::optional<KeyState> HistoryView::state(Revision at) const {
  const auto index = find(at);
  if (!index || (*this)[*index].tombstone != 0) return std::nullopt;
  return state_of(*index);
}

KeyState HistoryView::state_of(std::uint32_t index) const {
  const HistoryEntry& entry = (*this)[index];
  const std::uint32_t puts_before = index - entry.generation;
  if (entry.generation > 0) return {entry.revision(), (*this)[entry.generation].main, std::int64_t{1} + puts_before};
  // The base comes from disk and may be any number: wrap, as Go does.
  const std::uint64_t version = static_cast<std::uint64_t>(history_->base_version()) + puts_before;
  return {entry.revision(), history_->base_created(), static_cast<std::int64_t>(version)};
}

std::uint32_t HistoryView::dropped_by_compaction(Revision at) const {
  const auto index = find(at);
  if (!index) return 0;
  const HistoryEntry& entry = (*this)[*index];
  return *index + (entry.tombstone != 0 && (entry.main < at || PLANTED(compaction_drops_its_tombstone)) ? 1 : 0);
}

}  // namespace etcd::mvcc
