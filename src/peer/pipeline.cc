#include "peer/pipeline.h"

#include <utility>

#include "raft/message_codec.h"

namespace etcd::peer {

namespace {

constexpr std::size_t kMaxWaiting = 64;
constexpr std::size_t kPostsAtOnce = 4;
constexpr std::size_t kMaxTextBytes = 1024;
constexpr std::int64_t kPostNs = 10 * rpc::kSecond;

}  // namespace

Status post_outcome(Shared& shared, MemberId remote, int status, std::string_view text) {
  text = text.substr(0, text.find('\n'));
  if (status == 204) return {};
  if (status == 403) return fail(Errc::kMemberNotFound, "the member has been permanently removed from the cluster");
  if (status != 412) return fail(Errc::kInvalid, "unexpected http status " + std::string(rpc::reason_phrase(status)) + ": " + std::string(text));
  if (text == "cluster ID mismatch") {
    shared.logger.warn("request sent was ignored due to cluster ID mismatch",
                       {{"remote-peer-id", to_hex(remote)}, {"local-member-cluster-id", cluster::to_hex(shared.identity.cluster)}});
  } else {
    shared.logger.warn("request sent was ignored by peer", {{"remote-peer-id", to_hex(remote)}});
  }
  return fail(Errc::kInvalid, std::string(text));
}

bool Pipeline::send(raft::Message message) {
  if (waiting_.size() >= kMaxWaiting) return false;
  waiting_.push_back(std::move(message));
  if (posts_.size() < kPostsAtOnce) post_next();
  return true;
}

void Pipeline::post_next() {
  if (waiting_.empty()) return;
  const raft::Message message = std::move(waiting_.front());
  waiting_.pop_front();
  const auto url = remote_.picker_.pick();
  if (!url) return shared_.outlets.unreachable(remote_.id());
  rpc::ClientRequest request{.method = "POST", .target = "/raft", .fields = request_fields(shared_.identity)};
  request.fields.emplace_back("Content-Type", "application/protobuf");
  raft::encode(message, request.body);
  const auto post = posts_.insert(posts_.end(), Post());
  post->bytes = request.body.size();
  rpc::ClientEvents events;
  events.on_head = [post](int status, const rpc::Metadata&) { post->status = status; };
  events.on_body = [post](std::string bytes) {
    if (post->text.size() < kMaxTextBytes) post->text += bytes;
  };
  events.on_end = [this, post](Status outcome) { ended(post, outcome); };
  post->call = std::make_unique<Call>(shared_.network, *url, std::move(request),
                                      rpc::ClientLimits{.connect_ns = shared_.network.dial_ns(), .total_ns = kPostNs}, std::move(events));
}

void Pipeline::ended(std::list<Post>::iterator post, const Status& connection) {
  const Status outcome = connection ? post_outcome(shared_, remote_.id(), post->status, post->text) : connection;
  const std::size_t bytes = post->bytes;
  posts_.erase(post);
  if (outcome) {
    remote_.activity_.active();
    shared_.metrics.sent(remote_.id(), bytes);
  } else {
    shared_.metrics.failed_to_send(remote_.id());
    remote_.activity_.inactive("write", "pipeline", outcome.error());
    remote_.picker_.failed();
    shared_.outlets.unreachable(remote_.id());
  }
  post_next();
  if (!outcome && outcome.error().code == Errc::kMemberNotFound) shared_.outlets.stop("the member has been permanently removed from the cluster");
}

}  // namespace etcd::peer
