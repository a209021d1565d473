#include "peer/snapshot_sending.h"

#include <utility>

#include "base/go_text.h"
#include "peer/message_stream.h"
#include "peer/pipeline.h"

namespace etcd::peer {

namespace {

constexpr std::size_t kSliceBytes = 512 * 1024;
constexpr std::size_t kMaxTextBytes = 1024;

}  // namespace

SnapshotSending::SnapshotSending(Shared& shared, Remote& remote, node::OutgoingSnapshot snapshot)
    : shared_(shared),
      remote_(remote),
      message_(std::move(snapshot.message)),
      begun_ns_(shared.network.loop().clock().monotonic_ns()),
      reader_(std::make_shared<bolt::SnapshotReader>(std::move(snapshot.db))) {
  const std::uint64_t bytes = reader_->total_bytes();
  fields_ = {{"snapshot-index", std::get<raft::InstallSnapshot>(message_.body).snapshot.metadata.index},
             {"remote-peer-id", to_hex(remote_.id())},
             {"bytes", bytes},
             {"size", base::human_bytes(bytes)}};
  shared_.logger.info("sending database snapshot", fields_);
  shared_.metrics.sending_snapshot(remote_.id());
  begin();
}

// Whoever gave it must hear of its end, also if the remote is no member any more.
SnapshotSending::~SnapshotSending() {
  if (over_) return;
  shared_.metrics.snapshot_send_ended(remote_.id(), false, 0);
  shared_.outlets.snapshot_sent(remote_.id(), false);
}

void SnapshotSending::begin() {
  rpc::ClientRequest request{.method = "POST", .target = "/raft/snapshot", .fields = request_fields(shared_.identity), .streams_body = true};
  request.fields.emplace_back("Content-Type", "application/octet-stream");
  encode_framed(message_, request.body);
  rpc::ClientEvents events;
  events.on_head = [this](int status, const rpc::Metadata&) { status_ = status; };
  events.on_body = [this](std::string bytes) {
    if (text_.size() < kMaxTextBytes) text_ += bytes;
  };
  events.on_writable = [this] { read_next(); };
  events.on_end = [this](Status outcome) { ended(outcome); };
  const auto url = remote_.picker_.pick();
  call_ = std::make_unique<Call>(shared_.network, url ? *url : base::Url(), std::move(request), rpc::ClientLimits{.connect_ns = shared_.network.dial_ns()},
                                 std::move(events), [this](rpc::HttpClientCall& http) {
                                   http_ = &http;
                                   read_next();
                                 });
}

void SnapshotSending::read_next() {
  if (read_all_ || std::exchange(reading_, true)) return;
  shared_.outlets.read_files_apart([this, reader = reader_, alive = std::weak_ptr<bool>(alive_), &loop = shared_.network.loop()]() mutable {
    std::string slice;
    while (slice.size() < kSliceBytes) {
      const std::string_view bytes = reader->next(kSliceBytes - slice.size());
      if (bytes.empty()) break;
      slice += bytes;
    }
    loop.post([this, slice = std::move(slice), alive = std::move(alive)]() mutable {
      if (!alive.expired()) send_slice(std::move(slice));
    });
  });
}

void SnapshotSending::send_slice(std::string slice) {
  reading_ = false;
  if (slice.empty()) {
    read_all_ = true;
    return http_->end_body();
  }
  shared_.metrics.sent(remote_.id(), slice.size());
  if (http_->write(base::Rope(std::move(slice)))) read_next();
}

void SnapshotSending::ended(const Status& connection) {
  const Status outcome = connection || status_ != 0 ? post_outcome(shared_, remote_.id(), status_, text_) : connection;
  over_ = true;
  const std::int64_t took_ns = shared_.network.loop().clock().monotonic_ns() - begun_ns_;
  shared_.metrics.snapshot_send_ended(remote_.id(), outcome.has_value(), static_cast<double>(took_ns) / 1e9);
  if (outcome) {
    shared_.logger.info("sent database snapshot", fields_);
    remote_.activity_.active();
  } else {
    fields_.push_back(base::LogField(outcome.error()));
    shared_.logger.warn("failed to send database snapshot", fields_);
    remote_.activity_.inactive("post", "snapshot", outcome.error());
    remote_.picker_.failed();
    shared_.outlets.unreachable(remote_.id());
  }
  const bool removed = !outcome && outcome.error().code == Errc::kMemberNotFound;
  const Outlets& outlets = shared_.outlets;
  remote_.snapshot_ended(this, outcome.has_value());
  if (removed) outlets.stop("the member has been permanently removed from the cluster");
}

}  // namespace etcd::peer
