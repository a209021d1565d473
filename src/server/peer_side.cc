#include "server/peer_side.h"

#include <netinet/in.h>

#include <algorithm>
#include <future>
#include <utility>

#include "cluster/json_reader.h"

namespace etcd::server {

namespace {

constexpr std::size_t kMaxMessageBytes = 512 * 1024 * 1024;  // etcd's, of one raft message
constexpr std::int64_t kVersionNs = 4 * rpc::kSecond;

peer::Peers::Options peer_options(const Config& config, node::Worker& files, node::Worker& names, base::Metrics& metrics,
                                  std::function<void(const char*)> removed) {
  return {.peer_urls = base::to_strings(config.cluster.initial_advertise_peer_urls),
          .dial_ns = rpc::kSecond + static_cast<std::int64_t>(config.member.election_ms) * 1'000'000,
          .look_up_apart = [&names](peer::Peers::Job job) { names.inbox().push(std::move(job)); },
          .read_files_apart = [&files](peer::Peers::Job job) { files.inbox().push(std::move(job)); },
          .metrics = &metrics,
          .stop = std::move(removed)};
}

std::optional<cluster::Version> server_version(const Result<peer::Answer>& answer) {
  if (!answer || answer->status != 200) return std::nullopt;
  const auto object = cluster::JsonReader::parse(answer->body);
  std::string text;
  if (!object || !object->read("etcdserver", text)) return std::nullopt;
  return cluster::parse_version(text);
}

// The versions of members, as their answers come in.
struct Versions {
  std::size_t missing = 0;
  std::optional<cluster::VersionSpan> all = cluster::VersionSpan{cluster::kServerVersion, cluster::kServerVersion};
  node::VersionsTold told;

