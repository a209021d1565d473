#include "rpc/handshakes.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/url.h"
#include "rpc/tls_channel.h"
#include "tls/address_check.h"

namespace etcd::rpc {

namespace {

constexpr unsigned char kHandshakeRecord = 0x16;
constexpr std::int64_t kLinger = kSecond;  // for the client to read why it was refused
constexpr std::string_view kNoHandshake = "tls: first record does not look like a TLS handshake";
constexpr std::string_view kTimeout = "i/o timeout";
constexpr std::string_view kEnd = "EOF";

}  // namespace

class Handshakes::HalfOpen {
 public:
  HalfOpen(Handshakes& owner, Number number, Listener::Accepted accepted, std::shared_ptr<const TlsListen> how,
           Serves serves, Done done)
      : owner_(owner),
        number_(number),
        socket_(std::move(accepted.socket)),
        peer_(std::move(accepted.peer)),
        how_(std::move(how)),
        serves_(serves),
        done_(std::move(done)),
        place_(owner.by_silence_.insert(owner.by_silence_.end(), this)),
        timer_([this] { out_of_time(); }) {
    allow(how_->plain_too ? owner_.options_.header_timeout_ns : owner_.options_.handshake_timeout_ns);
    watch(EPOLLIN);
  }

  ~HalfOpen() { unwatch(); }

  Number number() const { return number_; }

  void give_up() { tell(nullptr); }

  void make_room() {
    owner_.logger_.debug("gave up a silent handshake for a new connection", {{"remote-addr", peer_->address}});
    tell(nullptr);
  }

  // What the name service has made of its certificate.
  void names_checked(const Status& outcome) {
    if (!outcome) return refuse(outcome.error().detail);
    establish();
  }

 private:
  enum class Stage : std::uint8_t { kFirstByte, kHandshake, kNames, kLingering };

  void on_ready() {
    owner_.by_silence_.splice(owner_.by_silence_.end(), owner_.by_silence_, place_);
    switch (stage_) {
      case Stage::kFirstByte: return look_at_first_byte();
      case Stage::kHandshake: return go_on();
      case Stage::kNames: return;
      case Stage::kLingering: return drop_input();
    }
  }

  void look_at_first_byte() {
    unsigned char first = 0;
    const ssize_t count = recv(socket_.get(), &first, 1, MSG_PEEK);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return refuse(kEnd);
    if (first != kHandshakeRecord) {
      if (!how_->plain_too) return refuse(kNoHandshake);
      unwatch();  // before the descriptor goes
      return tell(socket_channel(std::move(socket_)));
    }
    const tls::Session::Protocols protocols{.http2 = serves_ != Serves::kHttpOnly, .http1 = serves_ != Serves::kGrpcOnly};
    session_ = how_->context->accept(socket_.get(), protocols);
    stage_ = Stage::kHandshake;
    allow(owner_.options_.handshake_timeout_ns);
    go_on();
  }

  void go_on() {
    switch (session_->handshake()) {
      case tls::Session::Outcome::kDone: return check_address();
      case tls::Session::Outcome::kWantsInput: return watch(EPOLLIN);
      case tls::Session::Outcome::kWantsOutput: return watch(EPOLLOUT);
      case tls::Session::Outcome::kEnded:
      case tls::Session::Outcome::kFailed: return refuse(session_->error());
    }
  }

  void check_address() {
    const tls::Certificate* const shown = session_->verified();
    const auto place = base::split_host_port(peer_->address);
    if (!how_->look_up_apart || shown == nullptr || !place) return establish();
    if (!tls::needs_names(*shown, place->host)) return names_checked(tls::check_address(*shown, place->host, {}));
    stage_ = Stage::kNames;
    unwatch();
    how_->look_up_apart([weak = owner_.weak_from_this(), &loop = owner_.loop_, number = number_, shown = *shown,
                         host = place->host] {
      Status outcome = tls::check_address(shown, host, tls::system_names());
      loop.post([weak, number, outcome = std::move(outcome)] {
        const auto owner = weak.lock();
        HalfOpen* const half_open = owner ? owner->find(number) : nullptr;
        if (half_open != nullptr) half_open->names_checked(outcome);
      });
    });
  }

  void establish() {
    auto peer = std::make_shared<Peer>(*peer_);
    peer->is_secure = true;
    if (session_->verified() != nullptr) peer->verified_common_name = session_->verified()->common_name;
    peer_ = std::move(peer);
    unwatch();
    tell(tls_channel(std::move(socket_), std::move(session_)));
  }

