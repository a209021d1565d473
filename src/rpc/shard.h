// Shard: one loop's part of a server. What handlers' answers come back to, from any thread, and what the loop's
// connections share.
//
// Owner: the Server, and every exchange that a handle still holds. The loop's thread uses everything; give_back,
// schedule, post and runs_here are for any thread, also after close(). Invariant: after close() nothing touches the loop, and
// answers that come in are destroyed.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "rpc/call_slots.h"
#include "rpc/counters.h"
#include "rpc/exchange.h"
#include "rpc/h2_session.h"
#include "rpc/http.h"
#include "rpc/loop.h"
#include "rpc/options.h"
#include "rpc/service.h"

namespace etcd::rpc {

// What all shards of a server share. Must outlive the server.
struct ServerParts {
  Options options;
  const ServiceTable& services;
  HttpHandler http;
  base::Logger& logger;
  // Of local calls, across all loops.
  std::unique_ptr<CallSlots> slots = std::make_unique<CallSlots>(options.max_concurrent_streams);
};

class Shard : public std::enable_shared_from_this<Shard> {
 public:
  // `loop` must outlive close().
  Shard(std::shared_ptr<const ServerParts> parts, Loop& loop);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Any thread.
  bool runs_here() const { return runner_->load(std::memory_order_relaxed) == std::this_thread::get_id() && !closed_; }
  // A list of exchanges that were answered (linked by `next`, from first to last).
  void give_back(UnaryExchange* first, UnaryExchange* last);
  // A stream that has orders to carry out.
  void schedule(std::shared_ptr<StreamExchange> stream);
  // Runs `task` on the loop, unless the shard is closed by then.
  void post(base::UniqueFunction<void()> task);
  void add_to(Counters& sum) const;

  // The loop's thread from here on.
  const Options& options() const { return parts_->options; }
  const ServiceTable& services() const { return parts_->services; }
  const HttpHandler& http() const { return parts_->http; }
  CallSlots& slots() const { return *parts_->slots; }
  base::Logger& logger() const { return parts_->logger; }
  Loop& loop() { return loop_; }
  std::int64_t now_ns() const { return loop_.now_ns(); }

  UnaryExchange* take_unary();
  void recycle(UnaryExchange* exchange);
  // Destroys it at the end of the pass: it may be what is running.
  void destroy_later(std::unique_ptr<StreamEvents> events) { discarded_.push_back(std::move(events)); }
  void end_pass();

  H2StreamPool& h2_streams() { return h2_streams_; }
  // RFC 9110's Date, made once a second.
  const std::string& http_date();

  void count_started(const Method& method);
  void count_received(const Method& method, std::size_t bytes);
  void count_sent(const Method& method, std::size_t bytes, std::uint32_t messages = 1);
  void count_handled(const CallInfo& info, GrpcCode code);
  void count_connection(bool opened);

  // No loop runs, or this is its thread. Connections must be gone.
  void close();

 private:
  struct Cell;

  void drain_inbox();
  void post_drain();
  void settle(UnaryExchange* exchange);

  std::shared_ptr<const ServerParts> parts_;
  Loop& loop_;
  Loop::Runner runner_;
  H2StreamPool h2_streams_;
  std::vector<UnaryExchange*> free_;
  std::vector<std::unique_ptr<StreamEvents>> discarded_;
  std::vector<std::unique_ptr<StreamEvents>> discarding_;  // end_pass() is at them
  std::unique_ptr<Cell[]> cells_;  // by Method::index
  std::atomic<std::uint64_t> connections_open_ = 0;
  std::atomic<std::uint64_t> connections_accepted_ = 0;
  std::atomic<std::uint64_t> bytes_received_ = 0;
  std::atomic<std::uint64_t> bytes_sent_ = 0;
  std::string date_;
  std::int64_t date_second_ = -1;

  std::atomic<bool> closed_ = false;  // written under mutex_
  std::mutex mutex_;
  UnaryExchange* first_ = nullptr;                        // under mutex_
  UnaryExchange* last_ = nullptr;                         // under mutex_
  std::vector<std::shared_ptr<StreamExchange>> streams_;  // under mutex_
  bool drain_posted_ = false;                             // under mutex_
};

}  // namespace etcd::rpc
