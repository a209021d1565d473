#include "rpc/server.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "rpc/testing/h2_client.h"
#include "rpc/testing/socket_client.h"

namespace etcd::rpc {
namespace {

using testing::framed;
using testing::H2SocketClient;
using testing::raw_frame;
using testing::raw_preface;
using testing::SocketClient;

constexpr std::int64_t kMs = 1'000'000;

base::Rope rope(std::string text) {
  return base::Rope(std::move(text));
}

// Handles that handlers put down for the test to pick up.
template <typename T>
class Mailbox {
 public:
  void put(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    arrived_.notify_one();
  }
  T take() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return !values_.empty(); });
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }
  std::optional<T> try_take() {
    const std::lock_guard lock(mutex_);
    if (values_.empty()) return std::nullopt;
    std::optional<T> value = std::move(values_.front());
    values_.pop_front();
    return value;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<T> values_;
};

// A server on running loops. Methods of test.T: Echo answers at once, Later gives its call to `later`, Down its stream
// to `streams`.
class TestServer {
 public:
  explicit TestServer(Options options = {}, const std::string& where = "127.0.0.1:0", std::size_t count = 2,
                      Serves serves = Serves::kBoth) {
    services_.add("test.T", "Echo", UnaryHandler([](UnaryCall call) {
                    base::Rope answer;
                    answer.append(call.request());
                    std::move(call).respond(std::move(answer));
                  }));
    services_.add("test.T", "Later", UnaryHandler([this](UnaryCall call) {
                    call.on_cancel([this] { cancelled.put(1); });
                    later.put(std::move(call));
                  }));
    services_.add("test.T", "Down", ServerStreamHandler([this](StreamCall call, base::SharedBytes) {
                    StreamEvents events;
                    events.on_cancel = [this] { cancelled.put(2); };
                    events.on_writable = [this] { writable.put(1); };
                    call.set_events(std::move(events));
                    streams.put(std::move(call));
                  }));
    const HttpHandler http = [](HttpRequest request, HttpResponder responder) {
      std::move(responder).respond(
          {.status = 200, .headers = {}, .body = rope(request.peer->address + " " + request.path)});
    };
    for (std::size_t i = 0; i < count; ++i) loops_.push_back(std::make_unique<Loop>(base::system_clock()));
    std::vector<Loop*> pointers;
    for (const auto& loop : loops_) pointers.push_back(loop.get());
    server.emplace(std::move(options), services_, http, pointers, base::null_logger());
    const auto bound = server->listen(where, serves);
    EXPECT_TRUE(bound.has_value()) << bound.error().detail;
    address = *bound;
    for (const auto& loop : loops_) threads_.emplace_back([&loop] { loop->run(); });
  }
  ~TestServer() { stop(); }

  void stop() {
    for (const auto& loop : loops_) loop->stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    server.reset();
  }

  void drain(std::int64_t grace_ns) {
    std::promise<void> drained;
    server->drain(grace_ns, [&] { drained.set_value(); });
    drained.get_future().wait();
  }

  std::string address;
  std::optional<Server> server;
  Mailbox<UnaryCall> later;
  Mailbox<StreamCall> streams;
  Mailbox<int> cancelled;
  Mailbox<int> writable;

 private:
  ServiceTable services_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::thread> threads_;
};

TEST(Server, GrpcAndHttpShareAPort) {
  TestServer server;
  H2SocketClient grpc(server.address);
  EXPECT_EQ(grpc.wait_for(grpc.h2.call("/test.T/Echo", "hi")).messages(), std::vector<std::string>{"hi"});
  SocketClient http(server.address);
  http.send("GET /where HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = http.receive_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(answer.find("127.0.0.1:"), std::string::npos);
  EXPECT_TRUE(answer.ends_with(" /where"));
}

TEST(Server, ItListensOnIpv6AndUnixSocketsToo) {
  const std::string file = "/tmp/rpc_server_test." + std::to_string(getpid());
  for (const std::string& where : {std::string("[::1]:0"), "unix:" + file, std::string(":0")}) {
    TestServer server({}, where);
    std::string address = server.address;
    if (address.starts_with("[::]")) address = "127.0.0.1" + address.substr(4);
    H2SocketClient client(address);
    EXPECT_EQ(client.wait_for(client.h2.call("/test.T/Echo", where)).messages(), std::vector<std::string>{where});
  }
  EXPECT_NE(access(file.c_str(), F_OK), 0) << "the socket's file is removed";
}

TEST(Server, AnAddressInUseIsReportedAsGoDoes) {
  TestServer server;
  ServiceTable none;
  Loop loop(base::system_clock());
  Server second({}, none, {}, {&loop}, base::null_logger());
  EXPECT_EQ(second.listen(server.address).error().detail,
            "listen tcp " + server.address + ": bind: address already in use");
  EXPECT_FALSE(second.listen("127.0.0.1").has_value());
}

bool refuses_connections(const std::string& address) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  const bool refused = ::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 && errno == ECONNREFUSED;
  ::close(socket);
  return refused;
}

