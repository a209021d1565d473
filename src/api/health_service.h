// HealthService: gRPC's own health service (grpc.health.v1.Health). The whole server is one service, "".
//
// Check and List answer with the present state; Watch sends it, and again whenever it changes.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "api/context.h"
#include "api/gate.h"
#include "api/messages.h"
#include "api/replies.h"
#include "rpc/service.h"

namespace etcd::api {

class HealthService {
 public:
  // All must outlive it. Serving from the start: whoever can ask is served.
  HealthService(Context& context, Gate& gate, const Replies& replies);

  void register_methods(Methods& methods);

  // Any thread. Says so in the log, and to those who watch.
  void set_serving();
  void set_not_serving(const std::string& reason);
  // Sends nothing any more: ends the watches.
  void stop();

 private:
  struct Watcher {
    rpc::StreamCall call;
    LeaderWatch leader;
    Health last_sent = Health::kServiceUnknown;
  };

  void check(rpc::UnaryCall call);
  void list(rpc::UnaryCall call);
  void watch(rpc::StreamCall call, base::SharedBytes request);
  void forget(std::uint64_t number);
  void change(Health health);

  Context& context_;
  Gate& gate_;
  const Replies& replies_;

  std::mutex mutex_;  // guards what follows
  Health health_ = Health::kServing;
  bool stopped_ = false;
  std::map<std::uint64_t, Watcher> watchers_;
  std::uint64_t watches_made_ = 0;
};

}  // namespace etcd::api
