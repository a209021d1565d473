// SnapshotSender: streams the db to one client: 32 KiB a message, and last a message with the SHA-256 of all that went before.
//
// Reads on the node's worker, in slices, since the db may have to come from the disk; stops reading while the client doesn't.
// Owner: itself, from start() to the end of the call; steps never run at the same time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "api/context.h"
#include "api/gate.h"
#include "api/sha256.h"
#include "node/node.h"
#include "rpc/call.h"

namespace etcd::api {

class SnapshotSender : public std::enable_shared_from_this<SnapshotSender> {
 public:
  SnapshotSender(Context& context, rpc::StreamCall call, LeaderWatch watch);

  // On the call's loop, from its handler.
  void start();

 private:
  // Who takes the next step: a job of the worker, or on_writable once the client has read.
  enum class Pace : std::uint8_t { kRunning, kWaiting, kMayGoOn };

  void begin(Result<std::unique_ptr<node::SnapshotStream>> snapshot);
  void step_in_background();
  void step();
  // False if the client can't take more now.
  Result<bool> send_message();
  void send_digest();
  bool wait_for_client();
  void client_has_read();
  void finish(rpc::GrpcStatus status);

  Context& context_;
  rpc::StreamCall call_;
  LeaderWatch watch_;
  std::atomic<Pace> pace_ = Pace::kRunning;
  std::unique_ptr<node::SnapshotStream> snapshot_;
  Sha256 digest_;
  std::uint64_t left_ = 0;
  std::int64_t begun_ns_ = 0;
};

}  // namespace etcd::api
