#include "peer/network.h"

#include <utility>

namespace etcd::peer {

namespace {

constexpr std::int64_t kKnownForNs = 10 * rpc::kSecond;
constexpr std::size_t kMaxAnswerBytes = 16 * 1024 * 1024;

std::string address_of(const base::Url& url) { return url.is_unix() ? "unix:" + url.address() : url.address(); }

// One request to several URLs in turn. Keeps itself until it is done.
class Asking : public std::enable_shared_from_this<Asking> {
 public:
  Asking(Network& network, std::vector<std::string> urls, rpc::HttpFields fields, std::string method, std::string target, std::string body,
         std::int64_t limit_ns, std::function<void(Result<Answer>)> done)
      : network_(network),
        urls_(std::move(urls)),
        fields_(std::move(fields)),
        method_(std::move(method)),
        target_(std::move(target)),
        body_(std::move(body)),
        limit_ns_(limit_ns),
        done_(std::move(done)) {}

  void ask_next(Error last) {
    if (next_ == urls_.size()) return finish(fail(std::move(last)));
    const auto url = base::Url::parse(urls_[next_++]);
    if (!url) return ask_next(url.error());
    answer_ = {};
    rpc::ClientRequest request{.method = method_, .target = target_, .fields = fields_, .body = base::Rope(body_)};
    rpc::ClientEvents events;
    events.on_head = [this](int status, const rpc::Metadata& fields) {
      answer_.status = status;
      answer_.fields = fields;
    };
    events.on_body = [this](std::string bytes) {
      too_large_ = too_large_ || answer_.body.size() + bytes.size() > kMaxAnswerBytes;
      if (!too_large_) answer_.body += bytes;
    };
    events.on_end = [keep = shared_from_this()](Status outcome) { keep->ended(std::move(outcome)); };
    call_ = std::make_unique<Call>(network_, *url, std::move(request), rpc::ClientLimits{.connect_ns = network_.dial_ns(), .total_ns = limit_ns_},
                                   std::move(events));
  }

 private:
  void ended(Status outcome) {
    if (!outcome) return ask_next(outcome.error());
    if (too_large_) return finish(fail(Errc::kInvalid, "the answer is too large"));
    finish(std::move(answer_));
  }
  void finish(Result<Answer> result) {
    auto done = std::exchange(done_, nullptr);
    call_.reset();
    if (done) done(std::move(result));
  }

  Network& network_;
  std::vector<std::string> urls_;
  rpc::HttpFields fields_;
  std::string method_, target_, body_;
  std::int64_t limit_ns_;
  std::function<void(Result<Answer>)> done_;
  std::size_t next_ = 0;
  Answer answer_;
  bool too_large_ = false;
  std::unique_ptr<Call> call_;
};

}  // namespace

void Network::find(const base::Url& url, Found found) {
  if (url.is_secure() && tls_ == nullptr) return found(fail(Errc::kInvalid, "no TLS for " + url.to_string() + ": KeyFile and CertFile are not presented"));
  const std::string address = address_of(url);
  if (const auto numeric = rpc::numeric_address(address)) return found(*numeric);
  const auto known = known_->find(url.host);
  if (known != known_->end() && loop_.now_ns() < known->second.until_ns) return found(known->second.address);
  look_up_apart_([&loop = loop_, host = url.host, address, cache = std::weak_ptr<Known>(known_), found = std::move(found)]() mutable {
    auto addresses = rpc::look_up(address);
    loop.post([&loop, host = std::move(host), cache = std::move(cache), addresses = std::move(addresses), found = std::move(found)]() mutable {
      if (!addresses) return found(fail(addresses.error()));
      if (const auto places = cache.lock()) (*places)[host] = {addresses->front(), loop.now_ns() + kKnownForNs};
      found(addresses->front());
    });
  });
}

Call::Call(Network& network, base::Url url, rpc::ClientRequest request, rpc::ClientLimits limits, rpc::ClientEvents events,
           base::UniqueFunction<void(rpc::HttpClientCall&)> begun)
    : network_(network), url_(std::move(url)), events_(std::move(events)), begun_(std::move(begun)) {
  request.host = url_.host;
  if (url_.is_secure()) request.tls = network_.tls();
  request.from = network_.from();
  network_.find(url_, [this, alive = std::weak_ptr<bool>(alive_), request = std::move(request), limits](const Result<rpc::SocketAddress>& address) mutable {
    if (!alive.expired()) begin(address, std::move(request), limits);
  });
}

void Call::begin(const Result<rpc::SocketAddress>& address, rpc::ClientRequest request, const rpc::ClientLimits& limits) {
  if (!address) {
    failed_.set_callback([this, error = address.error()] { end(error); });
    return network_.loop().timers().start(failed_, network_.loop().now_ns());
  }
  rpc::ClientEvents events = std::move(events_);
  events.on_end = [this, told = std::move(events.on_end)](Status outcome) mutable {
    if (!outcome) network_.forget(url_);
    told(std::move(outcome));
  };
  call_ = std::make_unique<rpc::HttpClientCall>(network_.loop(), *address, std::move(request), limits, std::move(events));
  if (begun_) begun_(*call_);
}

void Call::end(const Error& error) {
  auto told = std::move(events_.on_end);
  told(fail(error));
}

void ask(Network& network, std::vector<std::string> urls, const rpc::HttpFields& fields, std::string method, std::string target, std::string body,
         std::int64_t limit_ns, std::function<void(Result<Answer>)> done) {
  std::make_shared<Asking>(network, std::move(urls), fields, std::move(method), std::move(target), std::move(body), limit_ns, std::move(done))
      ->ask_next({Errc::kNotExist, "no URLs"});
}

}  // namespace etcd::peer
