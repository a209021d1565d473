#include "rpc/h1_calls.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "rpc/testing/manual_clock.h"

namespace etcd::rpc {
namespace {

// One HTTP/1.1 connection's requests, without a socket.
struct World {
  explicit World(Options options = {}) {
    HttpHandler http = [this](HttpRequest request, HttpResponder responder) {
      requests.push_back(std::move(request));
      if (on_http) return on_http(std::move(responder));
      std::move(responder).respond({.status = 200, .headers = {}, .body = base::Rope("re:" + requests.back().target)});
    };
    shard = std::make_shared<Shard>(std::make_shared<const ServerParts>(ServerParts{
                                        std::move(options), services, std::move(http), base::null_logger()}),
                                    loop);
    loop.run_once(0);
    calls.emplace(*shard, std::make_shared<Peer>(), [] {});
  }
  ~World() {
    calls.reset();
    shard->close();
  }

  std::string output() {
    std::string all;
    loop.post([&] {
      for (OutputBatch batch; calls->produce(batch), !batch.empty();) {
        std::array<iovec, 16> pieces;
        std::size_t bytes = 0;
        for (std::size_t i = 0, count = batch.describe(pieces); i < count; bytes += pieces[i++].iov_len) {
          all.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
        }
        batch.drop(bytes);
      }
    });
    loop.run_once(0);
    return all;
  }

  // What comes out for `bytes`, without the Date line.
  std::string exchange(const std::string& bytes) {
    loop.post([&] { calls->receive(bytes); });
    loop.run_once(0);
    std::string all = output();
    for (std::size_t at; (at = all.find("Date: ")) != std::string::npos;) all.erase(at, all.find("\r\n", at) + 2 - at);
    return all;
  }

