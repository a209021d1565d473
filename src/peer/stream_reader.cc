#include "peer/stream_reader.h"

#include <utility>

#include "base/failpoint.h"

namespace etcd::peer {

namespace {

constexpr std::int64_t kAgainNs = 100'000'000;
constexpr std::int64_t kSilenceNs = 5 * rpc::kSecond;  // the writer sends something more often
constexpr std::size_t kMaxRefusalBytes = 1024;

}  // namespace

StreamReader::StreamReader(Shared& shared, Remote& remote, StreamKind kind)
    : shared_(shared), remote_(remote), kind_(kind), again_([this] { dial(); }), decoder_(MessageDecoder()) {
  shared_.logger.info("started stream reader with remote peer", {{"stream-reader-type", name_of(kind_)},
                                                                 {"local-member-id", to_hex(shared_.identity.member)},
                                                                 {"remote-peer-id", to_hex(remote_.id())}});
  shared_.network.loop().timers().start(again_, shared_.network.loop().now_ns());
}

void StreamReader::dial() {
  status_ = 0;
  refusal_.clear();
  if (kind_ == StreamKind::kAppend) {
    decoder_ = AppendDecoder(remote_.id(), shared_.identity.member);
  } else {
    decoder_ = MessageDecoder();
  }
  const auto url = remote_.picker_.pick();
  if (!url) return on_end(fail(url.error()));
  rpc::ClientRequest request{.target = path_of(kind_) + "/" + to_hex(shared_.identity.member), .fields = request_fields(shared_.identity)};
  request.fields.emplace_back("X-Raft-To", to_hex(remote_.id()));
  rpc::ClientEvents events;
  events.on_head = [this](int status, const rpc::Metadata& fields) { on_head(status, fields); };
  events.on_body = [this](std::string bytes) { on_body(std::move(bytes)); };
  events.on_end = [this](Status outcome) { on_end(outcome); };
  call_ = std::make_unique<Call>(shared_.network, *url, std::move(request),
                                 rpc::ClientLimits{.connect_ns = shared_.network.dial_ns(), .silence_ns = kSilenceNs}, std::move(events));
}

void StreamReader::on_head(int status, const rpc::Metadata& fields) {
  status_ = status;
  remote_cluster_ = fields.find("x-etcd-cluster-id").value_or("");
  if (status_ != 200) return;
  remote_.activity_.active();
  shared_.logger.info("established TCP streaming connection with remote peer", {{"stream-reader-type", name_of(kind_)},
                                                                                {"local-member-id", to_hex(shared_.identity.member)},
                                                                                {"remote-peer-id", to_hex(remote_.id())}});
}

void StreamReader::on_body(std::string bytes) {
  if (status_ != 200) {
    refusal_.append(bytes, 0, kMaxRefusalBytes - std::min(kMaxRefusalBytes, refusal_.size()));
    return;
  }
  decoded_.clear();
  shared_.metrics.received(remote_.id(), bytes.size());
  const Status decoded = std::visit([&](auto& decoder) { return decoder.decode(base::SharedBytes(std::move(bytes)), decoded_); }, decoder_);
  for (raft::Message& message : decoded_) {
    if (FAILPOINT_SAYS_RETURN(raftDropHeartbeat)) continue;  // any message, as in etcd
    shared_.outlets.deliver(std::move(message));
  }
  decoded_.clear();
  if (!decoded) on_end(decoded);
}

// What an answer other than 200 means.
Error StreamReader::refused() const {
  const std::string local = to_hex(shared_.identity.member);
  if (status_ == 410) return {Errc::kMemberNotFound, "the member has been permanently removed from the cluster"};
  if (status_ == 404) return {Errc::kMemberNotFound, "peer " + to_hex(remote_.id()) + " failed to find local node " + local};
  const std::string text = refusal_.substr(0, refusal_.find('\n'));
  if (status_ == 412 && text == "cluster ID mismatch") {
    shared_.logger.warn("request sent was ignored by remote peer due to cluster ID mismatch",
                        {{"remote-peer-id", to_hex(remote_.id())},
                         {"remote-peer-cluster-id", remote_cluster_},
                         {"local-member-id", local},
                         {"local-member-cluster-id", cluster::to_hex(shared_.identity.cluster)},
                         {"error", text}});
  } else if (status_ == 412 && text == "incompatible version") {
    shared_.logger.warn("request sent was ignored by remote peer due to server version incompatibility",
                        {{"local-member-id", local}, {"remote-peer-id", to_hex(remote_.id())}, {"error", text}});
  }
  return {Errc::kInvalid, status_ == 412 ? text : "unhandled http status " + std::to_string(status_)};
}

void StreamReader::on_end(const Status& outcome) {
  const Error why = status_ != 0 && status_ != 200 ? refused() : outcome ? Error{Errc::kIo, "EOF"} : outcome.error();
  if (status_ == 200) {
    shared_.logger.warn("lost TCP streaming connection with remote peer", {{"stream-reader-type", name_of(kind_)},
                                                                           {"local-member-id", to_hex(shared_.identity.member)},
                                                                           {"remote-peer-id", to_hex(remote_.id())},
                                                                           base::LogField(why)});
    shared_.metrics.failed_to_receive(remote_.id());
    remote_.activity_.inactive("read", name_of(kind_), why);
  } else {
    remote_.activity_.inactive("dial", name_of(kind_), why);
  }
  remote_.picker_.failed();
  call_.reset();
  shared_.network.loop().timers().start(again_, shared_.network.loop().now_ns() + kAgainNs);
  if (status_ == 410) shared_.outlets.stop("the member has been permanently removed from the cluster");
}

}  // namespace etcd::peer
