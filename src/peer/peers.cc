#include "peer/peers.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "cluster/version.h"
#include "peer/message_stream.h"

namespace etcd::peer {

namespace {

constexpr std::size_t kMaxStrangers = 16;  // senders that are not known to be members
constexpr std::int64_t kNoteActivityNs = 100'000'000;
constexpr std::int64_t kLeaveNs = rpc::kSecond;  // a removed member lives on so long, for the others to learn what it knows

bool is_method(const rpc::HttpRequest& request, std::string_view method) { return request.method == method; }

rpc::HttpResponse wrong_method(const char* allowed) {
  rpc::HttpResponse response = rpc::plain_error(405, "Method Not Allowed");
  response.headers.emplace_back("Allow", allowed);
  return response;
}

rpc::HttpResponse forbidden(std::string_view message) {
  return {.status = 403,
          .headers = {{"Content-Type", "application/json"}},
          .body = base::Rope("{\"message\":\"" + std::string(message) + "\"}")};
}

}  // namespace

Peers::Peers(rpc::Loop& loop, Options options, base::Logger& logger)
    : loop_(loop),
      options_(std::move(options)),
      logger_(logger),
      network_(loop, options_.look_up_apart, options_.dial_ns),
      shared_{network_, {}, {}, logger, PeerMetrics(options_.metrics)},
      activity_timer_([this] { note_activity(); }) {}

Peers::~Peers() = default;

void Peers::start(NodeSide node, ClusterId cluster, MemberId member) {
  node_ = std::move(node);
  shared_.identity = {cluster, member, options_.peer_urls};
  shared_.metrics.set_local(member);
  shared_.outlets = {.deliver = [this](raft::Message message) { deliver(std::move(message)); },
                     .unreachable = node_.unreachable,
                     .snapshot_sent = node_.snapshot_sent,
                     .stop =
                         [this](const char* why) {
                           if (!std::exchange(told_removed_, true)) loop_.post([this, why] { options_.stop(why); });
                         },
                     .read_files_apart = options_.read_files_apart};
}

void Peers::stop() {
  stopped_ = true;
  activity_timer_.cancel();
  removed_timer_.cancel();
  remotes_.clear();
}

// ---- Out

void Peers::send(std::vector<raft::Message> messages) {
  loop_.post([this, messages = std::move(messages)]() mutable {
    if (stopped_) return;
    for (raft::Message& message : messages) {
      if (Remote* const remote = find(message.to)) remote->send(std::move(message));
    }
    for (const auto& [id, remote] : remotes_) remote->flush();
  });
}

void Peers::send_snapshot(node::OutgoingSnapshot snapshot) {
  loop_.post([this, snapshot = std::move(snapshot)]() mutable {
    Remote* const remote = stopped_ ? nullptr : find(snapshot.message.to);
    if (remote == nullptr) return node_.snapshot_sent(snapshot.message.to, false);
    remote->send_snapshot(std::move(snapshot));
  });
}

void Peers::members_changed(std::shared_ptr<const cluster::View> members) {
  loop_.post([this, members = std::move(members)]() mutable { take_over(std::move(members)); });
}

void Peers::take_over(std::shared_ptr<const cluster::View> members) {
  if (stopped_) return;
  members_ = std::move(members);
  std::erase_if(remotes_, [&](const auto& item) {
    const cluster::Member* const member = members_->find(item.first);
    return member == nullptr || member->peer_urls != item.second->urls() || !item.second->has_streams();
  });
  for (const cluster::Member& member : members_->members) {
    if (member.id == shared_.identity.member || remotes_.contains(member.id)) continue;
    remotes_.emplace(member.id, std::make_unique<Remote>(shared_, member.id, member.peer_urls, /*with_streams=*/true));
  }
  note_activity();
  if (!is_removed(shared_.identity.member) || removed_timer_.started() || told_removed_) return;
  removed_timer_.set_callback([this] { shared_.outlets.stop("the member has been permanently removed from the cluster"); });
  loop_.timers().start(removed_timer_, loop_.now_ns() + kLeaveNs);
}

void Peers::note_activity() {
  loop_.timers().start(activity_timer_, loop_.now_ns() + kNoteActivityNs);
  const std::lock_guard lock(activity_mutex_);
  active_since_.clear();
  for (const auto& [id, remote] : remotes_) active_since_[id] = remote->active_since_ns();
}

std::int64_t Peers::active_since_ns(MemberId id) const {
  if (id == shared_.identity.member) return 1;
  const std::lock_guard lock(activity_mutex_);
  const auto found = active_since_.find(id);
  return found == active_since_.end() ? 0 : found->second;
}

Remote* Peers::find(MemberId id) {
  const auto found = remotes_.find(id);
  return found == remotes_.end() ? nullptr : found->second.get();
}

bool Peers::is_removed(MemberId id) const { return members_ != nullptr && std::ranges::binary_search(members_->removed, id); }

// ---- In

// What an address was reused for, or a member that is none any more, must not reach raft.
void Peers::deliver(raft::Message message) {
  if (stopped_ || refuse_message(message.from, message.to)) return;
  node_.receive(std::move(message));
}

bool Peers::streams_body(std::string_view method, std::string_view target) { return method == "POST" && target == "/raft/snapshot"; }

void Peers::serve(rpc::HttpRequest request, rpc::HttpResponder responder) {
  if (stopped_) return std::move(responder).respond(rpc::plain_error(503, "stopping"));
  if (request.path == "/raft") return serve_pipeline(request, std::move(responder));
  if (request.path == "/raft/snapshot") return serve_snapshot(request, std::move(responder));
  if (request.path == "/raft/probing") return serve_probe(std::move(responder));
  if (request.path.starts_with("/raft/stream/")) return serve_stream(request, std::move(responder));
  std::move(responder).respond(rpc::not_found());
}

std::optional<rpc::HttpResponse> Peers::refuse(const rpc::HttpRequest& request) const {
  const auto text = refusal(shared_.identity, request.headers);
  if (!text) return std::nullopt;
  logger_.warn("request from another member was refused", {{"local-member-id", to_hex(shared_.identity.member)},
                                                           {"local-member-cluster-id", cluster::to_hex(shared_.identity.cluster)},
                                                           {"remote-peer-id", request.header("x-server-from")},
                                                           {"remote-peer-cluster-id", request.header("x-etcd-cluster-id")},
                                                           {"remote-peer-server-version", request.header("x-server-version")},
                                                           {"error", *text}});
  return rpc::plain_error(412, *text);
}

std::optional<rpc::HttpResponse> Peers::refuse_message(MemberId from, MemberId to) const {
  const std::string local = to_hex(shared_.identity.member);
  if (is_removed(from)) {
    logger_.warn("rejected Raft message from removed member", {{"local-member-id", local}, {"removed-member-id", to_hex(from)}});
    return forbidden("cannot process message from removed member");
  }
  if (to == shared_.identity.member) return std::nullopt;
  logger_.warn("rejected Raft message to mismatch member", {{"local-member-id", local}, {"mismatch-member-id", to_hex(to)}});
  return forbidden("cannot process message to mismatch member");
}

// Who sends may be a member that the log has not told this one of: then the request says where to answer.
void Peers::add_from_request(const rpc::HttpRequest& request) {
  const auto id = parse_hex_id(request.header("x-server-from"));
  const std::string urls = request.header("x-peerurls");
  if (!id || urls.empty() || MemberId(*id) == shared_.identity.member || find(MemberId(*id)) != nullptr || is_removed(MemberId(*id))) return;
  const auto strangers = std::ranges::count_if(remotes_, [](const auto& item) { return !item.second->has_streams(); });
  const auto parsed = base::parse_member_urls(urls);
  if (!parsed || static_cast<std::size_t>(strangers) >= kMaxStrangers) return;
  remotes_.emplace(MemberId(*id), std::make_unique<Remote>(shared_, MemberId(*id), base::to_strings(*parsed), /*with_streams=*/false));
}

void Peers::serve_pipeline(const rpc::HttpRequest& request, rpc::HttpResponder responder) {
  const rpc::HttpFields fields = {{"X-Etcd-Cluster-ID", cluster::to_hex(shared_.identity.cluster)}};
  const auto answer = [&](rpc::HttpResponse response) {
    response.headers.insert(response.headers.end(), fields.begin(), fields.end());
    std::move(responder).respond(std::move(response));
  };
  if (!is_method(request, "POST")) return answer(wrong_method("POST"));
  if (auto refused = refuse(request)) return answer(std::move(*refused));
  add_from_request(request);
  auto message = decode_one(request.body);
  if (!message) {
    logger_.warn("failed to unmarshal Raft message", {{"local-member-id", to_hex(shared_.identity.member)}, base::LogField(message.error())});
    return answer(rpc::plain_error(400, "error unmarshalling raft message"));
  }
  if (*message) {
    if (auto refused = refuse_message((*message)->from, (*message)->to)) return answer(std::move(*refused));
    shared_.metrics.received((*message)->from, request.body.size());
    node_.receive(std::move(**message));
  }
  answer({.status = 204, .headers = {}});
}

void Peers::serve_stream(const rpc::HttpRequest& request, rpc::HttpResponder responder) {
  const rpc::HttpFields fields = {{"X-Server-Version", cluster::to_string(cluster::kServerVersion)},
                                  {"X-Etcd-Cluster-ID", cluster::to_hex(shared_.identity.cluster)}};
  const auto answer = [&](rpc::HttpResponse response) {
    response.headers.insert(response.headers.end(), fields.begin(), fields.end());
    std::move(responder).respond(std::move(response));
  };
  if (!is_method(request, "GET")) return answer(wrong_method("GET"));
  if (auto refused = refuse(request)) return answer(std::move(*refused));
  const std::size_t slash = request.path.rfind('/');
  const std::string folder = request.path.substr(0, slash);
  std::optional<StreamKind> kind;
  for (const StreamKind one : {StreamKind::kAppend, StreamKind::kMessage}) {
    if (folder == path_of(one)) kind = one;
  }
  if (!kind) return answer(rpc::plain_error(404, "invalid path"));
  const auto from = parse_hex_id(std::string_view(request.path).substr(slash + 1));
  if (!from) return answer(rpc::plain_error(404, "invalid from"));
  const MemberId id(*from);
  if (is_removed(id)) {
    logger_.warn("rejected stream from remote peer because it was removed",
                 {{"local-member-id", to_hex(shared_.identity.member)}, {"remote-peer-id-from", to_hex(id)}});
    return answer({.status = 410, .headers = {}});
  }
  Remote* const remote = find(id);
  if (remote == nullptr || !remote->has_streams()) {
    add_from_request(request);
    logger_.warn("failed to find remote peer in cluster", {{"local-member-id", to_hex(shared_.identity.member)},
                                                           {"remote-peer-id-from", to_hex(id)},
                                                           {"cluster-id", cluster::to_hex(shared_.identity.cluster)}});
    return answer(rpc::plain_error(404, "error sender not found"));
  }
  if (request.header("x-raft-to") != to_hex(shared_.identity.member)) {
    logger_.warn("ignored streaming request; ID mismatch",
                 {{"local-member-id", to_hex(shared_.identity.member)}, {"remote-peer-id-header", request.header("x-raft-to")}});
    return answer(rpc::plain_error(412, "to field mismatch"));
  }
  const auto number = std::make_shared<std::uint64_t>(0);
  rpc::StreamEvents events;
  events.on_writable = [this, id, kind = *kind] {
    if (Remote* const there = find(id)) there->writable(kind);
  };
  const auto lost = [this, id, kind = *kind, number] {
    if (Remote* const there = find(id)) there->lost(kind, *number);
  };
  events.on_cancel = lost;
  events.on_half_close = lost;
  responder.set_events(std::move(events));
  *number = remote->attach(*kind, std::move(responder).begin(200, fields));
}

void Peers::serve_snapshot(const rpc::HttpRequest& request, rpc::HttpResponder responder) {
  const rpc::HttpFields fields = {{"X-Etcd-Cluster-ID", cluster::to_hex(shared_.identity.cluster)}};
  const auto answer = [&](rpc::HttpResponse response) {
    response.headers.insert(response.headers.end(), fields.begin(), fields.end());
    std::move(responder).respond(std::move(response));
  };
  if (!is_method(request, "POST")) return answer(wrong_method("POST"));
  if (auto refused = refuse(request)) return answer(std::move(*refused));
  add_from_request(request);
  if (!request.streams_body) return answer(rpc::plain_error(400, "a snapshot comes over HTTP/1.1"));
  const auto intake = std::make_shared<SnapshotIntake>(
      shared_,
      SnapshotIntake::Parts{node_.begin_receiving, node_.receive, [this](MemberId from, MemberId to) { return refuse_message(from, to); }}, fields);
  intakes_.insert(intake);
  intake->begin(std::move(responder), [this, raw = std::weak_ptr<SnapshotIntake>(intake)] { intakes_.erase(raw.lock()); });
}

void Peers::serve_probe(rpc::HttpResponder responder) {
  std::string json = "{\"OK\":true,\"Now\":\"" + base::log_time(loop_.clock().wall_ns()) + "\"}\n";
  std::move(responder).respond({.status = 200, .headers = {{"Content-Type", "application/json"}}, .body = base::Rope(std::move(json))});
}

}  // namespace etcd::peer