  testing::ManualClock clock;
  Loop loop{clock};
  ServiceTable services;
  std::shared_ptr<Shard> shard;
  std::optional<H1Calls> calls;
  std::function<void(HttpResponder)> on_http;
  std::vector<HttpRequest> requests;
};

TEST(H1Calls, ARequestIsParsedAndAnswered) {
  World world;
  EXPECT_EQ(world.exchange("GET /health?exclude=NOSPACE&exclude=a%20b HTTP/1.1\r\nHost: h:1\r\nX-Name: v\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nre:/health?exclude=NOSPACE&exclude=a%20b");
  const HttpRequest& request = world.requests.at(0);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.path, "/health");
  EXPECT_EQ(request.host, "h:1");
  EXPECT_EQ(request.header("x-name"), "v");
  EXPECT_EQ(request.query_values("exclude"), (std::vector<std::string>{"NOSPACE", "a b"}));
  EXPECT_FALSE(request.is_http2);
  EXPECT_FALSE(world.calls->is_over());
}

TEST(H1Calls, TheDateIsInHttpsForm) {
  World world;
  world.clock.now_ns = 784'111'777 * kSecond;
  world.loop.post([&] { world.calls->receive("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); });
  world.loop.run_once(0);
  EXPECT_NE(world.output().find("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), std::string::npos);
}

TEST(H1Calls, ARequestMayComeByteByByte) {
  World world;
  std::string all;
  for (const char c : std::string("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"))
    all += world.exchange(std::string(1, c));
  EXPECT_EQ(world.requests.at(0).body.view(), "hello");
  EXPECT_EQ(all, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nre:/x");
}

TEST(H1Calls, AChunkedBodyIsPutTogether) {
  World world;
  world.exchange(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n");
  EXPECT_EQ(world.requests.at(0).body.view(), "abcdefg");
}

TEST(H1Calls, PipelinedRequestsAreAnsweredInOrderOneAtATime) {
  World world;
  std::vector<HttpResponder> waiting;
  world.on_http = [&](HttpResponder responder) { waiting.push_back(std::move(responder)); };
  const std::string one = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  EXPECT_EQ(world.exchange(one + one + one), "");
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(waiting.size(), 1U);
    auto responder = std::move(waiting.back());
    waiting.clear();
    std::move(responder).respond({.status = 200, .headers = {}, .body = base::Rope(std::to_string(i))});
    EXPECT_TRUE(world.exchange("").ends_with("\r\n\r\n" + std::to_string(i)));
  }
  EXPECT_TRUE(waiting.empty());
}

TEST(H1Calls, ManyPipelinedRequestsDoNotRecurse) {
  World world;
  std::string many;
  for (int i = 0; i < 5'000; ++i) many += "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  world.exchange(many);
  EXPECT_EQ(world.requests.size(), 5'000U);
}

TEST(H1Calls, WaitingInputStopsTheReading) {
  World world;
  std::vector<HttpResponder> waiting;
  world.on_http = [&](HttpResponder responder) { waiting.push_back(std::move(responder)); };
  world.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(100'000, 'x'));
  EXPECT_FALSE(world.calls->wants_input());
}

TEST(H1Calls, HeadGetsTheLengthWithoutTheBody) {
  World world;
  EXPECT_EQ(world.exchange("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n"), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
}

TEST(H1Calls, ABodyIsInvitedWhenTheClientAsks) {
  World world;
  EXPECT_EQ(world.exchange("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
            "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(world.exchange("o"), "");
  EXPECT_TRUE(world.exchange("k").starts_with("HTTP/1.1 200 OK"));
}

TEST(H1Calls, TheClientMayCloseAfterTheAnswer) {
  World world;
  EXPECT_NE(world.exchange("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").find("Connection: close\r\n"),
            std::string::npos);
  EXPECT_TRUE(world.calls->is_over());
}

TEST(H1Calls, Http10ClosesUnlessAskedToStay) {
  World closing;
  EXPECT_EQ(closing.exchange("GET /x HTTP/1.0\r\n\r\n"), "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nre:/x");
  EXPECT_TRUE(closing.calls->is_over());
  World staying;
  EXPECT_EQ(staying.exchange("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
            "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nre:/x");
  EXPECT_FALSE(staying.calls->is_over());
}

TEST(H1Calls, AnUpgradeToH2cIsIgnored) {
  World world;
  EXPECT_TRUE(world
                  .exchange("GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                            "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n")
                  .starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST(H1Calls, AStreamedBodyIsChunked) {
  World world;
  HttpBody body;
  world.on_http = [&](HttpResponder responder) { body = std::move(responder).begin(200, {{"Content-Type", "x/y"}}); };
  EXPECT_EQ(world.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Type: x/y\r\nTransfer-Encoding: chunked\r\n\r\n");
  body.write(base::Rope(std::string(17, 'a')));
  EXPECT_EQ(world.exchange(""), "11\r\n" + std::string(17, 'a') + "\r\n");
  body.end();
  EXPECT_EQ(world.exchange(""), "0\r\n\r\n");
  EXPECT_FALSE(world.calls->is_over());
}

TEST(H1Calls, AStreamedBodyThatIsDroppedIsCutShort) {
  World world;
  HttpBody body;
  world.on_http = [&](HttpResponder responder) { body = std::move(responder).begin(200, {}); };
  world.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  body.write(base::Rope(std::string("x")));
  body = {};
  EXPECT_EQ(world.exchange(""), "1\r\nx\r\n");
  EXPECT_TRUE(world.calls->is_over());
}

TEST(H1Calls, ARequestWithoutAnAnswerIs500) {
  World world;
  world.on_http = [](HttpResponder) {};
  EXPECT_TRUE(
      world.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
}

TEST(H1Calls, LineBreaksInFieldsCannotMakeNewOnes) {
  World world;
  world.on_http = [](HttpResponder responder) {
    std::move(responder).respond({.status = 200, .headers = {{"X", "a\r\nY: b"}}, .body = {}});
  };
  EXPECT_NE(world.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n").find("X: a  Y: b\r\n"), std::string::npos);
}

TEST(H1Calls, WhatIsNoRequestIsRefusedAndTheConnectionEnds) {
  struct Case {
    std::string bytes;
    std::string answer;
  };
  const std::vector<Case> cases = {
      {"\x16\x03\x01\x02 not http\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "HTTP/1.1 400 Bad Request"},
      {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(70'000, 'x'), "HTTP/1.1 431 Request Header Fields Too Large"},
      {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", "HTTP/1.1 413 Request Entity Too Large"}};
  for (const Case& one : cases) {
    World world;
    EXPECT_TRUE(world.exchange(one.bytes).starts_with(one.answer)) << one.bytes.substr(0, 80);
    EXPECT_TRUE(world.calls->is_over()) << one.bytes.substr(0, 80);
    EXPECT_TRUE(world.requests.empty()) << one.bytes.substr(0, 80);
  }
}

TEST(H1Calls, TimeRunsForTheClientButNotForTheHandler) {
  World world({.header_timeout_ns = 10 * kSecond, .http_idle_timeout_ns = 60 * kSecond});
  std::vector<HttpResponder> waiting;
  world.on_http = [&](HttpResponder responder) { waiting.push_back(std::move(responder)); };
  const std::int64_t start = world.clock.now_ns;
  EXPECT_EQ(world.calls->deadline_ns(), start + 60 * kSecond);
  world.clock.now_ns += 5 * kSecond;
  world.loop.run_once(0);
  world.exchange("GET / HT");
  EXPECT_EQ(world.calls->deadline_ns(), start + 15 * kSecond);
  world.exchange("TP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(world.calls->deadline_ns(), kNoDeadline);
  std::move(waiting[0]).respond({});
  world.exchange("");
  EXPECT_EQ(world.calls->deadline_ns(), world.clock.now_ns + 60 * kSecond);
}

TEST(H1Calls, DrainingEndsTheConnectionAfterTheRequestUnderWay) {
  World idle;
  idle.calls->drain();
  EXPECT_TRUE(idle.calls->is_over());
  World busy;
  std::vector<HttpResponder> waiting;
  busy.on_http = [&](HttpResponder responder) { waiting.push_back(std::move(responder)); };
  busy.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  busy.calls->drain();
  EXPECT_FALSE(busy.calls->is_over());
  std::move(waiting[0]).respond({});
  EXPECT_NE(busy.exchange("").find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(busy.calls->is_over());
}

TEST(H1Calls, AClientThatGoesAwayCancelsItsRequest) {
  World world;
  std::vector<HttpResponder> waiting;
  int told = 0;
  world.on_http = [&](HttpResponder responder) {
    StreamEvents events;
    events.on_cancel = [&] { ++told; };
    responder.set_events(std::move(events));
    waiting.push_back(std::move(responder));
  };
  world.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  world.calls.reset();
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(waiting[0].is_cancelled());
  std::move(waiting[0]).respond({});
}

// ---- Tunnels

constexpr const char* kUpgrade = "GET /t HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";

// Switches to a protocol that repeats what it hears, as often as it is allowed to listen.
void switch_to_echo(World& world, std::optional<HttpBody>& tunnel, bool& ended) {
  world.on_http = [&](HttpResponder responder) {
    StreamEvents events;
    events.on_message = [&](const base::SharedBytes& bytes) {
      tunnel->write(base::Rope("[" + std::string(bytes.view()) + "]"));
    };
    events.on_half_close = [&] { ended = true; };
    responder.set_events(std::move(events));
    tunnel = std::move(responder).begin(101, {{"Connection", "Upgrade"}, {"Upgrade", "echo"}});
    tunnel->read(1);
  };
}

TEST(H1Calls, AnUpgradedConnectionCarriesBytesAsTheyAre) {
  World world;
  std::optional<HttpBody> tunnel;
  bool ended = false;
  switch_to_echo(world, tunnel, ended);
  EXPECT_EQ(world.exchange(std::string(kUpgrade) + "early"),
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n[early]");
  EXPECT_EQ(world.exchange("GET / HTTP/1.1\r\n"), "");  // not asked for yet
  world.loop.post([&] { tunnel->read(2); });
  EXPECT_EQ(world.exchange(""), "[GET / HTTP/1.1\r\n]");
  EXPECT_EQ(world.exchange("x"), "[x]");
  EXPECT_EQ(world.requests.size(), 1U);

  world.loop.post([&] { world.calls->input_ended(); });
  world.loop.run_once(0);
  EXPECT_TRUE(ended);
  world.loop.post([&] { tunnel->end(); });
  world.loop.run_once(0);
  EXPECT_TRUE(world.calls->is_over());
}

TEST(H1Calls, ATunnelThatIsNotReadStopsTheClient) {
  World world;
  std::optional<HttpBody> tunnel;
  bool ended = false;
  switch_to_echo(world, tunnel, ended);
  world.exchange(std::string(kUpgrade) + "a");
  EXPECT_TRUE(world.calls->wants_input());
  world.exchange(std::string(100'000, 'b'));
  EXPECT_FALSE(world.calls->wants_input());
  world.loop.post([&] { tunnel->read(1); });
  EXPECT_EQ(world.exchange("").size(), 100'002U);
  EXPECT_TRUE(world.calls->wants_input());
}

TEST(H1Calls, AHandlerHearsThatTheClientHasShutItsSide) {
  World world;
  bool told = false;
  std::optional<HttpResponder> waiting;
  world.on_http = [&](HttpResponder responder) {
    responder.set_events({.on_half_close = [&] { told = true; }});
    waiting.emplace(std::move(responder));
  };
  world.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_FALSE(told);
  world.loop.post([&] { world.calls->input_ended(); });
  world.loop.run_once(0);
  EXPECT_TRUE(told);
  world.loop.post([&] { std::move(*waiting).respond({.status = 204}); });
  world.loop.run_once(0);
  EXPECT_NE(world.output().find("204 No Content"), std::string::npos);
  EXPECT_TRUE(world.calls->is_over());
}

}  // namespace
}  // namespace etcd::rpc