TEST(Server, AnAddressThatIsOnlyBoundRefusesConnectionsUntilItListens) {
  TestServer server;
  const auto bound = server.server->bind("127.0.0.1:0");
  ASSERT_TRUE(bound.has_value());
  EXPECT_TRUE(refuses_connections(*bound));
  ASSERT_TRUE(server.server->listen_bound());
  H2SocketClient client(*bound);
  EXPECT_EQ(client.wait_for(client.h2.call("/test.T/Echo", "hi")).messages(), std::vector<std::string>{"hi"});
}

TEST(Server, AnAddressInUseCannotBeBound) {
  TestServer server;
  ServiceTable none;
  Loop loop(base::system_clock());
  Server second({}, none, {}, {&loop}, base::null_logger());
  EXPECT_EQ(second.bind(server.address).error().detail, "listen tcp " + server.address + ": bind: address already in use");
}

TEST(Server, APortMayBeSharedWhenBothSay) {
  TestServer first({.reuse_port = true});
  TestServer second({.reuse_port = true}, first.address);
  EXPECT_EQ(second.address, first.address);
}

TEST(Server, APortIsFreeAgainAfterTheServerWithConnectionsIsGone) {
  TestServer first;
  const std::string address = first.address;
  H2SocketClient client(address);
  client.wait_for(client.h2.call("/test.T/Echo", ""));
  first.stop();
  TestServer second({}, address);
  EXPECT_EQ(second.address, address);
}

TEST(Server, AnswersFromManyThreadsReachTheirClients) {
  TestServer server;
  constexpr int kClients = 6;
  constexpr int kCalls = 50;
  std::atomic<bool> stop = false;
  std::vector<std::thread> answerers;
  for (int i = 0; i < 3; ++i) {
    answerers.emplace_back([&] {
      while (!stop) {
        AnswerBatch batch;
        std::optional<UnaryCall> call = server.later.take();
        if (call->request().view() == "stop") return;
        for (; call && call->request().view() != "stop"; call = server.later.try_take()) {
          std::string text(call->request().view());
          batch.respond(std::move(*call), rope(std::move(text)));
        }
      }
    });
  }
  std::vector<std::thread> clients;
  std::atomic<int> right = 0;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      H2SocketClient client(server.address);
      std::vector<std::int32_t> ids;
      for (int j = 0; j < kCalls; ++j) ids.push_back(client.h2.call("/test.T/Later", std::to_string(i * kCalls + j)));
      for (std::size_t j = 0; j < ids.size(); ++j) {
        const auto expected = std::to_string(i * kCalls + static_cast<int>(j));
        if (client.wait_for(ids[j]).messages() == std::vector<std::string>{expected}) ++right;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, kClients * kCalls);
  stop = true;
  H2SocketClient last(server.address);
  for (int i = 0; i < 3; ++i) last.h2.call("/test.T/Later", "stop");
  last.flush();
  for (std::thread& answerer : answerers) answerer.join();
}

TEST(Server, AClientThatDisconnectsCancelsItsCalls) {
  TestServer server;
  H2SocketClient client(server.address);
  client.h2.call("/test.T/Later", "x");
  client.flush();
  UnaryCall call = server.later.take();
  EXPECT_FALSE(call.is_cancelled());
  client.socket.close();
  EXPECT_EQ(server.cancelled.take(), 1);
  EXPECT_TRUE(call.is_cancelled());
}

TEST(Server, ADeadlineIsKeptInRealTime) {
  TestServer server;
  H2SocketClient client(server.address);
  const auto id = client.h2.call("/test.T/Later", "x", {{"grpc-timeout", "20m"}});
  EXPECT_EQ(client.wait_for(id).grpc_status(), "4");
  EXPECT_EQ(server.cancelled.take(), 1);
}

