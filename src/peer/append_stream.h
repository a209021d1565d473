// The "msgappv2" stream from a leader to a follower: append requests alone, the short way when one continues the one before. Pure.
//
//   0                                                    link heartbeat
//   1  count  { length  Entry }  commit                  follows where the last request ended, in the same term
//   2  length Message                                    everything else
// Numbers are eight bytes, the highest first. Both ends keep where the last request ended; a new connection begins anew.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "peer/byte_feed.h"
#include "raft/message.h"

namespace etcd::peer {

// Where the last request on the stream ended.
struct AppendPosition {
  Term term;
  LogIndex index;
};

class AppendEncoder {
 public:
  // Appends one message, an AppendRequest.
  void encode(const raft::Message& message, base::Rope& out);
  static void encode_link_heartbeat(base::Rope& out);

 private:
  AppendPosition at_;
};

class AppendDecoder {
 public:
  // `from` and `to` are the stream's ends: short requests don't name them.
  AppendDecoder(MemberId from, MemberId to) : from_(from), to_(to) {}

  // Takes the stream's next bytes and appends the messages that they complete, link heartbeats left out. kInvalid for bytes that no member sends: the
  // stream can't be read on then.
  Status decode(base::SharedBytes bytes, std::vector<raft::Message>& out);

 private:
  enum class Next : std::uint8_t { kType, kCount, kEntryLength, kEntry, kCommit, kMessageLength, kMessage };

  Result<bool> step(std::vector<raft::Message>& out);
  Result<bool> take_type();
  Result<bool> take_count();
  Result<bool> take_length(Next then);
  Result<bool> take_entry();
  bool take_commit(std::vector<raft::Message>& out);
  Result<bool> take_message(std::vector<raft::Message>& out);

  MemberId from_;
  MemberId to_;
  ByteFeed feed_;
  Next next_ = Next::kType;
  AppendPosition at_;
  std::uint64_t entries_left_ = 0;
  std::uint64_t length_ = 0;         // of the entry or message that comes next
  std::uint64_t request_bytes_ = 0;  // of the short request so far
  std::vector<raft::Entry> entries_;
};

}  // namespace etcd::peer