  void add(const std::optional<cluster::Version>& version) {
    if (all && version) {
      *all = {std::min(all->lowest, *version), std::max(all->highest, *version)};
    } else {
      all.reset();
    }
    if (--missing == 0) told(all);
  }
};

// Neither a loopback address nor that of all interfaces.
bool can_be_reached(const rpc::SocketAddress& address) {
  if (address.family() == AF_INET) {
    const std::uint32_t ip = ntohl(reinterpret_cast<const sockaddr_in&>(address.storage).sin_addr.s_addr);
    return ip != INADDR_ANY && (ip >> 24) != IN_LOOPBACKNET;
  }
  const in6_addr& ip = reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_addr;
  return !IN6_IS_ADDR_LOOPBACK(&ip) && !IN6_IS_ADDR_UNSPECIFIED(&ip);
}

// With the gate SetMemberLocalAddr the first address among the advertised URLs that others can reach; else the system's choice.
std::optional<rpc::SocketAddress> member_local_address(const Config& config, base::Logger& logger) {
  if (!config.features.enabled("SetMemberLocalAddr")) return std::nullopt;
  const base::Logger::Fields urls = {{"advertise-peer-urls", base::to_strings(config.cluster.initial_advertise_peer_urls)}};
  logger.info("searching for a suitable member local address in AdvertisePeerURLs", urls);
  for (const Url& url : config.cluster.initial_advertise_peer_urls) {
    const auto place = base::split_host_port(url.host);
    if (!place || !base::is_ip_address(place->host)) continue;
    const bool is_ip6 = place->host.find(':') != std::string::npos;
    const auto address = rpc::numeric_address(is_ip6 ? "[" + place->host + "]:0" : place->host + ":0");
    if (!address || !can_be_reached(*address)) continue;
    logger.info("setting member local address", {{"LocalAddr", place->host}});
    return address;
  }
  logger.warn("unable to set a member local address due to lack of suitable local addresses", urls);
  return std::nullopt;
}

}  // namespace

PeerSide::PeerSide(const Config& config, std::function<void(const char*)> removed, base::Metrics& metrics, base::Clock& clock, base::Logger& logger)
    : config_(config),
      logger_(logger),
      loop_("peer", clock),
      file_thread_("peer-files", clock),
      name_thread_("peer-names", clock),
      files_(file_thread_.wakeup()),
      names_(name_thread_.wakeup()),
      peers_(loop_.loop(), peer_options(config, files_, names_, metrics, std::move(removed)), logger) {}

api::PeerAccess PeerSide::access() {
  return {.active_since_ns = [this](MemberId id) { return peers_.active_since_ns(id); },
          .ask =
              [this](api::PeerQuestion question, std::function<void(Result<api::PeerAnswer>)> done) {
                loop().post([this, question = std::move(question), done = std::move(done)]() mutable {
                  peer::ask(peers_.network(), std::move(question.urls), question.fields, std::move(question.method), std::move(question.target),
                            std::move(question.body), question.limit_ns, [done = std::move(done)](Result<peer::Answer> answer) {
                              if (!answer) return done(fail(answer.error()));
                              done(api::PeerAnswer{answer->status, std::move(answer->body)});
                            });
                });
              }};
}

void PeerSide::ask_versions(std::shared_ptr<const cluster::View> view, node::VersionsTold told) {
  loop().post([this, view = std::move(view), told = std::move(told)]() mutable {
    const auto versions = std::make_shared<Versions>();
    versions->told = std::move(told);
    versions->missing = 1;
    for (const cluster::Member& member : view->members) {
      if (member.id == peers_.identity().member) continue;
      ++versions->missing;
      peer::ask(peers_.network(), member.peer_urls, {}, "GET", "/version", "", kVersionNs, [this, versions, id = member.id](const Result<peer::Answer>& answer) {
        if (!answer) logger_.warn("failed to get version", {{"remote-member-id", cluster::to_hex(id)}, base::LogField(answer.error())});
        versions->add(server_version(answer));
      });
    }
    versions->add(cluster::kServerVersion);
  });
}

void PeerSide::use_tls(const TlsSide& tls) {
  tls_ = tls.peers;
  peers_.network().use_tls(tls.dial_peers);
  peers_.network().dial_from(member_local_address(config_, logger_));
}

Status PeerSide::listen(rpc::HttpHandler pages, std::vector<rpc::Loop*> handshake_loops) {
  rpc::Options options;
  options.max_http_body_bytes = kMaxMessageBytes;
  options.streams_body = peer::Peers::streams_body;
  server_ = std::make_unique<rpc::Server>(
      options, no_services_,
      [this, pages = std::move(pages)](rpc::HttpRequest request, rpc::HttpResponder responder) {
        const bool is_raft = request.path == "/raft" || request.path.starts_with("/raft/");
        is_raft ? peers_.serve(std::move(request), std::move(responder)) : pages(std::move(request), std::move(responder));
      },
      std::vector<rpc::Loop*>{&loop()}, logger_, std::move(handshake_loops));
  for (const ListenPlace& place : listen_places(config_.member.listen_peer_urls)) {
    TRY_ASSIGN(const std::string address, server_->listen(place.address, rpc::Serves::kHttpOnly, secured(place)));
    logger_.info("serving peer traffic", {{"address", address}});
  }
  return {};
}

std::shared_ptr<const rpc::TlsListen> PeerSide::secured(const ListenPlace& place) {
  if (!place.is_secure) return nullptr;
  rpc::TlsListen listen{.context = tls_, .plain_too = place.is_plain, .endpoint = "peer"};
  if (!config_.security.peer.skip_client_san_verification) {
    listen.look_up_apart = [this](base::UniqueFunction<void()> job) { names_.inbox().push(std::move(job)); };
  }
  return std::make_shared<const rpc::TlsListen>(std::move(listen));
}

void PeerSide::start(node::LocalNode& node) {
  const node::NodeStatus status = node.status();
  peers_.start({.receive = [&node](raft::Message message) { node.receive(std::move(message)); },
                .unreachable = [&node](MemberId id) { node.unreachable(id); },
                .snapshot_sent = [&node](MemberId id, bool sent) { node.snapshot_sent(id, sent); },
                .begin_receiving = [&node](const raft::SnapshotMetadata& metadata) { return node.begin_receiving(metadata); }},
               status.cluster_id, status.member_id);
  file_thread_.add([this](std::int64_t) { return files_.step(); });
  name_thread_.add([this](std::int64_t) { return names_.step(); });
  name_thread_.start();
  file_thread_.start();
  loop_.start();
}

void PeerSide::stop() {
  std::promise<void> stopped;
  loop().post([&] {
    peers_.stop();
    stopped.set_value();
  });
  stopped.get_future().wait();
  file_thread_.stop();
  name_thread_.stop();
  loop_.stop();
}

void PeerSide::close() {
  (void)files_.step();
  loop().run_once(0);
  server_.reset();
}

}  // namespace etcd::server
