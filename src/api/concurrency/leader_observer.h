// LeaderObserver: one Observe call: tells the client who leads an election and what the leader proclaims, from now on.
//
// A client that does not read misses what has been overtaken meanwhile, but always gets the newest. Owner: its call's events, on its loop.
#pragma once

#include <memory>
#include <string>

#include "api/concurrency/local_client.h"
#include "api/concurrency/stop_hooks.h"
#include "api/gate.h"
#include "rpc/call.h"
#include "watch/local_watch.h"

namespace etcd::api {

class LeaderObserver : public std::enable_shared_from_this<LeaderObserver> {
 public:
  struct Parts {
    LocalClient client;
    Context& context;
    StopHooks& stops;
  };

  LeaderObserver(const Parts& parts, std::string prefix, rpc::StreamCall call, LeaderWatch leader_watch)
      : parts_(parts), prefix_(std::move(prefix)), call_(std::move(call)), leader_watch_(std::move(leader_watch)) {}

  // On the call's loop, from its handler.
  void start();

 private:
  // Tells who leads now, and watches that key; without a leader watches for one.
  void look();
  void follow(const std::string& leader_kv, Revision revision);
  void await_leader(Revision revision);
  void on_leader_update(const watch::LocalUpdate& update);
  void on_candidate_update(const watch::LocalUpdate& update);
  void tell(Revision revision, std::string_view kv);
  void watch(const watch::WatchRequest& request, void (LeaderObserver::*on_update)(const watch::LocalUpdate&));
  void end(rpc::GrpcStatus status);

  const Parts parts_;
  const std::string prefix_;
  rpc::StreamCall call_;
  LeaderWatch leader_watch_;
  std::uint64_t stop_hook_ = 0;
  bool is_over_ = false;
  bool client_is_slow_ = false;  // nothing is told until it has read
  std::unique_ptr<watch::LocalWatch> watch_;
};

}  // namespace etcd::api
