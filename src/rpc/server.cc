#include "rpc/server.h"

#include <algorithm>
#include <atomic>

#include "base/check.h"
#include "rpc/connection.h"
#include "rpc/handshakes.h"
#include "rpc/listener.h"
#include "rpc/shard.h"

namespace etcd::rpc {

namespace {

constexpr int kAcceptsAtOnce = 64;
constexpr std::int64_t kAcceptPause = 100'000'000;  // when descriptors or allowed connections have run out

}  // namespace

// Shared with the tasks that it posts to its loops, so that those find out when it has closed.
struct Server::Core : std::enable_shared_from_this<Core> {
  struct Socket {
    Socket(Listener of, Serves what, std::shared_ptr<const TlsListen> how)
        : listener(std::move(of)), serves(what), tls(std::move(how)) {}
    Listener listener;
    Serves serves;
    std::shared_ptr<const TlsListen> tls;  // none: plain
    Timer pause;
  };

  Core(Options options, const ServiceTable& services, HttpHandler http, std::vector<Loop*> on_loops,
       base::Logger& logger, std::vector<Loop*> handshake_loops)
      : parts(std::make_shared<const ServerParts>(ServerParts{std::move(options), services, std::move(http), logger})),
        loops(std::move(on_loops)) {
    CHECK(!loops.empty());
    for (Loop* loop : loops) {
      shards.push_back(std::make_shared<Shard>(parts, *loop));
      connections.push_back(std::make_unique<Connections>(shards.back(), [this] { open.fetch_sub(1); }));
    }
    if (handshake_loops.empty()) handshake_loops = loops;
    const std::size_t most = std::max<std::size_t>(1, parts->options.max_handshakes / handshake_loops.size());
    for (Loop* loop : handshake_loops) {
      handshakes.push_back(std::make_shared<Handshakes>(*loop, parts->options, logger, most));
    }
  }

  // Loop 0.
  void start(std::unique_ptr<Socket> socket);
  void accept_some(Socket& socket);
  void pause(Socket& socket);
  void deal_out(Listener::Accepted accepted, const Socket& socket);
  void stop_accepting();
  // Any thread.
  void adopt(std::size_t to, std::unique_ptr<Channel> channel, std::shared_ptr<const Peer> peer, Serves serves);
  void check_drained();

  // Runs `task` on that loop unless the server has closed by then.
  void post(std::size_t loop, base::UniqueFunction<void()> task) {
    loops[loop]->post([self = shared_from_this(), run = std::move(task)]() mutable {
      if (!self->closed) run();
    });
  }
  void close();

  std::shared_ptr<const ServerParts> parts;
  std::vector<Loop*> loops;
  std::vector<std::shared_ptr<Shard>> shards;
  std::vector<std::unique_ptr<Connections>> connections;
  std::atomic<std::size_t> open = 0;
  std::atomic<bool> closed = false;
  std::vector<std::shared_ptr<Handshakes>> handshakes;

  // Whoever binds and listens.
  std::vector<std::unique_ptr<Socket>> bound;  // not served yet

  // Loop 0.
  std::vector<std::unique_ptr<Socket>> sockets;
  std::size_t next_loop = 0;
  std::size_t next_handshake = 0;
  bool draining = false;
  base::UniqueFunction<void()> drained;
  Timer drain_check;
  std::int64_t drain_deadline_ns = 0;
};

void Server::Core::start(std::unique_ptr<Socket> socket) {
  if (draining) return;
  Socket& added = *sockets.emplace_back(std::move(socket));
  added.pause.set_callback([this, &added] { loops[0]->change(added.listener.fd(), EPOLLIN); });
  loops[0]->watch(added.listener.fd(), EPOLLIN, [this, &added](std::uint32_t) { accept_some(added); });
}

void Server::Core::accept_some(Socket& socket) {
  const std::size_t most = parts->options.max_connections;
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    if (most != 0 && open.load() >= most) return pause(socket);
    bool out_of_descriptors = false;
    Listener::Accepted accepted = socket.listener.accept(out_of_descriptors);
    if (out_of_descriptors) return pause(socket);
    if (!accepted.socket.is_open()) return;
    open.fetch_add(1);
    deal_out(std::move(accepted), socket);
  }
}

// Leaves connections in the system's queue for a while.
void Server::Core::pause(Socket& socket) {
  loops[0]->change(socket.listener.fd(), 0);
  loops[0]->timers().start(socket.pause, loops[0]->now_ns() + kAcceptPause);
}

