// Network: how this room reaches other members. Looks names up without blocking the loop, and makes calls to URLs.
//
// Owner: the loop's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/unique_function.h"
#include "base/url.h"
#include "rpc/http_client.h"
#include "rpc/loop.h"
#include "tls/context.h"

namespace etcd::peer {

class Network {
 public:
  using Job = base::UniqueFunction<void()>;
  using Found = base::UniqueFunction<void(Result<rpc::SocketAddress>)>;

  // `look_up_apart` runs a job that may block for long on another thread.
  Network(rpc::Loop& loop, std::function<void(Job)> look_up_apart, std::int64_t dial_ns)
      : loop_(loop), look_up_apart_(std::move(look_up_apart)), dial_ns_(dial_ns), known_(std::make_shared<Known>()) {}

  rpc::Loop& loop() { return loop_; }
  // For URLs with TLS; without it they are errors.
  void use_tls(std::shared_ptr<tls::Context> context) { tls_ = std::move(context); }
  const std::shared_ptr<tls::Context>& tls() const { return tls_; }
  // Which of this machine's addresses connections come from; none: the system's choice.
  void dial_from(std::optional<rpc::SocketAddress> address) { from_ = address; }
  const std::optional<rpc::SocketAddress>& from() const { return from_; }
  // For how long a connection may take to come about.
  std::int64_t dial_ns() const { return dial_ns_; }
  // The address of a URL's host; `found` runs at once where no look-up is needed.
  void find(const base::Url& url, Found found);
  // What was found for the URL did not answer: look it up again next time.
  void forget(const base::Url& url) { known_->erase(url.host); }

 private:
  struct Place {
    rpc::SocketAddress address;
    std::int64_t until_ns;
  };
  using Known = std::map<std::string, Place>;

  rpc::Loop& loop_;
  std::function<void(Job)> look_up_apart_;
  std::int64_t dial_ns_;
  std::shared_ptr<tls::Context> tls_;
  std::optional<rpc::SocketAddress> from_;
  std::shared_ptr<Known> known_;  // what was looked up lately, by host
};

// One request to one URL. Owner and events as of rpc::HttpClientCall.
class Call {
 public:
  // `request`'s host is filled in. `begun` is told of the call under way, before any event: for bodies that stream.
  Call(Network& network, base::Url url, rpc::ClientRequest request, rpc::ClientLimits limits, rpc::ClientEvents events,
       base::UniqueFunction<void(rpc::HttpClientCall&)> begun = {});

 private:
  void begin(const Result<rpc::SocketAddress>& address, rpc::ClientRequest request, const rpc::ClientLimits& limits);
  void end(const Error& error);

  Network& network_;
  base::Url url_;
  rpc::ClientEvents events_;
  base::UniqueFunction<void(rpc::HttpClientCall&)> begun_;
  std::unique_ptr<rpc::HttpClientCall> call_;  // none while the name is looked up
  rpc::Timer failed_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for the look-up, which can't be called off
};

// A whole answer.
struct Answer {
  int status = 0;
  rpc::Metadata fields;
  std::string body;
};

// Makes one request after the other to `urls` until one is answered; `done` has that answer, or the last error. Bodies above `max_body_bytes` are
// errors. Each may take `limit_ns`.
void ask(Network& network, std::vector<std::string> urls, const rpc::HttpFields& fields, std::string method, std::string target, std::string body,
         std::int64_t limit_ns, std::function<void(Result<Answer>)> done);

}  // namespace etcd::peer
