#include "tls/testing/both_ends.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "base/check.h"

namespace etcd::tls::testing {

namespace {

constexpr int kRounds = 20;

bool goes_on(Session::Outcome outcome) {
  return outcome == Session::Outcome::kWantsInput || outcome == Session::Outcome::kWantsOutput;
}

bool writes(Session& session, std::string_view text) { return session.write(text).outcome == Session::Outcome::kDone; }

bool reads(Session& session, std::string_view text) {
  std::array<char, 100> got{};
  const auto read = session.read(got);
  return read.outcome == Session::Outcome::kDone && std::string_view(got.data(), read.bytes) == text;
}

}  // namespace

BothEnds::BothEnds() { CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets_) == 0); }

BothEnds::~BothEnds() {
  server.reset();
  client.reset();
  ::close(sockets_[0]);
  ::close(sockets_[1]);
}

void BothEnds::shake_hands(Context& server_side, Context& client_side, const std::string& server_name) {
  server = server_side.accept(sockets_[0], {});
  client = client_side.connect(sockets_[1], server_name);
  for (int round = 0; round < kRounds; ++round) {
    if (goes_on(client_outcome)) client_outcome = client->handshake();
    if (goes_on(server_outcome)) server_outcome = server->handshake();
  }
}

bool BothEnds::talk() {
  const bool arrived = writes(*client, "question") && reads(*server, "question") && writes(*server, "answer");
  return reads(*client, "answer") && arrived;
}

}  // namespace etcd::tls::testing
