// LocalWatch: a watch by a service of the same process and loop: waiting for a lock's key to go, for a new leader.
//
// Owner: the service, on the hub's thread. Made by Hub::watch(). Destroying it ends the watch; so may the callback.
#pragma once

#include <string>
#include <vector>

#include "base/ids.h"
#include "base/unique_function.h"
#include "mvcc/key_value.h"
#include "watch/hub.h"
#include "watch/stream.h"

namespace etcd::watch {

struct LocalEvent {
  bool is_delete = false;
  // Of a deletion: key and mod_revision, the revision that deleted it. Looks into the update; valid during the callback.
  mvcc::KeyValue kv;
};

struct LocalUpdate {
  std::vector<LocalEvent> events;  // in order of revision; revisions are whole
  Revision compacted;              // not 0: the watch has ended, since what it needs is compacted up to there
};

class LocalWatch : private Sink {
 public:
  using Callback = base::UniqueFunction<void(const LocalUpdate&)>;

  ~LocalWatch() override;
  LocalWatch(const LocalWatch&) = delete;
  LocalWatch& operator=(const LocalWatch&) = delete;

  // Newest published when it began.
  Revision revision() const { return revision_; }

 private:
  friend class Hub;
  LocalWatch(Hub& hub, Callback callback);

  bool on_events(const Delivery& delivery) override;
  bool on_compacted(WatchId id, Revision compact_revision) override;
  bool on_progress(WatchId, Revision) override { return true; }
  void call_later();
  void call();

  Hub& hub_;
  Callback callback_;
  Stream stream_;
  Revision revision_;
  std::string gathered_;  // events as delivered, for the next call
  Revision compacted_;
  bool is_to_be_called_ = false;
  bool* gone_ = nullptr;  // set while the callback runs: tells that it destroyed this
};

}  // namespace etcd::watch
