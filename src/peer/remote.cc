#include "peer/remote.h"

#include <utility>

#include "peer/pipeline.h"
#include "peer/snapshot_sending.h"
#include "peer/stream_reader.h"
#include "peer/stream_writer.h"

namespace etcd::peer {

namespace {

constexpr std::int64_t kProbeNs = 4 * rpc::kSecond;

}  // namespace

std::string_view name_of(StreamKind kind) { return kind == StreamKind::kAppend ? "stream MsgApp v2" : "stream Message"; }

std::string path_of(StreamKind kind) { return kind == StreamKind::kAppend ? "/raft/stream/msgapp" : "/raft/stream/message"; }

Result<base::Url> UrlPicker::pick() const {
  if (urls_.empty()) return fail(Errc::kNotExist, "the member has no URLs");
  return base::Url::parse(urls_[picked_]);
}

void Activity::active() {
  if (since_ns_ != 0) return;
  since_ns_ = shared_.network.loop().now_ns();
  shared_.metrics.became_active(id_);
  shared_.logger.info("peer became active", {{"peer-id", to_hex(id_)}});
}

void Activity::inactive(std::string_view doing, std::string_view on, const Error& why) {
  const std::string text = "failed to " + std::string(doing) + " " + to_hex(id_) + " on " + std::string(on) + " (" + describe(why) + ")";
  if (std::exchange(since_ns_, 0) == 0) return shared_.logger.debug("peer deactivated again", {{"peer-id", to_hex(id_)}, {"error", text}});
  shared_.metrics.became_inactive(id_);
  shared_.logger.warn("peer became inactive (message send to peer failed)", {{"peer-id", to_hex(id_)}, {"error", text}});
}

Remote::Remote(Shared& shared, MemberId id, std::vector<std::string> urls, bool with_streams)
    : shared_(shared),
      id_(id),
      picker_(std::move(urls)),
      activity_(shared, id),
      pipeline_(std::make_unique<Pipeline>(shared, *this)),
      probe_timer_([this] { probe(); }) {
  for (const StreamKind kind : {StreamKind::kAppend, StreamKind::kMessage}) {
    const auto at = static_cast<std::size_t>(kind);
    writers_[at] = std::make_unique<StreamWriter>(shared_, *this, kind);
    if (with_streams) readers_[at] = std::make_unique<StreamReader>(shared_, *this, kind);
  }
  if (!with_streams) return;
  shared_.logger.info("started remote peer", {{"remote-peer-id", to_hex(id_)}, {"remote-peer-urls", picker_.urls()}});
  shared_.network.loop().timers().start(probe_timer_, shared_.network.loop().now_ns() + kProbeNs);
}

Remote::~Remote() {
  if (has_streams()) shared_.logger.info("stopped remote peer", {{"remote-peer-id", to_hex(id_)}});
}

void Remote::send(raft::Message message) {
  const bool is_append = std::holds_alternative<raft::AppendRequest>(message.body);
  StreamWriter* stream = nullptr;
  if (is_append && writer(StreamKind::kAppend).is_attached()) {
    stream = &writer(StreamKind::kAppend);
  } else if (writer(StreamKind::kMessage).is_attached()) {
    stream = &writer(StreamKind::kMessage);
  }
  const bool queued = stream != nullptr ? stream->queue(std::move(message)) : pipeline_->send(std::move(message));
  if (queued) return;
  shared_.metrics.failed_to_send(id_);
  shared_.outlets.unreachable(id_);
  shared_.logger.debug("dropped internal Raft message since sending buffer is full", {{"remote-peer-id", to_hex(id_)}});
}

void Remote::flush() {
  for (const auto& writer : writers_) writer->flush();
}

void Remote::send_snapshot(node::OutgoingSnapshot snapshot) {
  snapshots_.push_back(std::make_unique<SnapshotSending>(shared_, *this, std::move(snapshot)));
}

void Remote::snapshot_ended(SnapshotSending* sending, bool sent) {
  snapshots_.remove_if([&](const auto& one) { return one.get() == sending; });
  shared_.outlets.snapshot_sent(id_, sent);
}

std::uint64_t Remote::attach(StreamKind kind, rpc::HttpBody body) { return writer(kind).attach(std::move(body)); }

void Remote::writable(StreamKind kind) { writer(kind).writable(); }

void Remote::lost(StreamKind kind, std::uint64_t number) { writer(kind).lost(number); }

// Raft's messages find out soon enough that a remote is gone; this tells an idle one's state to whoever reads the log.
void Remote::probe() {
  auto& loop = shared_.network.loop();
  loop.timers().start(probe_timer_, loop.now_ns() + kProbeNs);
  const auto url = picker_.pick();
  if (!url || probe_) return;
  rpc::ClientEvents events;
  events.on_end = [this, begun_ns = loop.clock().monotonic_ns()](Status outcome) { probed(outcome, begun_ns); };
  probe_ = std::make_unique<Call>(shared_.network, *url, rpc::ClientRequest{.target = "/raft/probing", .fields = {}},
                                  rpc::ClientLimits{.connect_ns = shared_.network.dial_ns(), .total_ns = kProbeNs}, std::move(events));
}

void Remote::probed(const Status& outcome, std::int64_t begun_ns) {
  probe_.reset();
  if (outcome) return shared_.metrics.round_trip(id_, static_cast<double>(shared_.network.loop().clock().monotonic_ns() - begun_ns) / 1e9);
  shared_.logger.warn("prober detected unhealthy status",
                      {{"round-tripper-name", "ROUND_TRIPPER_RAFT_MESSAGE"}, {"remote-peer-id", to_hex(id_)}, base::LogField(outcome.error())});
}

}  // namespace etcd::peer
