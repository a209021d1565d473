#include "peer/stream_writer.h"

#include <utility>

#include "peer/message_stream.h"

namespace etcd::peer {

namespace {

constexpr std::size_t kMaxWaiting = 4096;
constexpr std::size_t kMaxWaitingBytes = 64 * 1024 * 1024;
constexpr std::size_t kWriteBytes = 256 * 1024;
constexpr std::int64_t kHeartbeatNs = 5 * rpc::kSecond / 3;

// What a message holds in memory, about.
std::size_t weight_of(const raft::Message& message) {
  const auto* append = std::get_if<raft::AppendRequest>(&message.body);
  if (append != nullptr) return raft::payload_bytes(append->entries);
  std::size_t bytes = 0;
  if (const auto* proposal = std::get_if<raft::Proposal>(&message.body)) {
    for (const raft::ProposedEntry& entry : proposal->entries) bytes += entry.data.size();
  }
  return bytes;
}

}  // namespace

StreamWriter::StreamWriter(Shared& shared, Remote& remote, StreamKind kind)
    : shared_(shared), remote_(remote), kind_(kind), heartbeat_([this] { heartbeat(); }) {}

std::uint64_t StreamWriter::attach(rpc::HttpBody body) {
  const base::Logger::Fields fields = {{"stream-writer-type", name_of(kind_)},
                                       {"local-member-id", to_hex(shared_.identity.member)},
                                       {"remote-peer-id", to_hex(remote_.id())}};
  if (body_) shared_.logger.warn("closed TCP streaming connection with remote peer", fields);
  drop_waiting();
  body_ = std::move(body);
  blocked_ = false;
  append_encoder_ = {};
  shared_.logger.info("established TCP streaming connection with remote peer", fields);
  remote_.activity_.active();
  heartbeat();
  return ++number_;
}

void StreamWriter::lost(std::uint64_t number) {
  if (number != number_ || !body_) return;
  body_.reset();
  heartbeat_.cancel();
  remote_.activity_.inactive("write", name_of(kind_), {Errc::kIo, "the connection is gone"});
  shared_.logger.warn("lost TCP streaming connection with remote peer", {{"stream-writer-type", name_of(kind_)},
                                                                         {"local-member-id", to_hex(shared_.identity.member)},
                                                                         {"remote-peer-id", to_hex(remote_.id())}});
  drop_waiting();
}

void StreamWriter::drop_waiting() {
  if (!waiting_.empty()) {
    shared_.metrics.failed_to_send(remote_.id());
    shared_.outlets.unreachable(remote_.id());
  }
  waiting_.clear();
  waiting_bytes_ = 0;
}

bool StreamWriter::queue(raft::Message message) {
  if (waiting_.size() >= kMaxWaiting || waiting_bytes_ >= kMaxWaitingBytes) return false;
  waiting_bytes_ += weight_of(message);
  waiting_.push_back(std::move(message));
  return true;
}

void StreamWriter::flush() {
  while (body_ && !blocked_ && !waiting_.empty()) {
    base::Rope out;
    for (; !waiting_.empty() && out.size() < kWriteBytes; waiting_.pop_front()) {
      waiting_bytes_ -= weight_of(waiting_.front());
      encode(waiting_.front(), out);
    }
    shared_.metrics.sent(remote_.id(), out.size());
    blocked_ = !body_->write(std::move(out));
  }
}

void StreamWriter::writable() {
  blocked_ = false;
  flush();
}

void StreamWriter::heartbeat() {
  shared_.network.loop().timers().start(heartbeat_, shared_.network.loop().now_ns() + kHeartbeatNs);
  if (!body_ || blocked_) return;
  base::Rope out;
  kind_ == StreamKind::kAppend ? AppendEncoder::encode_link_heartbeat(out) : encode_link_heartbeat(out);
  shared_.metrics.sent(remote_.id(), out.size());
  blocked_ = !body_->write(std::move(out));
}

void StreamWriter::encode(const raft::Message& message, base::Rope& out) {
  kind_ == StreamKind::kAppend ? append_encoder_.encode(message, out) : encode_framed(message, out);
}

}  // namespace etcd::peer
