// Hub: watches the key space for the streams of one event loop. Sink: where a stream's events go. Host: what the hub
// needs of its surroundings.
//
// The log of events is the key space itself: a published ReadView and mvcc::changes() over it. Whoever writes never
// knows who watches. After a publication the host has the hub step(); it walks the changes from where it is to the
// view's revision, matches each against what is watched, encodes it once and gives it to the sinks.
//
// Watchers that have seen everything so far share the hub's place in the log (synced). Those that start in the past, or
// whose sink was full, catch up on walks of their own, in slices between which the loop goes on with other work; those
// that are near each other share a walk. A sink that takes nothing holds nothing here: its watchers keep their revision
// and go on from there. A watcher whose history is compacted meanwhile is told so and ends. Nothing else is dropped.
//
// Owner: one event loop; everything on its thread. Pure: no threads, sockets, clocks.
// Guarantees for each watcher: events in order of revision, each once, none left out from its start on; the events of a
// revision in one delivery; a progress notice never ahead of an event that is still to come.
// Invariants: next() <= newest published revision + 1; a walk is never ahead of next().
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "mvcc/read_view.h"
#include "watch/payload.h"
#include "watch/slice.h"
#include "watch/watch.h"
#include "watch/watched_ranges.h"
#include "watch/watcher.h"

namespace etcd::watch {

class Stream;
class LocalWatch;
struct LocalUpdate;

class Host {
 public:
  virtual ~Host() = default;
  // The newest published view; later ones never have a lower revision.
  virtual mvcc::ReadViewRef view() = 0;
  // Has step() called soon, not from within this call. Often called when that is already under way.
  virtual void wake() = 0;
};

struct Delivery {
  WatchId id;
  Revision revision;      // for the response's header: of the last event; if catching up, of the key space
  bool fragment = false;  // as asked for
  const Payload& events;  // at least one; valid during the call
};

// Called by Hub::step() alone. An implementation must not call the hub or its streams from within; each call takes what
// it is given and returns whether it takes more. After a false, Stream::sink_is_ready() has the hub go on.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual bool on_events(const Delivery& delivery) = 0;
  // The watch ends: what it needs is compacted up to there. Its id stays taken until it is cancelled.
  virtual bool on_compacted(WatchId id, Revision compact_revision) = 0;
  // Everything up to `revision` has been delivered: to that watch, or with kNoWatchId to all of the stream.
  virtual bool on_progress(WatchId id, Revision revision) = 0;
};

// How much of history a step may tell to those far behind. Who is near the end is told as at kFast.
enum class History : std::uint8_t {
  kFast,
  kGentle,  // one small slice
  kWaits,
};

struct HubLimits {
  SliceLimits slice = {};
  SliceLimits gentle_slice = {.changes = 64, .deliveries = 256, .bytes = 64 * 1024};
  // Revisions from the end at which a watcher or a walk is near it.
  std::int64_t near = 1000;
  // Walks at a time, one slice of one of them in each step; and as many again that begin near the end.
  std::size_t walks = 8;
  // Revisions that a watcher may be ahead of a walk and still join it rather than begin another.
  std::int64_t join_distance = 10'000;
  // Watchers that change their place in one step, some 0.1 us each.
  std::size_t moves = 1024;
};

// Shared by all hubs of the process.
struct HubMetrics {
  base::Gauge streams;
  base::Gauge watchers;
  base::Gauge slow_watchers;  // not synced
  base::Counter events;       // given to sinks
};

// Watchers that catch up together: they have been told everything below `next`.
struct Walk {
  Revision next;
  WatcherList members;
};

class Hub {
 public:
  // `host` must outlive it.
  explicit Hub(Host& host, const HubMetrics& metrics = {}, const HubLimits& limits = {});
  // No stream is left (CHECK).
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // Tells what is new, up to the limits. True if there is more to do right away, `history` allowing. Not from within a
  // Sink.
  bool step(History history = History::kFast);
  // Nobody watches: no need to step, whatever is published.
  bool is_idle() const { return watchers_ == 0; }
  // Synced watchers have been told everything below.
  Revision next() const { return next_; }

  // For services of this loop: one watch with a callback. The callback is run by step() after all sinks, and may do what
  // it likes: destroy its watch, begin others. Errors: kEmptyWatcherRange.
  Result<std::unique_ptr<LocalWatch>> watch(const WatchRequest& request,
                                            base::UniqueFunction<void(const LocalUpdate&)> callback);

  // Of all kinds, ended ones included; and those that are behind.
  std::size_t watchers() const { return watchers_; }
  std::size_t slow_watchers() const { return behind_; }
  std::size_t walks() const { return walks_.size(); }
  // Revisions that the last of those far behind has still to be told, 0 if nobody is that far or all of them are slow.
  std::int64_t way_to_go() const;
  // Events given to sinks, ever; and their bytes.
  std::uint64_t told() const { return told_; }
  std::uint64_t told_bytes() const { return told_bytes_; }

 private:
  friend class Stream;
  friend class LocalWatch;

  // For Stream.
  Revision place(Watcher& watcher, const mvcc::KeyRange& range, Revision start);
  void leave(Watcher& watcher);
  void resume(Stream& stream);
  void ask_progress(Stream& stream);
  void forget(Stream& stream);

  // The parts of a step.
  void readmit();
  bool tell_synced(const mvcc::ReadView& view);
  bool catch_up(const mvcc::ReadView& view, History history);
  void tell_progress(const mvcc::ReadView& view);
  bool tell_progress(Stream& stream, Revision revision);
  void run_callbacks();

  void enroll(Watcher& watcher);
  Walk* walk_for(Revision next);
  Walk& begin_walk(Revision next);
  void join(Walk& walk, Watcher& watcher);
  bool is_near(Revision revision) const { return next_.value - revision.value <= limits_.near; }
  Walk* next_walk(History history);
  void begin_waiting_walks();
  void drop_empty_walks();
  void advance(Walk& walk, const mvcc::ReadView& view, const SliceLimits& limits);
  void end_compacted(Walk& walk, const mvcc::ReadView& view);
  void sync_some(Walk& walk);

  void deliver(Watcher& watcher, const WatchedRange& range, const Revision* revision);
  void park_refused(Revision from);
  void fall_behind(Watcher& watcher);
  void end_missed(const mvcc::ReadView& view);
  void end(Watcher& watcher, Revision compact_revision);
  void leave_range(Watcher& watcher);

  Host& host_;
  const HubMetrics metrics_;
  const HubLimits limits_;
  WatchedRanges ranges_;
  Slice slice_;
  Revision next_{1};
  std::size_t watchers_ = 0;
  std::size_t synced_ = 0;
  std::size_t behind_ = 0;
  std::size_t streams_ = 0;
  std::uint64_t told_ = 0;
  std::uint64_t told_bytes_ = 0;
  std::vector<std::unique_ptr<Walk>> walks_;
  std::size_t turn_ = 0;  // the walk to advance next
  WatcherList waiting_;   // for a walk: all are ahead of them
  std::vector<Watcher*> refused_;
  std::vector<Stream*> resumed_;         // their sinks are ready again, and they have parked watchers
  std::vector<Stream*> asking_;          // for progress
  std::vector<LocalWatch*> to_call_;     // null: gone meanwhile
  bool stepping_ = false;
};

}  // namespace etcd::watch
