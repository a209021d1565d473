#include "server/server.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <future>
#include <thread>

#include "api/api.h"
#include "api/auth/tokens.h"
#include "base/file.h"
#include "base/metrics.h"
#include "cluster/bootstrap.h"
#include "node/local_node.h"
#include "server/corruption_at_start.h"
#include "server/descriptors.h"
#include "server/first_members.h"
#include "server/init_notice.h"
#include "server/initial_members.h"
#include "server/joining.h"
#include "server/node_observer.h"
#include "server/peer_side.h"
#include "server/room_options.h"
#include "server/startup.h"
#include "server/startup_pages.h"
#include "server/threads.h"
#include "server/tls_side.h"
#include "server/worker_threads.h"
#include "server/validate.h"

namespace etcd::server {

namespace {

constexpr std::int64_t kDrainNs = 2'000'000'000;
constexpr std::int64_t kTransferNs = 2'000'000'000;

std::string_view name_of(rpc::Serves serves) {
  switch (serves) {
    case rpc::Serves::kBoth: return "grpc+http";
    case rpc::Serves::kGrpcOnly: return "grpc";
    case rpc::Serves::kHttpOnly: return "http";
  }
  return "";
}

// SIGTERM and SIGINT as something to wait for, on the thread that made this and for all threads made after it. Until it is made they end the process
// as they always do: nothing has been promised to anybody then.
class StopSignal {
 public:
  StopSignal() {
    ::sigemptyset(&signals_);
    ::sigaddset(&signals_, SIGTERM);
    ::sigaddset(&signals_, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  int wait() {
    int signal = 0;
    ::sigwait(&signals_, &signal);
    return signal;
  }

 private:
  sigset_t signals_;
};

// The member that longest answers, and may lead; 0: there is none.
MemberId best_successor(const peer::Peers& peers, const cluster::View& view, MemberId local) {
  MemberId best;
  std::int64_t since_ns = 0;
  for (const cluster::Member& member : view.members) {
    const std::int64_t active_ns = peers.active_since_ns(member.id);
    if (member.id == local || member.is_learner || active_ns == 0 || (best != MemberId(0) && active_ns >= since_ns)) continue;
    best = member.id;
    since_ns = active_ns;
  }
  return best;
}

std::vector<rpc::Loop*> loops_of(const std::vector<std::unique_ptr<LoopThread>>& threads) {
  std::vector<rpc::Loop*> loops;
  for (const auto& thread : threads) loops.push_back(&thread->loop());
  return loops;
}

struct ClientPort {
  ListenPlace place;
  rpc::Serves serves;
  std::string address;  // as bound
};

// Everything of one process, in the order in which it is built.
class Server {
 public:
  Server(const Config& config, base::Logger& logger)
      : config_(config), logger_(logger), peer_side_(config, [this](const char* why) { end_removed(why); }, metrics_, clock_, logger) {
    for (std::size_t i = 0; i < io_thread_count(std::thread::hardware_concurrency()); ++i) {
      io_.push_back(std::make_unique<LoopThread>("io-" + std::to_string(i), clock_));
    }
    for (std::size_t i = 0; i < io_.size() && listens_with_tls(config); ++i) {
      handshakes_.push_back(std::make_unique<LoopThread>("tls-" + std::to_string(i), clock_));
    }
  }

  Status open();
  void start();
  // Says goodbye to the clients, then ends what works for them, last what keeps their data.
  void stop();

 private:
  std::vector<rpc::Loop*> loops() { return loops_of(io_); }
  std::vector<rpc::Loop*> handshake_loops() { return loops_of(handshakes_); }
  void serve_clients();
  std::shared_ptr<const rpc::TlsListen> secured(const ListenPlace& place) const;
  rpc::Options client_options() const;
  Status bind_client_ports();
  Status bind(const Urls& urls, rpc::Serves serves);
  void drain(rpc::Server& server);
  Status prepare_start(bool initialized, node::StartOptions& start);
  void transfer_leadership();
  void skip_transfer(const node::NodeStatus& status);
  void end_removed(const char* why);

  const Config& config_;
  base::Logger& logger_;
  const std::uint64_t descriptor_limit_ = raise_descriptor_limit();
  base::Clock& clock_ = base::system_clock();
  std::unique_ptr<base::FileSystem> files_ = base::posix_file_system();
  base::Metrics metrics_;
  StageThread write_{"write", base::system_clock()};
  StageThread flush_{"flush", base::system_clock()};
  StageThread work_{"work", base::system_clock()};
  StageThread read_{"read", base::system_clock()};
  node::Worker reader_{read_.wakeup()};
  WorkerThreads hash_{"hash", std::thread::hardware_concurrency(), base::system_clock()};  // passwords
  StageThread verify_{"verify", base::system_clock()};
  node::Worker verifier_{verify_.wakeup()};  // of signed tokens; not behind passwords, which take a thousand times as long
  std::vector<std::unique_ptr<LoopThread>> io_;
  std::vector<std::unique_ptr<LoopThread>> handshakes_;  // where strangers' TLS handshakes happen
  TlsSide tls_;
  PeerSide peer_side_;
  std::unique_ptr<node::LocalNode> node_;
  std::unique_ptr<api::Api> api_;
  rpc::ServiceTable services_;
  rpc::ServiceTable no_services_;
  std::unique_ptr<rpc::Server> clients_;
  std::vector<ClientPort> client_ports_;
  std::unique_ptr<rpc::Server> monitors_;  // --listen-metrics-urls
};

Status Server::open() {
  const bool initialized = is_member_initialized(config_, *files_);
  TRY(check_listen_urls(config_.member));
  TRY_ASSIGN(tls_, open_tls(config_, *files_, metrics_, clock_, logger_));
  peer_side_.use_tls(tls_);
  if (!initialized && !finds_members(config_)) TRY(check_initial_members(config_, resolve_host));
  log_summary(config_, initialized, logger_);
  TRY_ASSIGN(node::NodeOptions options, node_options(config_, metrics_));
  TRY(prepare_start(initialized, options.start));
  options.transport = &peer_side_.peers();
  options.active_since_ns = [this](MemberId id) { return peer_side_.peers().active_since_ns(id); };
  options.ask_versions = [this](std::shared_ptr<const cluster::View> view, node::VersionsTold told) {
    peer_side_.ask_versions(std::move(view), std::move(told));
  };
  const node::NodeWakeups wakeups{write_.wakeup(), write_.wakeup(), write_.wakeup(), flush_.wakeup(), work_.wakeup()};
  auto ready = [this] { io_.front()->loop().post([this] { serve_clients(); }); };
  TRY_ASSIGN(node_, node::LocalNode::open(*files_, options, wakeups, make_node_observer(metrics_), ready, clock_, logger_));
  if (initialized && config_.features.enabled("InitialCorruptCheck")) {
    TRY(check_corruption_at_start(*node_, options.limits.timeout_ns, tls_.dial_peers, logger_));
  }
  api::Options serving = api_options(config_);
  serving.read_elsewhere = [this](node::Job job) { reader_.inbox().push(std::move(job)); };
  serving.hash_elsewhere = [this](node::Job job) { hash_.push(std::move(job)); };
  serving.verify_elsewhere = [this](node::Job job) { verifier_.inbox().push(std::move(job)); };
  TRY_ASSIGN(const api::Tokens::Options tokens, token_options(config_.security));
  TRY_ASSIGN(serving.tokens, api::Tokens::open(tokens, {metrics_, clock_, logger_, files_.get()}));
  serving.peers = peer_side_.access();
  api_ = std::make_unique<api::Api>(*node_, std::move(serving), loops(), metrics_, clock_, logger_);
  api_->register_services(services_);
  clients_ = std::make_unique<rpc::Server>(client_options(), services_, api_->http_handler(), loops(), logger_, handshake_loops());
  api_->observe(*clients_);
  TRY(bind_client_ports());
  TRY(peer_side_.listen(api_->peer_handler(peer_side_.loop()), handshake_loops()));
  if (config_.monitoring.listen_metrics_urls.empty()) return {};
  monitors_ = std::make_unique<rpc::Server>(rpc_options(config_), no_services_, api_->http_handler(true), loops(), logger_, handshake_loops());
  for (const ListenPlace& place : listen_places(config_.monitoring.listen_metrics_urls)) {
    TRY(monitors_->listen(place.address, rpc::Serves::kHttpOnly, secured(place)));
  }
  for (const Url& url : config_.monitoring.listen_metrics_urls) logger_.info("serving metrics", {{"address", url.to_string()}});
  return {};
}

// Who has no data yet finds out which cluster it is going to be part of.
Status Server::prepare_start(bool initialized, node::StartOptions& start) {
  if (config_.cluster.is_new()) {
    if (initialized) return {};
    if (finds_members(config_)) TRY(find_first_members(config_, logger_, start));
    TRY_ASSIGN(const cluster::Bootstrap bootstrap, cluster::bootstrap(start.initial_cluster, start.initial_cluster_token, start.name));
    return check_not_bootstrapped(start.initial_cluster, bootstrap, tls_.dial_peers);
  }
  start.join.emplace();
  if (initialized) return {};  // it has joined, even if its log is still empty
  TRY_ASSIGN(start.join, find_cluster(start.initial_cluster, start.name, tls_.dial_peers, logger_));
  return {};
}

void Server::start() {
  // Apply before disk: answers of the last batch leave before the thread waits for the sync of the next.
  write_.add([this](std::int64_t now_ns) { return node_->step_replica(now_ns); });
  write_.add([this](std::int64_t now_ns) { return node_->step_apply(now_ns); });
  write_.add([this](std::int64_t) { return node_->step_disk(); });
  flush_.add([this](std::int64_t) { return node_->step_flush(); });
  work_.add([this](std::int64_t) { return node_->step_worker(); });
  read_.add([this](std::int64_t) { return reader_.step(); });
  verify_.add([this](std::int64_t) { return verifier_.step(); });
  peer_side_.start(*node_);
  for (auto& io : io_) io->start();
  for (auto& handshakes : handshakes_) handshakes->start();
  work_.start();
  read_.start();
  hash_.start();
  verify_.start();
  flush_.start();
  write_.start();
}

rpc::Options Server::client_options() const {
  rpc::Options options = rpc_options(config_);
  options.max_connections = connections_under(descriptor_limit_);
  if (options.max_connections == 0) {
    logger_.fatal("file descriptor limit of etcd process is too low; please set higher",
                  {{"limit", descriptor_limit_}, {"recommended-limit", kReservedDescriptors}});
  }
  return options;
}

// A port that somebody else has ends the start, before this member takes part in anything.
Status Server::bind_client_ports() {
  const Urls& http_urls = config_.member.listen_client_http_urls;
  TRY(bind(config_.member.listen_client_urls, http_urls.empty() ? rpc::Serves::kBoth : rpc::Serves::kGrpcOnly));
  return bind(http_urls, rpc::Serves::kHttpOnly);
}

Status Server::bind(const Urls& urls, rpc::Serves serves) {
  for (const ListenPlace& place : listen_places(urls)) {
    TRY_ASSIGN(std::string address, clients_->bind(place.address, serves, secured(place)));
    client_ports_.push_back({place, serves, std::move(address)});
  }
  return {};
}

// On the first loop's thread, once the member has published itself.
void Server::serve_clients() {
  if (const Status listening = clients_->listen_bound(); !listening) logger_.fatal("listener failed", {base::LogField(listening.error())});
  for (const ClientPort& port : client_ports_) {
    const base::Logger::Fields fields = {{"traffic", name_of(port.serves)}, {"address", port.address}};
    logger_.info("ready to serve client requests");
    if (port.place.is_plain) logger_.info("serving client traffic insecurely; this is strongly discouraged!", fields);
    if (port.place.is_secure) logger_.info("serving client traffic securely", fields);
  }
  notify_init_daemon(logger_);
  release_startup_pages();
}

std::shared_ptr<const rpc::TlsListen> Server::secured(const ListenPlace& place) const {
  if (!place.is_secure) return nullptr;
  return std::make_shared<const rpc::TlsListen>(rpc::TlsListen{.context = tls_.clients, .plain_too = place.is_plain});
}

void Server::stop() {
  const base::Logger::Fields fields = {{"name", config_.member.name},
                                       {"data-dir", config_.member.data_dir},
                                       {"advertise-peer-urls", base::to_strings(config_.cluster.initial_advertise_peer_urls)},
                                       {"advertise-client-urls", base::to_strings(config_.cluster.advertise_client_urls)}};
  logger_.info("closing etcd server", fields);
  transfer_leadership();
  api_->stop();
  drain(*clients_);
  if (monitors_) drain(*monitors_);
  write_.stop();
  node_->stop_waiting();
  flush_.stop();
  work_.stop();
  read_.stop();
  hash_.stop();
  verify_.stop();
  peer_side_.stop();
  for (auto& handshakes : handshakes_) handshakes->stop();
  for (auto& io : io_) io->stop();
  monitors_.reset();
  clients_.reset();
  peer_side_.close();
  api_.reset();
  node_->close();
  logger_.info("closed etcd server", fields);
}

// The others go on without an election's wait.
void Server::transfer_leadership() {
  const node::NodeStatus status = node_->status();
  if (status.leader != status.member_id) return;
  const auto view = node_->cluster();
  if (std::ranges::count_if(view->members, [](const cluster::Member& member) { return !member.is_learner; }) == 1) return skip_transfer(status);
  const MemberId to = best_successor(peer_side_.peers(), *view, status.member_id);
  const base::Logger::Fields fields = {{"local-member-id", cluster::to_hex(status.member_id)},
                                       {"current-leader-member-id", cluster::to_hex(status.leader)},
                                       {"transferee-member-id", cluster::to_hex(to)}};
  if (to == MemberId(0)) return logger_.warn("failed to transfer leadership, no member answers", fields);
  logger_.info("leadership transfer starting", fields);
  std::promise<Status> moved;
  node_->move_leader(to, clock_.monotonic_ns() + kTransferNs, [&](Status outcome) { moved.set_value(std::move(outcome)); });
  const Status outcome = moved.get_future().get();
  if (!outcome) return logger_.warn("leadership transfer failed", {{"local-member-id", cluster::to_hex(status.member_id)}, base::LogField(outcome.error())});
  logger_.info("leadership transfer finished", fields);
}

// As etcd ends, a second after it has learnt of it.
void Server::end_removed(const char* why) {
  logger_.warn("server error", {{"error", why}});
  logger_.warn("data-dir used by this member must be removed");
  ::kill(::getpid(), SIGTERM);
}

// There is nobody to lead in its place.
void Server::skip_transfer(const node::NodeStatus& status) {
  logger_.info("skipped leadership transfer for single voting member cluster",
               {{"local-member-id", cluster::to_hex(status.member_id)}, {"current-leader-member-id", cluster::to_hex(status.leader)}});
}

void Server::drain(rpc::Server& server) {
  std::promise<void> drained;
  server.drain(kDrainNs, [&] { drained.set_value(); });
  drained.get_future().wait();
}

}  // namespace

int run(const Config& config, base::Logger& logger) {
  Server server(config, logger);
  if (Status opened = server.open(); !opened) logger.fatal("discovery failed", {base::LogField(opened.error())});
  StopSignal stop_signal;
  server.start();
  const int signal = stop_signal.wait();
  logger.info("received signal; shutting down", {{"signal", signal == SIGTERM ? "terminated" : "interrupt"}});
  server.stop();
  return 0;
}

}  // namespace etcd::server
