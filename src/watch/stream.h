// Stream: the watches of one client's stream, by id, and their sink.
//
// Owner: whoever serves the stream, on the hub's thread; not from within the sink's calls. Destroying it ends all.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "base/ids.h"
#include "base/result.h"
#include "watch/hub.h"
#include "watch/watch.h"
#include "watch/watcher.h"

namespace etcd::watch {

class Stream {
 public:
  // Both must outlive it.
  Stream(Hub& hub, Sink& sink);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  struct Started {
    WatchId id;
    Revision revision;  // newest published: a watch without a start is told everything above
  };
  // Begins a watch; its first event comes with a later step. An id of 0 takes the lowest from 0 up that was neither
  // given nor taken. Errors: kEmptyWatcherRange, kDuplicateWatchId.
  Result<Started> watch(WatchId id, const WatchRequest& request);
  // Nothing more comes of it. False if there is none of that id.
  bool cancel(WatchId id);

  // A progress notice for the whole stream, as soon as none of its watches is behind. None if there is no watch, or one
  // that starts in the future. Asking again before the answer changes nothing.
  void ask_progress();
  // The time between two progress notices has passed: one for each watch that wants them, had no event since the last
  // tick and is synced.
  void tick();
  // The sink takes more again.
  void sink_is_ready();

  std::size_t watches() const { return watchers_.size(); }
  // The newest published revision, for headers.
  Revision revision() const { return hub_.host_.view()->revision(); }

 private:
  friend class Hub;

  WatchId next_free_id();

  Hub& hub_;
  Sink& sink_;
  std::unordered_map<WatchId, Watcher> watchers_;
  WatchId next_id_{0};
  WatcherList parked_;
  std::size_t behind_ = 0;  // watches that are neither synced nor ended
  bool ready_ = true;
  bool wants_progress_ = false;  // ask_progress() is not answered
  bool ticked_ = false;          // a watch has progress_asked
  bool is_asking_ = false;       // in the hub's list
  bool is_resumed_ = false;      // likewise
};

}  // namespace etcd::watch
