#include "api/snapshot_sender.h"

#include <utility>

#include "api/errors.h"
#include "api/messages.h"
#include "base/go_text.h"

namespace etcd::api {

namespace {

constexpr std::size_t kMessageBytes = 32 * 1024;
constexpr int kMessagesPerStep = 64;  // a slice of the worker's time

}  // namespace

SnapshotSender::SnapshotSender(Context& context, rpc::StreamCall call, LeaderWatch watch)
    : context_(context), call_(std::move(call)), watch_(std::move(watch)) {}

void SnapshotSender::start() {
  call_.set_events({.on_writable = [self = shared_from_this()] { self->client_has_read(); }});
  begun_ns_ = context_.clock.monotonic_ns();
  context_.node.snapshot([self = shared_from_this()](Result<std::unique_ptr<node::SnapshotStream>> snapshot) {
    self->begin(std::move(snapshot));
  });
}

void SnapshotSender::begin(Result<std::unique_ptr<node::SnapshotStream>> snapshot) {
  if (!snapshot) return finish(to_status(snapshot.error()));
  snapshot_ = std::move(*snapshot);
  left_ = snapshot_->total_bytes();
  context_.logger.info("sending database snapshot to client", {{"total-bytes", left_},
                                                               {"size", base::human_bytes(left_)},
                                                               {"storage-version", snapshot_->storage_version()}});
  step_in_background();
}

void SnapshotSender::step_in_background() {
  context_.node.run_in_background([self = shared_from_this()] { self->step(); });
}

void SnapshotSender::step() {
  for (int i = 0; i < kMessagesPerStep; ++i) {
    if (call_.is_cancelled()) return finish({});
    const auto writable = send_message();
    if (!writable) return finish(to_status(writable.error()));
    if (left_ == 0) return send_digest();
    if (!*writable && wait_for_client()) return;
  }
  step_in_background();
}

Result<bool> SnapshotSender::send_message() {
  TRY_ASSIGN(std::string bytes, snapshot_->read(kMessageBytes));
  if (bytes.empty() || bytes.size() > left_) return fail(Errc::kCorrupt, "the snapshot is not as long as it said");
  left_ -= bytes.size();
  digest_.update(bytes);
  return call_.send(encode_snapshot(left_, base::SharedBytes(std::move(bytes)), snapshot_->storage_version()));
}

void SnapshotSender::send_digest() {
  const std::uint64_t total = snapshot_->total_bytes();
  const std::string& version = snapshot_->storage_version();
  const std::string digest = digest_.finish();
  context_.logger.info("sending database sha256 checksum to client", {{"total-bytes", total}, {"checksum-size", digest.size()}});
  (void)call_.send(encode_snapshot(0, base::SharedBytes(digest), version));
  const std::int64_t took_ns = context_.clock.monotonic_ns() - begun_ns_;
  context_.metrics.snapshot_seconds.observe(static_cast<double>(took_ns) * 1e-9);
  context_.logger.info("successfully sent database snapshot to client", {{"total-bytes", total},
                                                                         {"size", base::human_bytes(total)},
                                                                         {"took", base::format_duration(base::Duration(took_ns))},
                                                                         {"storage-version", version}});
  finish({});
}

// True if on_writable will take the next step; false if it has come already.
bool SnapshotSender::wait_for_client() {
  Pace running = Pace::kRunning;
  if (pace_.compare_exchange_strong(running, Pace::kWaiting)) return true;
  pace_.store(Pace::kRunning);
  return false;
}

void SnapshotSender::client_has_read() {
  Pace running = Pace::kRunning;
  if (pace_.compare_exchange_strong(running, Pace::kMayGoOn)) return;
  Pace waiting = Pace::kWaiting;
  if (pace_.compare_exchange_strong(waiting, Pace::kRunning)) step_in_background();
}

// Any thread. The events that hold this object go with the call.
void SnapshotSender::finish(rpc::GrpcStatus status) {
  watch_ = LeaderWatch();
  snapshot_.reset();
  call_.finish(std::move(status));
}

}  // namespace etcd::api
