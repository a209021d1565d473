// TLS in front of a server, met by this room's own client; both on one loop that the test turns by hand.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <optional>
#include <thread>

#include "base/log.h"
#include "rpc/http_client.h"
#include "rpc/server.h"
#include "rpc/testing/manual_clock.h"
#include "rpc/testing/socket_client.h"
#include "tls/testing/authority.h"

namespace etcd::rpc {
namespace {

using tls::testing::Authority;
using tls::testing::Pair;

class Lines : public base::LogSink {
 public:
  void write(std::string_view line) override { text += line; }
  bool has(std::string_view part) const { return text.find(part) != std::string::npos; }
  std::string text;
};

class TlsServer : public ::testing::Test {
 protected:
  TlsServer() { options.max_http_body_bytes = 10'000'000; }

  void TearDown() override {
    client_.reset();
    server.reset();
  }

  std::shared_ptr<tls::Context> open(tls::Role role, tls::Settings settings) {
    auto context = tls::Context::open(role, std::move(settings), {}, clock, logger);
    EXPECT_TRUE(context) << context.error().detail;
    return *context;
  }
  tls::Settings with(const Pair& pair) const {
    tls::Settings settings;
    settings.cert_file = pair.cert_file;
    settings.key_file = pair.key_file;
    settings.trusted_ca_file = authority.ca_file();
    return settings;
  }

  // Everybody must show a certificate of the authority.
  void serve(TlsListen listen = {}) {
    listen.context = open(tls::Role::kServer, with(authority.issue("server")));
    server = std::make_unique<Server>(options, services, answer(), std::vector<Loop*>{&loop}, logger);
    address = *server->listen("127.0.0.1:0", Serves::kBoth, std::make_shared<const TlsListen>(std::move(listen)));
  }
  HttpHandler answer() {
    return [](HttpRequest request, HttpResponder responder) {
      std::string text = request.peer->verified_common_name + (request.peer->is_secure ? " secure " : " plain ");
      base::Rope body(std::move(text));
      body.append(request.body);
      std::move(responder).respond({.status = 200, .headers = {}, .body = std::move(body)});
    };
  }

  void turn_until(const std::function<bool()>& done) {
    for (int i = 0; i < 4000 && !done(); ++i) loop.run_once(5);
    ASSERT_TRUE(done());
  }

  // The answer, or why there is none.
  std::string ask(std::shared_ptr<tls::Context> context, std::string body = "x") {
    std::optional<Status> outcome;
    std::string got;
    ClientRequest request{.method = "POST", .target = "/", .host = address, .fields = {}, .body = base::Rope(std::move(body)),
                          .tls = std::move(context)};
    ClientEvents events;
    events.on_body = [&](std::string bytes) { got += bytes; };
    events.on_end = [&](Status ended) { outcome = std::move(ended); };
    client_ = std::make_unique<HttpClientCall>(loop, *numeric_address(address), std::move(request), ClientLimits{},
                                               std::move(events));
    turn_until([&] { return outcome.has_value(); });
    client_.reset();
    if (!outcome) return "nothing";
    return *outcome ? got : outcome->error().detail;
  }
  std::shared_ptr<tls::Context> alice() {
    return open(tls::Role::kClient, with(authority.issue("alice", {.common_name = "alice"})));
  }

