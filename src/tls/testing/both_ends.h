// BothEnds: a client's and a server's session over a pair of sockets, for tests.
#pragma once

#include <memory>
#include <string>

#include "tls/context.h"

namespace etcd::tls::testing {

class BothEnds {
 public:
  BothEnds();
  ~BothEnds();
  BothEnds(const BothEnds&) = delete;
  BothEnds& operator=(const BothEnds&) = delete;

  // Runs the handshake until both ends are through, or one of them has failed.
  void shake_hands(Context& server_side, Context& client_side, const std::string& server_name = "localhost");
  // Whether the client's bytes reach the server, and its answer the client. With TLS 1.3 a client learns here that it
  // was refused.
  bool talk();

  std::unique_ptr<Session> server;
  std::unique_ptr<Session> client;
  Session::Outcome server_outcome = Session::Outcome::kWantsInput;
  Session::Outcome client_outcome = Session::Outcome::kWantsInput;

 private:
  int sockets_[2];
};

}  // namespace etcd::tls::testing
