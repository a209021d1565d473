// SnapshotReader: a version of the db as a stream of bytes, the file that bbolt's Tx.WriteTo would write.
//
// Meta page 0 with the version's transaction id, meta page 1 with the one before, then every page from 2 to the end,
// read straight from the mapping. Owner: whoever streams; one thread; holds its ReadTx.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bolt/read_tx.h"

namespace etcd::bolt {

class SnapshotReader {
 public:
  explicit SnapshotReader(ReadTx tx);

  // Known before the first byte, and exact.
  std::uint64_t total_bytes() const;
  std::uint64_t position() const { return position_; }
  // The next bytes, at most max_bytes (> 0) of them, fewer at a seam; empty at the end. Valid as long as the reader.
  std::string_view next(std::size_t max_bytes);

 private:
  ReadTx tx_;
  std::string metas_;
  std::uint64_t position_ = 0;
};

}  // namespace etcd::bolt
