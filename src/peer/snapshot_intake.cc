#include "peer/snapshot_intake.h"

#include <utility>

#include "base/go_text.h"

namespace etcd::peer {

void SnapshotIntake::begin(rpc::HttpResponder responder, std::function<void()> over) {
  over_ = std::move(over);
  rpc::StreamEvents events;
  events.on_message = [self = shared_from_this()](base::SharedBytes bytes) { self->on_bytes(std::move(bytes)); };
  events.on_half_close = [self = shared_from_this()] { self->finish(); };
  events.on_cancel = [self = shared_from_this()] { self->finished(fail(Errc::kTruncated, "unexpected EOF")); };
  responder.set_events(std::move(events));
  responder_ = std::move(responder);
  responder_->read(1);
}

void SnapshotIntake::on_bytes(base::SharedBytes bytes) {
  if (!responder_) return;
  if (const Status decoded = body_.decode(std::move(bytes)); !decoded) {
    shared_.logger.warn("failed to decode Raft message", {{"local-member-id", to_hex(shared_.identity.member)}, base::LogField(decoded.error())});
    return refuse(400, decoded.error().detail == "wrong raft message type" ? decoded.error().detail
                                                                         : "failed to decode raft message (" + describe(decoded.error()) + ")");
  }
  if (!body_.message()) return responder_->read(1);
  if (!announced_ && !begin_file()) return;
  write(body_.take_db());
}

// False if the message is refused.
bool SnapshotIntake::begin_file() {
  announced_ = true;
  const raft::Message& message = *body_.message();
  if (auto refused = parts_.check(message.from, message.to)) {
    end(std::move(*refused));
    return false;
  }
  const auto& metadata = std::get<raft::InstallSnapshot>(message.body).snapshot.metadata;
  log_fields_ = {{"local-member-id", to_hex(shared_.identity.member)},
                 {"remote-snapshot-sender-id", to_hex(message.from)},
                 {"incoming-snapshot-index", metadata.index}};
  shared_.logger.info("receiving database snapshot", log_fields_);
  shared_.metrics.receiving_snapshot(message.from);
  begun_ns_ = shared_.network.loop().clock().monotonic_ns();
  shared_.outlets.read_files_apart([self = shared_from_this(), metadata] {
    auto begun = self->parts_.begin_receiving(metadata);
    if (begun) {
      self->file_ = std::move(*begun);
    } else {
      self->written_ = fail(begun.error());
    }
  });
  return true;
}

void SnapshotIntake::write(base::SharedBytes bytes) {
  bytes_ += bytes.size();
  shared_.metrics.received(body_.message()->from, bytes.size());
  shared_.outlets.read_files_apart([self = shared_from_this(), bytes = std::move(bytes)] {
    if (self->written_) self->written_ = self->file_->write(bytes.view());
    self->shared_.network.loop().post([self, outcome = self->written_] {
      if (!outcome) return self->finished(outcome);
      if (self->responder_) self->responder_->read(1);
    });
  });
}

void SnapshotIntake::finish() {
  if (!responder_) return;
  if (!announced_) return refuse(400, "failed to decode raft message (unexpected EOF)");
  shared_.outlets.read_files_apart([self = shared_from_this()] {
    if (self->written_) self->written_ = self->file_->finish();
    self->file_.reset();
    self->shared_.network.loop().post([self, outcome = self->written_] { self->finished(outcome); });
  });
}

void SnapshotIntake::finished(const Status& outcome) {
  if (!responder_) return;
  log_fields_.emplace_back("incoming-snapshot-size-bytes", bytes_);
  log_fields_.emplace_back("incoming-snapshot-size", base::human_bytes(bytes_));
  if (!outcome) {
    log_fields_.push_back(base::LogField(outcome.error()));
    shared_.logger.warn("failed to save incoming database snapshot", log_fields_);
    return refuse(500, "failed to save KV snapshot (" + describe(outcome.error()) + ")");
  }
  shared_.logger.info("received and saved database snapshot", log_fields_);
  parts_.receive(*body_.message());
  end({.status = 204, .headers = {}});
}

void SnapshotIntake::refuse(int status, const std::string& text) { end(rpc::plain_error(status, text)); }

void SnapshotIntake::end(rpc::HttpResponse response) {
  const auto self = shared_from_this();
  if (begun_ns_ != 0) {
    const std::int64_t took_ns = shared_.network.loop().clock().monotonic_ns() - begun_ns_;
    shared_.metrics.snapshot_receive_ended(body_.message()->from, response.status == 204, static_cast<double>(took_ns) / 1e9);
  }
  response.headers.insert(response.headers.end(), fields_.begin(), fields_.end());
  auto responder = std::exchange(responder_, std::nullopt);
  std::move(*responder).respond(std::move(response));
  // A file that was not finished goes where it was written.
  shared_.outlets.read_files_apart([self] { self->file_.reset(); });
  over_();
}

}  // namespace etcd::peer
