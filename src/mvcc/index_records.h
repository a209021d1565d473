// IndexRecords: the records of a db on their way into the index, as restore finds them: in order of revision, packed
// one behind the other with their keys, since what is done to them later jumps about.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "mvcc/revision_key.h"

namespace etcd::mvcc {

struct IndexRecord {
  Revision main;
  std::uint32_t sub : 31;
  std::uint32_t tombstone : 1;
  std::uint32_t key_size;
  Revision created;
  std::int64_t version;

  ChangeId change() const { return {{main, sub}, tombstone != 0}; }
  std::string_view key() const { return {reinterpret_cast<const char*>(this + 1), key_size}; }
};

class IndexRecords {
 public:
  // Where a record lies; later ones have higher places.
  using Place = std::uint32_t;

  // Copies the key. The revision must be above that of the last record and its sub at most kMaxSub; 32 GiB in all
  // (CHECK).
  void add(std::string_view key, const ChangeId& change, Revision created, std::int64_t version);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // The last record added; there must be one.
  const IndexRecord& back() const { return (*this)[back_]; }
  const IndexRecord& operator[](Place place) const {
    return *reinterpret_cast<const IndexRecord*>(chunks_[place / kChunkUnits].memory.get() +
                                                 place % kChunkUnits * kUnit);
  }
  // The places of all records in order.
  std::vector<Place> places() const;

 private:
  static constexpr std::size_t kUnit = 8;  // bytes a place counts in
  static constexpr std::size_t kChunkUnits = (std::size_t{1} << 20) / kUnit;
  // Larger than kChunkUnits for a record that is; that has the chunk to itself.
  struct Chunk {
    std::unique_ptr<char[]> memory;
    std::size_t units = 0;  // used
  };
  static std::size_t units_of(std::size_t key_size) { return (sizeof(IndexRecord) + key_size + kUnit - 1) / kUnit; }
  Place reserve(std::size_t units);

  std::vector<Chunk> chunks_;
  std::size_t size_ = 0;
  Place back_ = 0;
};

}  // namespace etcd::mvcc