TEST(Server, AStreamToAClientThatDoesNotReadIsHeldBackAndGoesOnWhenItReads) {
  TestServer server;
  H2SocketClient client(server.address, {.window_bytes = 100'000});
  const auto id = client.h2.call("/test.T/Down", "");
  client.flush();
  StreamCall stream = server.streams.take();
  std::size_t sent = 1;
  while (stream.send(rope(std::string(10'000, 'x')))) ++sent;
  EXPECT_LT(stream.queued_bytes(), 2'000'000U);
  std::thread reader([&] { client.run_until([&] { return client.h2.answer(id).ended; }); });
  EXPECT_EQ(server.writable.take(), 1);
  stream.finish({});
  reader.join();
  EXPECT_EQ(client.h2.answer(id).messages().size(), sent);
  EXPECT_EQ(client.h2.answer(id).grpc_status(), "0");
}

TEST(Server, ALargeAnswerComesWholeThroughASlowSocket) {
  TestServer server({.max_receive_message_bytes = 20'000'000});
  H2SocketClient client(server.address, {.window_bytes = 20'000'000});
  client.h2.open_window(0, 20'000'000);
  std::string large(8'000'000, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 31 >> 7);
  const auto id = client.h2.call("/test.T/Echo", large);
  EXPECT_EQ(client.wait_for(id).messages(), std::vector<std::string>{large});
}

TEST(Server, DrainingLetsRunningCallsEndAndTakesNoMore) {
  TestServer server;
  H2SocketClient client(server.address);
  const auto id = client.h2.call("/test.T/Later", "x");
  client.flush();
  UnaryCall call = server.later.take();
  SocketClient idle_http(server.address);
  idle_http.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_FALSE(idle_http.receive().empty());
  SocketClient silent(server.address);

  std::promise<void> drained;
  server.server->drain(60 * kSecond, [&] { drained.set_value(); });
  EXPECT_TRUE(client.run_until([&] { return client.h2.goaways().size() == 2; }));
  EXPECT_EQ(client.h2.goaways()[0].last_stream, 0x7fffffff);
  EXPECT_EQ(client.h2.goaways()[1].last_stream, id);
  EXPECT_EQ(idle_http.receive_all(), "");
  EXPECT_TRUE(idle_http.has_ended());
  EXPECT_EQ(silent.receive_all(), "");
  EXPECT_FALSE(SocketClient(server.address).is_open());

  std::move(call).respond(rope("last words"));
  EXPECT_EQ(client.wait_for(id).messages(), std::vector<std::string>{"last words"});
  EXPECT_EQ(client.socket.receive_all(), "");
  client.socket.close();
  drained.get_future().wait();
}

TEST(Server, DrainingEndsByForceWhenTimeIsUp) {
  TestServer server;
  H2SocketClient client(server.address);
  client.h2.call("/test.T/Down", "x");
  client.flush();
  StreamCall stream = server.streams.take();
  server.drain(30 * kMs);
  EXPECT_TRUE(stream.is_cancelled());
  EXPECT_EQ(server.cancelled.take(), 2);
}

TEST(Server, GarbageEndsItsConnectionAndNothingElse) {
  TestServer server;
  const std::string preface = raw_preface();
  const std::vector<std::string> garbage = {
      std::string(1000, '\0'),
      preface + std::string(5000, '\xff'),
      preface + raw_frame(0, 0, 1, "data of no stream"),
      preface + raw_frame(1, 4, 1, std::string(100, '\xfe')),                // broken HPACK
      preface + raw_frame(1, 4, 2, ""),                                      // an even stream
      preface + raw_frame(6, 0, 0, "short"),                                 // a PING of five bytes
      preface + raw_frame(8, 0, 0, std::string("\0\0\0\0", 4)),              // a window update of nothing
      preface + raw_frame(4, 0, 0, std::string("\0\4\xff\xff\xff\xff", 6)),  // a window of 4 GiB
      preface + raw_frame(9, 4, 1, ""),                                      // CONTINUATION of nothing
      preface + std::string("\x7f\xff\xff\0\0\0\0\0\1", 9),                  // a frame of 8 MiB
      "GET / HTTP/9.9\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"};
  for (const std::string& bytes : garbage) {
    SocketClient client(server.address);
    client.send(bytes);
    client.receive_all();
    EXPECT_TRUE(client.has_ended()) << bytes.substr(0, 60);
  }
  H2SocketClient client(server.address);
  EXPECT_EQ(client.wait_for(client.h2.call("/test.T/Echo", "alive")).grpc_status(), "0");
}

TEST(Server, WhatIsNeitherHttp1NorHttp2IsClosedWithoutAWord) {
  TestServer server;
  for (const char* bytes : {"INVALID CONNECTION PREFACE\r\n\r\n", "\r\n", "\x16\x03\x01", "GET HTTP/1.1\r\n", "hello\n"}) {
    SocketClient client(server.address);
    client.send(bytes);
    EXPECT_EQ(client.receive_all(), "") << bytes;
    EXPECT_TRUE(client.has_ended()) << bytes;
  }
}

TEST(Server, TooManyPingsAreToldWhyBeforeTheEnd) {
  TestServer server;
  H2SocketClient client(server.address);
  for (int i = 0; i < 6; ++i) {
    client.h2.ping();
    client.flush();
  }
  EXPECT_TRUE(client.run_until([&] { return !client.h2.goaways().empty(); }));
  EXPECT_EQ(client.h2.goaways()[0].debug_data, "too_many_pings");
  client.socket.receive_all();
  EXPECT_TRUE(client.socket.has_ended());
}

TEST(Server, AClientThatNeverSpeaksIsClosed) {
  TestServer server({.header_timeout_ns = 30 * kMs, .http_idle_timeout_ns = 30 * kMs});
  for (const std::string& first : {std::string(), std::string("PRI * HT"), std::string("GET / HT")}) {
    SocketClient client(server.address);
    client.send(first);
    EXPECT_EQ(client.receive_all(), "");
    EXPECT_TRUE(client.has_ended()) << first;
  }
}

TEST(Server, ASilentConnectionIsPingedAndClosedWithoutAnAnswer) {
  TestServer server({.keepalive_pings = {.after_ns = 20 * kMs, .timeout_ns = 20 * kMs}});
  SocketClient deaf(server.address);
  deaf.send(raw_preface());
  EXPECT_NE(deaf.receive_all().find(std::string("\0\0\x8\x6\0\0\0\0\0", 9)), std::string::npos) << "a PING";
  EXPECT_TRUE(deaf.has_ended());
}

TEST(Server, ConnectionsOverTheLimitWaitUntilOneGoes) {
  TestServer server({.max_connections = 1});
  H2SocketClient first(server.address);
  first.wait_for(first.h2.call("/test.T/Echo", ""));
  H2SocketClient second(server.address);  // the system accepts it, the server not yet
  const auto id = second.h2.call("/test.T/Echo", "second");
  second.flush();
  EXPECT_EQ(server.server->counters().connections_open, 1U);
  first.socket.close();
  EXPECT_EQ(second.wait_for(id).messages(), std::vector<std::string>{"second"});
}

TEST(Server, ASocketMayServeOneProtocolOnly) {
  TestServer grpc_only({}, "127.0.0.1:0", 1, Serves::kGrpcOnly);
  SocketClient http(grpc_only.address);
  http.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(http.receive_all(), "");
  H2SocketClient grpc(grpc_only.address);
  EXPECT_EQ(grpc.wait_for(grpc.h2.call("/test.T/Echo", "")).grpc_status(), "0");
  const auto get =
      grpc.h2.request({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "x"}}, true);
  EXPECT_EQ(grpc.wait_for(get).headers.at(":status"), "415");

  TestServer http_only({}, "127.0.0.1:0", 1, Serves::kHttpOnly);
  SocketClient h2(http_only.address);
  h2.send(raw_preface());
  EXPECT_EQ(h2.receive_all(), "");
}

TEST(Server, AClientThatShutsItsSideStillGetsItsHttpAnswer) {
  TestServer server;
  SocketClient client(server.address);
  client.send("GET /x HTTP/1.0\r\n\r\n");
  client.end_output();
  EXPECT_TRUE(client.receive_all().ends_with(" /x"));
}

TEST(Server, CountersAddUpOverLoops) {
  TestServer server;
  for (int i = 0; i < 4; ++i) {
    H2SocketClient client(server.address);
    client.wait_for(client.h2.call("/test.T/Echo", "12345"));
  }
  const Counters counters = server.server->counters();
  EXPECT_EQ(counters.methods[0].started, 4U);
  EXPECT_EQ(counters.methods[0].handled[0], 4U);
  EXPECT_EQ(counters.bytes_received, 20U);
  EXPECT_EQ(counters.bytes_sent, 20U);
  EXPECT_EQ(counters.connections_accepted, 4U);
}

}  // namespace
}  // namespace etcd::rpc