void Server::Core::deal_out(Listener::Accepted accepted, const Socket& socket) {
  const std::size_t to = next_loop++ % loops.size();
  if (socket.tls == nullptr) {
    return adopt(to, socket_channel(std::move(accepted.socket)), std::move(accepted.peer), socket.serves);
  }
  auto done = [self = shared_from_this(), to, serves = socket.serves](std::unique_ptr<Channel> channel,
                                                                     std::shared_ptr<const Peer> peer) {
    if (channel == nullptr) return void(self->open.fetch_sub(1));
    self->adopt(to, std::move(channel), std::move(peer), serves);
  };
  const auto& handshaker = handshakes[next_handshake++ % handshakes.size()];
  handshaker->begin(std::move(accepted), socket.tls, socket.serves, std::move(done));
}

void Server::Core::adopt(std::size_t to, std::unique_ptr<Channel> channel, std::shared_ptr<const Peer> peer,
                         Serves serves) {
  if (loops[to]->runs_here()) return connections[to]->adopt(std::move(channel), std::move(peer), serves);
  post(to, [this, to, channel = std::move(channel), peer = std::move(peer), serves]() mutable {
    connections[to]->adopt(std::move(channel), std::move(peer), serves);
  });
}

void Server::Core::stop_accepting() {
  for (const auto& socket : sockets) {
    socket->pause.cancel();
    loops[0]->unwatch(socket->listener.fd());
  }
  sockets.clear();
  for (const auto& handshaker : handshakes) handshaker->drain();
}

void Server::Core::check_drained() {
  const std::int64_t now_ns = loops[0]->now_ns();
  if (open.load() == 0) {
    if (auto done = std::exchange(drained, nullptr)) done();
    return;
  }
  if (now_ns >= drain_deadline_ns) {
    drain_deadline_ns = kNoDeadline;
    for (std::size_t i = 0; i < loops.size(); ++i) post(i, [this, i] { connections[i]->close_all(); });
  }
  constexpr std::int64_t kCheckEvery = 5'000'000;
  loops[0]->timers().start(drain_check, std::min(drain_deadline_ns, now_ns + kCheckEvery));
}

void Server::Core::close() {
  closed = true;
  drain_check.cancel();
  stop_accepting();
  for (const auto& handshaker : handshakes) handshaker->close_all();
  for (const auto& each : connections) each->close_all();
  connections.clear();
  for (const auto& shard : shards) shard->close();
}

Server::Server(Options options, const ServiceTable& services, HttpHandler http, std::vector<Loop*> loops,
               base::Logger& logger, std::vector<Loop*> handshake_loops)
    : core_(std::make_shared<Core>(std::move(options), services, std::move(http), std::move(loops), logger,
                                   std::move(handshake_loops))) {}

Server::~Server() {
  core_->close();
}

Result<std::string> Server::listen(const std::string& address, Serves serves, std::shared_ptr<const TlsListen> tls) {
  TRY_ASSIGN(std::string bound, bind(address, serves, std::move(tls)));
  TRY(listen_bound());
  return bound;
}

Result<std::string> Server::bind(const std::string& address, Serves serves, std::shared_ptr<const TlsListen> tls) {
  TRY_ASSIGN(Listener listener, Listener::bind(address, {.reuse_port = core_->parts->options.reuse_port}));
  std::string bound = listener.address();
  core_->bound.push_back(std::make_unique<Core::Socket>(std::move(listener), serves, std::move(tls)));
  return bound;
}

Status Server::listen_bound() {
  for (auto& socket : std::exchange(core_->bound, {})) {
    TRY(socket->listener.listen());
    core_->post(0, [core = core_.get(), socket = std::move(socket)]() mutable { core->start(std::move(socket)); });
  }
  return {};
}

void Server::drain(std::int64_t grace_ns, base::UniqueFunction<void()> drained) {
  core_->post(0, [core = core_.get(), grace_ns, done = std::move(drained)]() mutable {
    CHECK(!core->draining, "a server is drained once");
    core->draining = true;
    core->stop_accepting();
    core->drained = std::move(done);
    core->drain_deadline_ns = core->loops[0]->now_ns() + grace_ns;
    core->drain_check.set_callback([core] { core->check_drained(); });
    for (std::size_t i = 0; i < core->loops.size(); ++i) {
      core->post(i, [core, i] { core->connections[i]->drain(); });
    }
    core->check_drained();
  });
}

Counters Server::counters() const {
  Counters sum;
  for (const auto& shard : core_->shards) shard->add_to(sum);
  return sum;
}

}  // namespace etcd::rpc