  // The reason may still be on its way, and closing with input unread would destroy it there.
  void refuse(std::string_view why) {
    log_refusal(why);
    const bool is_gone = why == kEnd || why == kTimeout;
    session_.reset();  // `why` may be its own
    if (is_gone) return tell(nullptr);
    shutdown(socket_.get(), SHUT_WR);
    stage_ = Stage::kLingering;
    allow(kLinger);
    watch(EPOLLIN);
  }

  void drop_input() {
    std::array<char, 4096> dropped;
    const ssize_t count = recv(socket_.get(), dropped.data(), dropped.size(), 0);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) tell(nullptr);
  }

  void log_refusal(std::string_view why) const {
    base::Logger::Fields fields = {{"remote-addr", peer_->address},
                                   {"server-name", session_ ? session_->server_name() : std::string()}};
    if (session_ && session_->shown()) {
      fields.emplace_back("ip-addresses", session_->shown()->ip_addresses);
      fields.emplace_back("dns-names", session_->shown()->dns_names);
    }
    fields.emplace_back("error", why);
    const std::string message = "rejected connection on " + how_->endpoint + " endpoint";
    why == kEnd ? owner_.logger_.debug(message, fields) : owner_.logger_.warn(message, fields);
  }

  // So much time from now on.
  void allow(std::int64_t time_ns) { owner_.loop_.timers().start(timer_, owner_.loop_.now_ns() + time_ns); }

  void out_of_time() { stage_ == Stage::kLingering ? tell(nullptr) : refuse(kTimeout); }

  void watch(std::uint32_t interest) {
    if (interest == interest_) return;
    if (interest_ == 0) {
      owner_.loop_.watch(socket_.get(), interest, [this](std::uint32_t) { on_ready(); });
    } else {
      owner_.loop_.change(socket_.get(), interest);
    }
    interest_ = interest;
  }

  void unwatch() {
    if (std::exchange(interest_, 0) != 0) owner_.loop_.unwatch(socket_.get());
  }

  // The last that happens to it; what is left of it may outlive the loop's own life.
  void tell(std::unique_ptr<Channel> channel) {
    auto done = std::exchange(done_, nullptr);
    auto peer = std::move(peer_);
    unwatch();
    timer_.cancel();
    owner_.by_silence_.erase(place_);
    session_.reset();
    socket_.reset();
    owner_.end(*this);
    done(std::move(channel), std::move(peer));
  }

  Handshakes& owner_;
  const Number number_;
  Descriptor socket_;  // before the session
  std::unique_ptr<tls::Session> session_;  // none before the first byte
  std::shared_ptr<const Peer> peer_;
  std::shared_ptr<const TlsListen> how_;
  Serves serves_;
  Done done_;
  Stage stage_ = Stage::kFirstByte;
  std::uint32_t interest_ = 0;
  std::list<HalfOpen*>::iterator place_;
  Timer timer_;
};

Handshakes::Handshakes(Loop& loop, const Options& options, base::Logger& logger, std::size_t most)
    : loop_(loop), options_(options), logger_(logger), most_(most) {}

Handshakes::~Handshakes() = default;

void Handshakes::begin(Listener::Accepted accepted, std::shared_ptr<const TlsListen> how, Serves serves, Done done) {
  if (loop_.runs_here()) return add(std::move(accepted), std::move(how), serves, std::move(done));
  loop_.post([self = shared_from_this(), accepted = std::move(accepted), how = std::move(how), serves,
              done = std::move(done)]() mutable {
    self->add(std::move(accepted), std::move(how), serves, std::move(done));
  });
}

void Handshakes::add(Listener::Accepted accepted, std::shared_ptr<const TlsListen> how, Serves serves, Done done) {
  if (closed_) return done(nullptr, nullptr);
  if (all_.size() >= most_) by_silence_.front()->make_room();
  const Number number = ++last_;
  all_.emplace(number, std::make_unique<HalfOpen>(*this, number, std::move(accepted), std::move(how), serves, std::move(done)));
}

// Destroyed once nothing of it runs any more.
void Handshakes::end(HalfOpen& half_open) {
  const auto at = all_.find(half_open.number());
  loop_.post([gone = std::shared_ptr<HalfOpen>(std::move(at->second)), self = shared_from_this()] {});
  all_.erase(at);
}

Handshakes::HalfOpen* Handshakes::find(Number number) {
  const auto at = all_.find(number);
  return at == all_.end() ? nullptr : at->second.get();
}

void Handshakes::drain() {
  loop_.post([self = shared_from_this()] { self->close_all(); });
}

void Handshakes::close_all() {
  closed_ = true;
  while (!all_.empty()) all_.begin()->second->give_up();
}

}  // namespace etcd::rpc
