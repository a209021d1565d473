// What lies behind the last good record of the last segment: nothing, the torn rest of writes that no sync covered, or damage to what was
// durable. Only a torn rest may be removed. docs/decisions/0001-torn-tail-or-damage.md argues the rules.
#pragma once

#include <cstdint>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "wal/segment_reader.h"

namespace etcd::wal {

struct Tail {
  std::uint64_t end = 0;   // behind the last good record
  std::uint64_t used = 0;  // behind the last byte that is not zero; at least `end`

  bool is_torn() const { return used > end; }
};

// Looks behind the point where `reader`, which has come to its end in `file`, stopped. Changes nothing. kCorrupt for damage; the text says where
// and why.
Result<Tail> judge_tail(base::File& file, const SegmentReader& reader);

// Keeps a copy of the file as <path>.broken and cuts it at tail.end, durably. May be cut short by a crash and repeated.
Status remove_torn_tail(base::FileSystem& files, base::File& file, const Tail& tail);

// The error for damage at the point where `reader` stopped.
Error damage(const base::File& file, const SegmentReader& reader, const std::string& proof = {});

}  // namespace etcd::wal
