// Handshakes: accepted connections on their way to TLS, on one loop: first byte, handshake, and whether the
// certificate may come from there. What is refused is told to the log in etcd's words.
//
// Owner: the server and its tasks. begin() and drain() for any thread, all else on the loop. Invariants: each
// connection that began ends in exactly one call of its Done; none lasts longer than Options::handshake_timeout_ns (a
// plain one's first byte, Options::header_timeout_ns). There are never more than `most`: the one that has been silent
// longest makes room for a new one, so that strangers who begin and say no more keep nobody out. Until a client has
// sent its first byte it costs a descriptor and a few hundred bytes.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>

#include "base/log.h"
#include "base/unique_function.h"
#include "rpc/channel.h"
#include "rpc/listener.h"
#include "rpc/loop.h"
#include "rpc/options.h"
#include "rpc/serves.h"
#include "rpc/tls_listen.h"

namespace etcd::rpc {

class Handshakes : public std::enable_shared_from_this<Handshakes> {
 public:
  // No channel: it was refused, or has gone. On the loop's thread, or in close_all().
  using Done = base::UniqueFunction<void(std::unique_ptr<Channel>, std::shared_ptr<const Peer>)>;

  // `most`, at least 1: at a time, here. All must outlive close_all().
  Handshakes(Loop& loop, const Options& options, base::Logger& logger, std::size_t most);
  ~Handshakes();
  Handshakes(const Handshakes&) = delete;
  Handshakes& operator=(const Handshakes&) = delete;

  void begin(Listener::Accepted accepted, std::shared_ptr<const TlsListen> how, Serves serves, Done done);
  // Breaks all off, and what begins from now on.
  void drain();
  // The same while no loop runs.
  void close_all();

 private:
  class HalfOpen;
  using Number = std::uint64_t;

  void add(Listener::Accepted accepted, std::shared_ptr<const TlsListen> how, Serves serves, Done done);
  void end(HalfOpen& half_open);
  HalfOpen* find(Number number);

  Loop& loop_;
  const Options options_;
  base::Logger& logger_;
  const std::size_t most_;
  Number last_ = 0;
  bool closed_ = false;
  std::map<Number, std::unique_ptr<HalfOpen>> all_;
  std::list<HalfOpen*> by_silence_;  // all of them, the one that was heard last at the end
};

}  // namespace etcd::rpc
