// What a watch is asked for and what comes of it: the words that the hub, its sinks and the services share.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/ids.h"

namespace etcd::watch {

// A watch within its stream. Any number that the client likes, 0 in a request for one that the stream gives.
using WatchId = Id<struct WatchIdTag, std::int64_t>;
inline constexpr WatchId kAutoWatchId{0};
// In answers: no watch, or (of a progress notice) every watch of the stream.
inline constexpr WatchId kNoWatchId{-1};

struct WatchRequest {
  // As in mvcc::KeyRange::of(); an empty key is the lowest one, a single zero byte.
  std::string_view key = {};
  std::string_view range_end = {};
  // First revision to tell of, also one that is still to come; 0 or less: all above the newest published.
  Revision start = {};
  bool prev_kv = false;          // events carry the key's value before them, if that is not compacted
  bool no_put = false;           // leaves out puts
  bool no_delete = false;        // leaves out deletions
  bool fragment = false;         // large responses may be split; the sink does that
  bool progress_notify = false;  // see Stream::tick()
};

}  // namespace etcd::watch
