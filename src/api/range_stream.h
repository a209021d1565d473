// RangeStream: a Range whose answer comes in chunks, for ranges too large to hold at once.
//
// The first chunk's revision holds for all of them; each chunk reads the newest view at that revision, so a slow client keeps no old state
// alive (and may meet a compaction, as in etcd). Only the last message has header, count and more. A client that does not read stops the next
// chunk from being made.
#pragma once

#include "api/context.h"
#include "api/gate.h"
#include "rpc/service.h"

namespace etcd::api {

class RangeStreams {
 public:
  // All must outlive it.
  RangeStreams(Context& context, Gate& gate, Callers& callers) : context_(context), gate_(gate), callers_(callers) {}

  void register_methods(Methods& methods);
  void start(rpc::StreamCall call, base::SharedBytes request);

 private:
  Context& context_;
  Gate& gate_;
  Callers& callers_;
};

// How many keys the next chunk should have, from how large the last one was: doubled below half of `target_bytes`, halved above twice as much.
std::int64_t next_chunk_limit(std::int64_t limit, std::size_t bytes, std::size_t target_bytes);

}  // namespace etcd::api
