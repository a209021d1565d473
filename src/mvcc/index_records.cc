#include "mvcc/index_records.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include "base/check.h"
#include "mvcc/history.h"

namespace etcd::mvcc {

void IndexRecords::add(std::string_view key, const ChangeId& change, Revision created, std::int64_t version) {
  CHECK(change.revision.sub <= kMaxSub, change.revision.main);
  CHECK(empty() || back().change().revision < change.revision, change.revision.main);
  const Place place = reserve(units_of(key.size()));
  char* memory = chunks_.back().memory.get() + place % kChunkUnits * kUnit;
  new (memory) IndexRecord{.main = change.revision.main,
                           .sub = static_cast<std::uint32_t>(change.revision.sub) & 0x7fffffffu,
                           .tombstone = change.tombstone ? 1u : 0u,
                           .key_size = static_cast<std::uint32_t>(key.size()),
                           .created = created,
                           .version = version};
  if (!key.empty()) std::memcpy(memory + sizeof(IndexRecord), key.data(), key.size());
  back_ = place;
  ++size_;
}

IndexRecords::Place IndexRecords::reserve(std::size_t units) {
  if (chunks_.empty() || chunks_.back().units + units > kChunkUnits) {
    CHECK(chunks_.size() < std::numeric_limits<Place>::max() / kChunkUnits, chunks_.size());
    chunks_.push_back({std::unique_ptr<char[]>(new char[std::max(units, kChunkUnits) * kUnit])});
  }
  Chunk& chunk = chunks_.back();
  const std::size_t place = (chunks_.size() - 1) * kChunkUnits + chunk.units;
  chunk.units += units;
  return static_cast<Place>(place);
}

std::vector<IndexRecords::Place> IndexRecords::places() const {
  std::vector<Place> places;
  places.reserve(size_);
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    for (std::size_t unit = 0; unit < chunks_[i].units;) {
      const auto place = static_cast<Place>(i * kChunkUnits + unit);
      places.push_back(place);
      unit += units_of((*this)[place].key_size);
    }
  }
  return places;
}

}  // namespace etcd::mvcc
