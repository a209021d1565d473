// WatchSession: one Watch stream of one client. WatchLane: what the streams of one loop share.
//
// Requests come in, responses go out: those to requests at once, events when the hub steps. Both gather in one batch of messages that leaves at the
// end of the loop's pass. A client that does not read is sent no more than kMaxUnsentBytes and one response: above that the hub holds its events
// back, in the log where they are anyway, and its requests are not read.
//
// Owner of a session: the events of its call; it goes when the call is over. Everything on the loop's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "api/auth/callers.h"
#include "api/context.h"
#include "api/gate.h"
#include "api/watch_messages.h"
#include "base/rng.h"
#include "rpc/call.h"
#include "rpc/message_batch.h"
#include "rpc/timer_wheel.h"
#include "watch/stream.h"

namespace etcd::api {

class WatchSession;

// Owner: WatchService, for each loop. Built before the loop runs.
class WatchLane {
 public:
  // `progress_interval_ns`: at least 10.
  WatchLane(Context& context, Callers& callers, Lane& lane, std::int64_t progress_interval_ns);

  Context& context() { return context_; }
  Callers& callers() { return callers_; }
  Lane& lane() { return lane_; }
  // An encoded ResponseHeader; valid until the next call.
  std::string_view header(Revision revision);
  // Has flush() called at the end of the pass.
  void flush_later(std::shared_ptr<WatchSession> session) { to_flush_.push_back(std::move(session)); }
  // The time between two progress notices of one stream: a little longer for each, so that they don't all fall together.
  std::int64_t progress_interval_ns();
  std::unordered_set<WatchSession*>& sessions() { return sessions_; }
  std::string& scratch() { return scratch_; }

 private:
  void flush();

  Context& context_;
  Callers& callers_;
  Lane& lane_;
  const std::int64_t progress_interval_ns_;
  base::Rng rng_;
  std::unordered_set<WatchSession*> sessions_;
  std::vector<std::shared_ptr<WatchSession>> to_flush_;
  std::vector<std::shared_ptr<WatchSession>> flushing_;
  std::string scratch_;
  std::string header_;
  Revision header_revision_{-1};
  Term header_term_;
};

class WatchSession : private watch::Sink, public std::enable_shared_from_this<WatchSession> {
 public:
  static constexpr std::size_t kMaxUnsentBytes = 1024 * 1024;

  WatchSession(WatchLane& lane, rpc::StreamCall call, LeaderWatch leader);
  ~WatchSession() override;

  void start();
  // Sends what has gathered.
  void flush();
  void finish(rpc::GrpcStatus status);

 private:
  bool on_events(const watch::Delivery& delivery) override;
  bool on_compacted(watch::WatchId id, Revision compact_revision) override;
  bool on_progress(watch::WatchId id, Revision revision) override;

  void receive(const base::SharedBytes& bytes);
  void handle(const std::monostate&);
  void handle(const WatchCreate& create);
  void handle(const WatchCancel& cancel);
  void handle(const WatchProgress&) { stream_.ask_progress(); }
  Status check_caller(const watch::WatchRequest& request);
  void refuse(const std::string& reason);
  void tick();

  void write(Revision revision, const WatchAnswer& answer, const watch::Payload* events = nullptr);
  void write_fragments(Revision revision, WatchAnswer answer, const watch::Payload& events);
  void write_part(Revision revision, const WatchAnswer& answer, const watch::Payload& events, std::size_t from, std::size_t to);
  bool begin_message(std::size_t bytes);
  std::size_t unsent_bytes() const { return batch_.size() + call_.queued_bytes(); }
  bool takes_more();
  void resume();

  WatchLane& lane_;
  rpc::StreamCall call_;
  LeaderWatch leader_;
  watch::Stream stream_;
  rpc::MessageBatch batch_;
  rpc::Timer progress_timer_;
  std::int64_t progress_interval_ns_ = 0;
  std::uint32_t owed_reads_ = 0;  // messages that may be read once output has left
  bool is_to_be_flushed_ = false;
  bool is_stalled_ = false;  // the hub was told to wait
  bool is_finished_ = false;
};

}  // namespace etcd::api
