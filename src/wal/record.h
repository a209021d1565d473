// The records of a log: what they hold, and how they look as bytes (walpb, framed and chained by a checksum).
//
// A frame is 8 bytes, little endian: the length of the record in the low 56 bits, and if zeros were added to fill the last 8 bytes, 0x80 | their
// number in the top byte; then the record and those zeros. A frame of length 0 is the end. Every record carries the CRC-32C of the data of all
// records up to and with itself since the log began; a crc record restarts a reader in the middle, and is not counted itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "raft/types.h"

namespace etcd::wal {

// Whose log it is; at the head of every segment.
struct Metadata {
  MemberId member;
  ClusterId cluster;

  friend bool operator==(const Metadata&, const Metadata&) = default;
};

// A state of the log that a snapshot replaces what came before.
struct Snapshot {
  LogIndex index;
  Term term;
  raft::ConfState conf_state = {};

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

enum class RecordType : std::uint8_t { kMetadata = 1, kEntry = 2, kHardState = 3, kCrc = 4, kSnapshot = 5 };

}  // namespace etcd::wal
