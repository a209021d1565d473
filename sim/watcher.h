// Watcher: a client with one stream of watches. It reads fast or slowly, asks for progress, goes to another member when its own is gone or just so, and
// goes on there from the revision that it knows it has everything below. Whatever it is told is compared with what happened: every event of its keys,
// once, in order, a revision whole; no progress ahead of an event; an end only where history that it needs is compacted.
//
// Owner: the World.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/rng.h"
#include "sim/event_log.h"
#include "sim/member.h"
#include "watch/hub.h"
#include "watch/stream.h"

namespace etcd::sim {

class Watcher : private watch::Sink {
 public:
  Watcher(Surroundings& around, std::vector<std::unique_ptr<Member>>& members, const EventLog& log, std::uint64_t seed);

  void start() { read_later(); }
  // The process of a member is about to go, and a connection to it with it.
  void member_ends(const Member& member);
  // From here on it stays where it is, reads fast, and begins no watch in the future.
  void settle();
  // Everything up to there.
  bool has_been_told(std::int64_t revision) const;

  std::uint64_t events() const { return events_; }
  std::uint64_t compacted() const { return compacted_; }
  std::uint64_t progress() const { return progress_; }

 private:
  struct Watch {
    std::string key;
    std::string range_end;
    std::int64_t next = 0;  // it has been told everything below; 0: it has not begun yet
  };
  struct Arrival {
    enum class Kind : std::uint8_t { kEvents, kCompacted, kProgress };
    Kind kind;
    watch::WatchId id;
    std::int64_t revision;
    std::vector<KeyEvent> events = {};
  };

  // watch::Sink.
  bool on_events(const watch::Delivery& delivery) override;
  bool on_compacted(watch::WatchId id, Revision compact_revision) override;
  bool on_progress(watch::WatchId id, Revision revision) override;
  bool take(Arrival arrival);

  void read_later();
  void read();
  void connect();
  void hang_up();
  void go_on(watch::Hub& hub);
  void begin(Watch watch);
  void begin_waiting();
  std::int64_t draw_start();
  Watch draw_watch();
  void look_at(std::size_t arrivals);
  void look_at(const Arrival& arrival);
  void see_events(Watch& watch, const Arrival& arrival);
  void see_progress(Watch& watch, const Arrival& arrival);
  void see_compaction(Watch& watch, const Arrival& arrival);
  void violate(const Watch& watch, const std::string& what);

  Surroundings& around_;
  std::vector<std::unique_ptr<Member>>& members_;
  const EventLog& log_;
  base::Rng rng_;
  std::int64_t read_every_ns_;
  std::size_t room_;  // arrivals that it takes before it has to read
  bool settling_ = false;

  Member* member_ = nullptr;  // that it is connected to
  std::unique_ptr<watch::Stream> stream_;
  std::map<watch::WatchId, Watch> watches_;      // of the stream
  std::vector<Watch> waiting_;                   // to be begun on a stream
  std::set<watch::WatchId> over_;                // ids of the stream that are of no watch any more
  std::vector<Arrival> arrived_;
  bool is_full_ = false;

  std::uint64_t events_ = 0;
  std::uint64_t compacted_ = 0;
  std::uint64_t progress_ = 0;
};

}  // namespace etcd::sim
