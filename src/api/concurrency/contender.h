// Contender: one call of Lock or Campaign: puts a key under the name, in a lease, and waits until it is the oldest there.
//
// The caller's going, by cancellation or deadline, takes its key away again if this call has put it (etcd leaves it if the call ends in the middle of
// the first transaction), so that nobody waits for one who has left. Owner: itself, on its loop: what it waits for holds it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "api/concurrency/local_client.h"
#include "api/concurrency/stop_hooks.h"
#include "api/concurrency/turn.h"
#include "api/replies.h"
#include "rpc/call.h"

namespace etcd::api {

class Contender : public std::enable_shared_from_this<Contender> {
 public:
  enum class Kind : std::uint8_t { kLock, kCampaign };
  struct Request {
    Kind kind = Kind::kLock;
    std::string name;
    LeaseId lease;
    std::string value;  // empty for a lock
  };
  struct Parts {
    LocalClient client;
    Context& context;
    const Replies& replies;
    StopHooks& stops;
  };

  // Inside the call's handler.
  static void start(const Parts& parts, Request request, rpc::UnaryCall call);
  Contender(const Parts& parts, Request request, rpc::UnaryCall call);

 private:
  void begin();
  void contend(LeaseId lease);
  void on_contended(const TxnAnswer& answer);
  void announce();
  void wait_for_turn();
  void on_turn();
  void confirm();
  void win(std::string_view header);
  void lose(const Error& error) { end(client_status(error)); }
  void end(rpc::GrpcStatus status);
  void on_caller_gone();
  void on_stop();
  void take_key_away();

  std::string prefix() const { return request_.name + '/'; }
  bool is_over() const { return !call_.has_value(); }

  const Parts parts_;
  const Request request_;
  std::optional<rpc::UnaryCall> call_;  // none once answered
  const std::int64_t deadline_ns_;
  std::uint64_t stop_hook_ = 0;
  std::string key_;
  Revision created_;    // of key_; 0: not there yet
  std::string header_;  // of the response to the first transaction
  LeaseId lease_;
  std::optional<Turn> turn_;
};

}  // namespace etcd::api