  tls::testing::TemporaryFolder folder;
  Authority authority{folder};
  testing::ManualClock clock;
  std::shared_ptr<Lines> lines = std::make_shared<Lines>();
  base::Logger logger{lines, base::LogLevel::kDebug, base::LogFormat::kJson, clock};
  Options options;
  Loop loop{clock};
  ServiceTable services;
  std::unique_ptr<Server> server;
  std::string address;
  std::unique_ptr<HttpClientCall> client_;
};

TEST_F(TlsServer, AHandlerKnowsWhoAsks) {
  serve();
  EXPECT_EQ(ask(alice()), "alice secure x");
}

TEST_F(TlsServer, LargeBodiesArriveWholeBothWays) {
  serve();
  std::string body(5'000'000, '.');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 25);
  EXPECT_EQ(ask(alice(), body), "alice secure " + body);
}

TEST_F(TlsServer, WhoShowsNoCertificateIsRefusedAndLogged) {
  serve();
  tls::Settings nobody;
  nobody.trusted_ca_file = authority.ca_file();
  EXPECT_EQ(ask(open(tls::Role::kClient, nobody)), "remote error: tls: certificate required");
  EXPECT_TRUE(lines->has(R"("msg":"rejected connection on client endpoint")")) << lines->text;
  EXPECT_TRUE(lines->has(R"("error":"tls: client didn't provide a certificate")")) << lines->text;
}

TEST_F(TlsServer, PlainHttpIsRefusedWhereOnlyTlsIsServed) {
  serve({.endpoint = "peer"});
  EXPECT_NE(ask(nullptr), " plain x");
  EXPECT_TRUE(lines->has(R"("msg":"rejected connection on peer endpoint")")) << lines->text;
  EXPECT_TRUE(lines->has(R"("error":"tls: first record does not look like a TLS handshake")")) << lines->text;
}

TEST_F(TlsServer, BothAreServedOnOnePortWhereBothAreAsked) {
  serve({.plain_too = true});
  EXPECT_EQ(ask(nullptr), " plain x");
  EXPECT_EQ(ask(alice()), "alice secure x");
}

TEST_F(TlsServer, ACertificateMustBeForTheAddressItComesFromWhereThatIsAsked) {
  serve({.look_up_apart = [](base::UniqueFunction<void()> job) { job(); }});
  EXPECT_EQ(ask(alice()), "alice secure x");
  const Pair elsewhere = authority.issue("elsewhere", {.names = {"IP:10.1.2.3"}});
  EXPECT_NE(ask(open(tls::Role::kClient, with(elsewhere))), "test secure x");
  EXPECT_TRUE(lines->has(R"("error":"x509: certificate is valid for 10.1.2.3, not 127.0.0.1")")) << lines->text;
  const Pair unknown = authority.issue("unknown", {.names = {"DNS:nowhere.invalid"}});
  EXPECT_NE(ask(open(tls::Role::kClient, with(unknown))), "test secure x");
  EXPECT_TRUE(lines->has(R"(does not match any of DNSNames [\"nowhere.invalid\"])")) << lines->text;
}

TEST_F(TlsServer, AHandshakeThatDoesNotEndIsBrokenOff) {
  serve();
  testing::SocketClient silent(address);
  testing::SocketClient slow(address);
  slow.send("\x16\x03\x01");
  for (int i = 0; i < 20; ++i) loop.run_once(1);
  EXPECT_EQ(lines->text, "");
  clock.now_ns += options.handshake_timeout_ns + 2 * kSecond;
  for (int i = 0; i < 20; ++i) loop.run_once(1);
  EXPECT_TRUE(lines->has("i/o timeout"));
  EXPECT_EQ(silent.receive_all(), "");
  EXPECT_EQ(slow.receive_all(), "");
}

TEST_F(TlsServer, WhoGoesInTheMiddleOfAHandshakeIsForgotten) {
  serve();
  std::optional<testing::SocketClient> client(std::in_place, address);
  client->send("\x16\x03\x01");  // the beginning of a record
  for (int i = 0; i < 20; ++i) loop.run_once(1);
  client.reset();
  turn_until([&] { return lines->has(R"("error":"EOF")"); });
  EXPECT_EQ(ask(alice()), "alice secure x");
}

// Strangers who begin and say no more must not keep others out, not even for a moment.
TEST_F(TlsServer, SilentOnesMakeRoomForNewOnes) {
  options.max_handshakes = 8;
  serve();
  std::vector<std::unique_ptr<testing::SocketClient>> silent;
  for (int i = 0; i < 12; ++i) {
    silent.push_back(std::make_unique<testing::SocketClient>(address));
    silent.back()->send("\x16\x03\x01");
    for (int pass = 0; pass < 5; ++pass) loop.run_once(1);
  }
  EXPECT_EQ(silent.front()->receive_all(), "");
  EXPECT_TRUE(silent.front()->has_ended());  // it was silent longest
  EXPECT_EQ(ask(alice()), "alice secure x");
  EXPECT_FALSE(lines->has("i/o timeout"));
}

// CVE-class fault of etcd 3.6: a port for gRPC alone did not look at the list of revoked certificates.
TEST_F(TlsServer, ARevokedCertificateIsRefusedWhateverThePortServes) {
  const Pair revoked = authority.issue("revoked");
  tls::Settings settings = with(authority.issue("server"));
  settings.crl_file = authority.revoke("list.crl", {revoked.cert_file});
  const auto how = std::make_shared<const TlsListen>(TlsListen{.context = open(tls::Role::kServer, settings)});
  server = std::make_unique<Server>(options, services, answer(), std::vector<Loop*>{&loop}, logger);
  for (const Serves serves : {Serves::kBoth, Serves::kGrpcOnly, Serves::kHttpOnly}) {
    address = *server->listen("127.0.0.1:0", serves, how);
    lines->text.clear();
    EXPECT_EQ(ask(open(tls::Role::kClient, with(revoked))), "remote error: tls: revoked certificate");
    EXPECT_TRUE(lines->has("revoked")) << lines->text;
  }
}

// As in the program: accepted on one thread, shaken hands with on another.
TEST(TlsServerOnThreads, HandshakesHaveALoopOfTheirOwn) {
  tls::testing::TemporaryFolder folder;
  Authority authority(folder);
  const Pair pair = authority.issue("server");
  tls::Settings settings;
  settings.cert_file = pair.cert_file;
  settings.key_file = pair.key_file;
  auto& clock = base::system_clock();
  const auto context = *tls::Context::open(tls::Role::kServer, settings, {}, clock, base::null_logger());
  Loop serving(clock);
  Loop shaking(clock);
  ServiceTable services;
  std::atomic<int> served = 0;
  auto server = std::make_unique<Server>(
      Options(), services,
      [&](HttpRequest, HttpResponder responder) {
        EXPECT_TRUE(serving.runs_here());
        ++served;
        std::move(responder).respond({.status = 200, .headers = {}, .body = {}});
      },
      std::vector<Loop*>{&serving}, base::null_logger(), std::vector<Loop*>{&shaking});
  const std::string address = *server->listen("127.0.0.1:0", Serves::kBoth, std::make_shared<const TlsListen>(TlsListen{.context = context}));
  std::thread serves([&] { serving.run(); });
  std::thread shakes([&] { shaking.run(); });

  Loop own(clock);
  tls::Settings trusting;
  trusting.trusted_ca_file = authority.ca_file();
  const auto client = *tls::Context::open(tls::Role::kClient, trusting, {}, clock, base::null_logger());
  constexpr int kCalls = 20;
  std::vector<std::unique_ptr<HttpClientCall>> calls;
  int ended = 0;
  for (int i = 0; i < kCalls; ++i) {
    ClientEvents events;
    events.on_end = [&](const Status& outcome) {
      EXPECT_TRUE(outcome) << outcome.error().detail;
      ++ended;
    };
    calls.push_back(std::make_unique<HttpClientCall>(own, *numeric_address(address),
                                                     ClientRequest{.target = "/", .host = address, .tls = client},
                                                     ClientLimits{}, std::move(events)));
  }
  while (ended < kCalls) own.run_once(10);
  EXPECT_EQ(served, kCalls);
  serving.stop();
  shaking.stop();
  serves.join();
  shakes.join();
  server.reset();
}

TEST_F(TlsServer, AConnectionThatIsDrainedWithHandshakesUnderWayEnds) {
  serve();
  testing::SocketClient silent(address);
  for (int i = 0; i < 5; ++i) loop.run_once(1);
  bool drained = false;
  server->drain(kSecond, [&] { drained = true; });
  for (int i = 0; i < 20; ++i) {
    clock.now_ns += 10'000'000;
    loop.run_once(1);
  }
  EXPECT_TRUE(drained);
}

}  // namespace
}  // namespace etcd::rpc
