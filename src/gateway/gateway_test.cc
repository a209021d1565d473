#include "gateway/gateway.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gateway/testing/websocket_client.h"
#include "proto/kv_service.pb.h"
#include "proto/lease.pb.h"
#include "proto/maintenance.pb.h"
#include "proto/watch.pb.h"
#include "rpc/h1_calls.h"
#include "rpc/testing/manual_clock.h"

namespace etcd::gateway {
namespace {

using rpc::GrpcCode;
using testing::client_frame;
using testing::server_says;

base::Rope encoded(const google::protobuf::Message& message) {
  return base::Rope(message.SerializeAsString());
}

struct Answer {
  int status = 0;
  std::string head;
  std::string body;  // with its chunks put together

  bool has(const std::string& line) const { return head.find("\r\n" + line + "\r\n") != std::string::npos; }
};

std::string dechunked(std::string_view chunks) {
  std::string body;
  while (!chunks.empty()) {
    const std::size_t size = std::stoul(std::string(chunks.substr(0, chunks.find("\r\n"))), nullptr, 16);
    if (size == 0) break;
    chunks.remove_prefix(chunks.find("\r\n") + 2);
    body.append(chunks.substr(0, size));
    chunks.remove_prefix(std::min(chunks.size(), size + 2));
  }
  return body;
}

Answer parsed(const std::string& text) {
  Answer answer;
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) return answer;
  answer.status = std::stoi(text.substr(9, 3));
  answer.head = text.substr(0, end + 2);
  answer.body = text.substr(end + 4);
  if (answer.has("Transfer-Encoding: chunked")) answer.body = dechunked(answer.body);
  return answer;
}

// A gateway behind one HTTP/1.1 connection, without a socket, before services that the test plays.
struct World {
  explicit World(rpc::Options options = {}) {
    services.add("etcdserverpb.KV", "Range", [this](rpc::UnaryCall call) { on_range(std::move(call)); });
    services.add("etcdserverpb.KV", "Put", [this](rpc::UnaryCall call) { on_put(std::move(call)); });
    services.add("etcdserverpb.Watch", "Watch", [this](rpc::StreamCall call) { on_watch(std::move(call)); });
    services.add("etcdserverpb.Maintenance", "Snapshot",
                 [this](rpc::StreamCall call, const base::SharedBytes&) { on_snapshot(std::move(call)); });
    rpc::HttpHandler http = [this](rpc::HttpRequest request, rpc::HttpResponder responder) {
      Gateway::rename(request.path);
      gateway.serve(std::move(request), std::move(responder), {{"Access-Control-Allow-Origin", "*"}});
    };
    shard = std::make_shared<rpc::Shard>(std::make_shared<const rpc::ServerParts>(rpc::ServerParts{
                                             std::move(options), services, std::move(http), base::null_logger()}),
                                         loop);
    loop.run_once(0);
    calls.emplace(*shard, std::make_shared<rpc::Peer>(), [] {});
  }
  ~World() {
    run([&] { calls.reset(); });
    shard->close();
  }

  void run(const std::function<void()>& task) {
    loop.post([&] {
      task();
      shard->end_pass();
    });
    loop.run_once(0);
  }

  std::string output() {
    std::string all;
    run([&] {
      for (rpc::OutputBatch batch; calls->produce(batch), !batch.empty();) {
        std::array<iovec, 16> pieces;
        std::size_t bytes = 0;
        for (std::size_t i = 0, count = batch.describe(pieces); i < count; bytes += pieces[i++].iov_len)
          all.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
        batch.drop(bytes);
      }
    });
    return all;
  }

  std::string send(const std::string& bytes) {
    run([&] { calls->receive(bytes); });
    return output();
  }

  Answer post(const std::string& path, const std::string& body, const std::string& fields = "",
              const std::string& method = "POST") {
    return parsed(send(method + " " + path + " HTTP/1.1\r\nHost: h\r\n" + fields +
                       "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
  }

  // Opens a WebSocket; the status line's code.
  int upgrade(const std::string& path, const std::string& fields = "") {
    handshake = parsed(send("GET " + path +
                            " HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
                            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                            fields + "\r\n"));
    return handshake.status;
  }
  std::vector<std::string> say(const std::string& text) { return server_says(send(client_frame(Opcode::kText, text))); }

  rpc::testing::ManualClock clock;
  rpc::Loop loop{clock};
  Gateway gateway;
  rpc::ServiceTable services;
  std::shared_ptr<rpc::Shard> shard;
  std::optional<rpc::H1Calls> calls;
  Answer handshake;
  std::vector<std::string> requests;

  // Answers with the key asked for.
  std::function<void(rpc::UnaryCall)> on_range = [this](rpc::UnaryCall call) {
    etcdserverpb::RangeRequest request;
    EXPECT_TRUE(request.ParseFromString(std::string(call.request().view())));
    requests.push_back(request.key());
    etcdserverpb::RangeResponse response;
    response.add_kvs()->set_key(request.key());
    response.set_count(1);
    std::move(call).respond(encoded(response));
  };
  std::function<void(rpc::UnaryCall)> on_put;
  std::function<void(rpc::StreamCall)> on_watch;
  std::function<void(rpc::StreamCall)> on_snapshot;
};

// ---- Unary calls

TEST(Gateway, AUnaryCallIsARequestAndAnAnswerOfJson) {
  World world;
  const Answer answer = world.post("/v3/kv/range", R"({"key":"Zm9v"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"kvs":[{"key":"Zm9v"}],"count":"1"})");
  EXPECT_TRUE(answer.has("Content-Type: application/json"));
  EXPECT_TRUE(answer.has("Grpc-Metadata-Content-Type: application/grpc"));
  EXPECT_TRUE(answer.has("Access-Control-Allow-Origin: *"));
  EXPECT_EQ(world.requests, std::vector<std::string>{"foo"});
}

TEST(Gateway, TheOldNameOfTheApiStillWorks) {
  World world;
  EXPECT_EQ(world.post("/v3beta/kv/range", R"({"key":"Zm9v"})").status, 200);
  EXPECT_EQ(world.post("/v3alpha/kv/range", "{}").status, 404);
}

TEST(Gateway, NoBodyIsAnEmptyRequestAndWhatFollowsTheFirstValueIsPassedOver) {
  World world;
  for (const char* body : {"", " \n", "{}", "{} trailing", R"({"key":""}{)"}) {
    EXPECT_EQ(world.post("/v3/kv/range", body).status, 200) << body;
  }
  EXPECT_EQ(world.requests, std::vector<std::string>(5, ""));
}

TEST(Gateway, TheContentTypeDoesNotMatter) {
  World world;
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "application/octet-stream", "?"}) {
    EXPECT_EQ(world.post("/v3/kv/range", "{}", std::string("Content-Type: ") + type + "\r\n").status, 200) << type;
  }
}

TEST(Gateway, BrokenJsonIsABadRequest) {
  World world;
  const Answer syntax = world.post("/v3/kv/range", "{key");
  EXPECT_EQ(syntax.status, 400);
  EXPECT_EQ(syntax.body, R"({"code":3,"message":"invalid character 'k' looking for beginning of object key string"})");
  EXPECT_TRUE(syntax.has("Content-Type: application/json"));
  EXPECT_EQ(world.post("/v3/kv/range", R"({"key":)").body, R"({"code":3,"message":"unexpected EOF"})");
  const Answer value = world.post("/v3/kv/range", R"({"key":"?"})");
  EXPECT_EQ(value.status, 400);
  EXPECT_TRUE(value.body.starts_with(R"({"code":3,"message":"proto: )")) << value.body;
  EXPECT_TRUE(world.requests.empty());
}

TEST(Gateway, UnknownPathsAndWrongMethodsSaySo) {
  World world;
  for (const char* path : {"/v3/", "/v3/kv", "/v3/kv/nope", "/v3/kv/range/", "/v3/kv/rangestream", "/v3/watch/x"}) {
    const Answer answer = world.post(path, "{}");
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.body, R"({"code":5,"message":"Not Found"})");
  }
  for (const char* method : {"GET", "PUT", "DELETE"}) {
    const Answer answer = world.post("/v3/kv/range", "", "", method);
    EXPECT_EQ(answer.status, 501);
    EXPECT_EQ(answer.body, R"({"code":12,"message":"Method Not Allowed"})");
  }
  EXPECT_EQ(world.post("/v3/nope", "", "", "GET").status, 404);
}

TEST(Gateway, AFormMayNameAnotherMethod) {
  World world;
  const std::string form = "Content-Type: application/x-www-form-urlencoded\r\n";
  EXPECT_EQ(world.post("/v3/kv/range", "{}", form + "X-HTTP-Method-Override: GET\r\n").status, 501);
  EXPECT_EQ(world.post("/v3/kv/range", R"({"key":"YQ=="})", form + "X-HTTP-Method-Override: post\r\n").status, 200);
  EXPECT_EQ(world.post("/v3/kv/range", R"({"key":"YQ=="})", "X-HTTP-Method-Override: GET\r\n").status, 200);
  EXPECT_EQ(world.requests, (std::vector<std::string>{"", "a"}));
}

TEST(Gateway, AMethodThatIsNotRegisteredIsUnimplemented) {
  World world;
  const Answer answer = world.post("/v3/lock/lock", "{}");
  EXPECT_EQ(answer.status, 501);
  EXPECT_EQ(answer.body, R"({"code":12,"message":"unknown service v3lockpb.Lock"})");
}

TEST(Gateway, AFailedCallIsItsStatus) {
  World world;
  world.on_put = [](rpc::UnaryCall call) { std::move(call).fail({GrpcCode::kUnauthenticated, "etcdserver: invalid"}); };
  const Answer answer = world.post("/v3/kv/put", "{}");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.body, R"({"code":16,"message":"etcdserver: invalid"})");
  EXPECT_TRUE(answer.has("WWW-Authenticate: etcdserver: invalid"));
}

TEST(Gateway, FieldsOfTheRequestReachTheCall) {
  World world;
  std::optional<rpc::UnaryCall> kept;
  world.on_put = [&](rpc::UnaryCall call) { kept.emplace(std::move(call)); };
  EXPECT_EQ(world.post("/v3/kv/put", "{}", "Grpc-Timeout: x\r\n").body,
            R"({"code":3,"message":"invalid grpc-timeout: x"})");
  world.post("/v3/kv/put", "{}", "Authorization: t\r\nGrpc-Metadata-HasLeader: true\r\nGrpc-Timeout: 1S\r\n");
  EXPECT_EQ(kept->info().metadata.find("authorization"), "t");
  EXPECT_EQ(kept->info().metadata.find("hasleader"), "true");

  world.clock.now_ns += 2 * rpc::kSecond;
  world.run([] {});
  const Answer late = parsed(world.output());
  EXPECT_EQ(late.status, 504);
  EXPECT_EQ(late.body, R"({"code":4,"message":"context deadline exceeded"})");
  EXPECT_TRUE(kept->is_cancelled());
  world.run([&] { kept.reset(); });
}

TEST(Gateway, AClientThatLeavesCancelsItsCall) {
  World world;
  std::optional<rpc::UnaryCall> kept;
  world.on_put = [&](rpc::UnaryCall call) { kept.emplace(std::move(call)); };
  world.post("/v3/kv/put", "{}");
  world.run([&] { world.calls->input_ended(); });
  EXPECT_TRUE(kept->is_cancelled());
  EXPECT_EQ(parsed(world.output()).status, 499);
  world.run([&] { kept.reset(); });
}

TEST(Gateway, AMessageThatIsTooLargeIsRefusedAsGrpcDoes) {
  World world({.max_receive_message_bytes = 10});
  const Answer answer = world.post("/v3/kv/range", R"({"key":"YWFhYWFhYWFhYWFhYWFhYWFhYWFh"})");
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.body, R"x({"code":8,"message":"grpc: received message larger than max (23 vs. 10)"})x");
}

// ---- Streams

etcdserverpb::WatchResponse event(const std::string& key) {
  etcdserverpb::WatchResponse response;
  response.add_events()->mutable_kv()->set_key(key);
  return response;
}

// Takes watch requests one by one, answers each with its key, and outlives the half-close.
void echo_watch(World& world, std::optional<rpc::StreamCall>& stream, bool& half_closed) {
  world.on_watch = [&](rpc::StreamCall call) {
    rpc::StreamEvents events;
    events.on_message = [&](const base::SharedBytes& bytes) {
      etcdserverpb::WatchRequest request;
      EXPECT_TRUE(request.ParseFromString(std::string(bytes.view())));
      stream->send(encoded(event(request.create_request().key())));
      stream->read(1);
    };
    events.on_half_close = [&] { half_closed = true; };
    call.set_events(std::move(events));
    stream = call;
    stream->read(1);
  };
}

TEST(Gateway, AStreamIsALineForEachMessage) {
  World world;
  std::optional<rpc::StreamCall> stream;
  bool half_closed = false;
  echo_watch(world, stream, half_closed);
  const Answer begun =
      world.post("/v3/watch", R"({"create_request":{"key":"YQ=="}} {"create_request":{"key":"Yg=="}} )");
  EXPECT_EQ(begun.status, 200);
  EXPECT_TRUE(begun.has("Transfer-Encoding: chunked"));
  EXPECT_TRUE(begun.has("Grpc-Metadata-Content-Type: application/grpc"));
  EXPECT_EQ(begun.body,
            "{\"result\":{\"events\":[{\"kv\":{\"key\":\"YQ==\"}}]}}\n"
            "{\"result\":{\"events\":[{\"kv\":{\"key\":\"Yg==\"}}]}}\n");
  EXPECT_TRUE(half_closed);

  world.run([&] { stream->send(encoded(event("c"))); });
  EXPECT_EQ(dechunked(world.output()), "{\"result\":{\"events\":[{\"kv\":{\"key\":\"Yw==\"}}]}}\n");
  world.run([&] { stream->finish({GrpcCode::kUnavailable, "etcdserver: no leader"}); });
  EXPECT_EQ(dechunked(world.output()), "{\"error\":{\"code\":14,\"message\":\"etcdserver: no leader\"}}\n");
  EXPECT_FALSE(world.calls->is_over());
}

TEST(Gateway, AStreamThatFailsBeforeItsFirstMessageHasTheErrorsStatus) {
  World world;
  world.on_snapshot = [](rpc::StreamCall call) { call.finish({GrpcCode::kPermissionDenied, "no"}); };
  const Answer answer = world.post("/v3/maintenance/snapshot", "{}");
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.body, "{\"error\":{\"code\":7,\"message\":\"no\"}}\n");
}

TEST(Gateway, ARequestForAStreamThatCannotBeReadIsABadRequest) {
  World world;
  const Answer answer = world.post("/v3/maintenance/snapshot", "{");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, R"({"code":3,"message":"unexpected EOF"})");
}

TEST(Gateway, AStreamWithoutMessagesIsAnEmptyBody) {
  World world;
  world.on_snapshot = [](rpc::StreamCall call) { call.finish({}); };
  const Answer answer = world.post("/v3/maintenance/snapshot", "{}");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_FALSE(answer.has("Content-Type: application/json"));
}

TEST(Gateway, TextThatIsNoMessageEndsAWatchsInput) {
  World world;
  std::optional<rpc::StreamCall> stream;
  for (const char* body : {"", "nonsense", R"({"create_request":5})"}) {
    bool half_closed = false;
    echo_watch(world, stream, half_closed);
    world.post("/v3/watch", body);
    EXPECT_TRUE(half_closed) << body;
    world.run([&] { stream->finish({}); });
    EXPECT_EQ(parsed(world.output()).status, 200);
  }
}

TEST(Gateway, AClientThatLeavesCancelsItsStream) {
  World world;
  std::optional<rpc::StreamCall> stream;
  bool half_closed = false;
  echo_watch(world, stream, half_closed);
  world.post("/v3/watch", R"({"create_request":{"key":"YQ=="}})");
  EXPECT_FALSE(stream->is_cancelled());
  world.run([&] { world.calls->input_ended(); });
  EXPECT_TRUE(stream->is_cancelled());
  EXPECT_TRUE(world.calls->is_over());
}

TEST(Gateway, AClientThatDoesNotReadStopsTheStream) {
  World world({.stream_high_water_bytes = 1000, .stream_low_water_bytes = 100});
  std::optional<rpc::StreamCall> stream;
  int writable = 0;
  world.on_watch = [&](rpc::StreamCall call) {
    call.set_events({.on_writable = [&] { ++writable; }});
    stream = call;
  };
  world.run([&] { world.calls->receive("POST /v3/watch HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"); });
  int sent = 0;
  world.run([&] {
    for (bool more = true; more && sent < 10'000; ++sent) more = stream->send(encoded(event(std::string(50, 'k'))));
  });
  EXPECT_LT(sent, 100);
  EXPECT_EQ(writable, 0);
  const std::string all = world.output() + world.output();
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n') > sent, true);
  EXPECT_GE(writable, 1);
}

TEST(Gateway, StreamsAboveTheLimitWait) {
  World world({.max_concurrent_streams = 1});
  std::optional<rpc::StreamCall> stream;
  bool half_closed = false;
  echo_watch(world, stream, half_closed);
  world.post("/v3/watch", "{}");
  std::optional<rpc::H1Calls> second;
  world.run([&] {
    second.emplace(*world.shard, std::make_shared<rpc::Peer>(), [] {});
    second->receive("POST /v3/kv/range HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
  });
  EXPECT_TRUE(world.requests.empty());
  world.run([&] { stream->finish({}); });
  world.run([] {});
  EXPECT_EQ(world.requests.size(), 1U);
  world.run([&] { second.reset(); });
}

// ---- WebSockets

TEST(Gateway, AWebSocketCarriesAStreamBothWays) {
  World world;
  std::optional<rpc::StreamCall> stream;
  bool half_closed = false;
  echo_watch(world, stream, half_closed);
  EXPECT_EQ(world.upgrade("/v3/watch", "Sec-WebSocket-Protocol: Bearer, secret\r\n"), 101);
  EXPECT_TRUE(world.handshake.has("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  EXPECT_TRUE(world.handshake.has("Sec-WebSocket-Protocol: Bearer"));
  EXPECT_TRUE(world.handshake.has("Upgrade: websocket"));
  EXPECT_EQ(stream->info().metadata.find("authorization"), "Bearer secret");

  using Said = std::vector<std::string>;
  EXPECT_EQ(world.say(R"({"create_request":{"key":"YQ=="}})"),
            Said{R"({"result":{"events":[{"kv":{"key":"YQ=="}}]}})"});
  EXPECT_EQ(world.say(R"({"create_request":)"), Said{});
  EXPECT_EQ(world.say(R"({"key":"Yg=="}}{})"),
            (Said{R"({"result":{"events":[{"kv":{"key":"Yg=="}}]}})", R"({"result":{"events":[{"kv":{}}]}})"}));
  EXPECT_EQ(server_says(world.send(client_frame(Opcode::kPing, "are you there"))), Said{"pong are you there"});
  world.run([&] { stream->finish({GrpcCode::kCanceled, "x"}); });
  EXPECT_EQ(server_says(world.output()), (Said{R"({"error":{"code":1,"message":"x"}})", "close 1000"}));
  EXPECT_TRUE(world.calls->is_over());
}

TEST(Gateway, AUnaryCallOverAWebSocketIsAnsweredAndClosed) {
  World world;
  EXPECT_EQ(world.upgrade("/v3/kv/range"), 101);
  EXPECT_EQ(world.say(R"({"key":"YQ=="})"),
            (std::vector<std::string>{R"({"kvs":[{"key":"YQ=="}],"count":"1"})", "close 1000"}));
}

TEST(Gateway, AWebSocketToNowhereSaysSo) {
  World world;
  EXPECT_EQ(world.upgrade("/v3/nope"), 101);
  EXPECT_EQ(server_says(world.handshake.body),
            (std::vector<std::string>{R"({"code":5,"message":"Not Found"})", "close 1000"}));
}

TEST(Gateway, AWebSocketClientThatSaysGoodbyeOrLeavesCancelsItsCall) {
  for (const bool says_goodbye : {true, false}) {
    World world;
    std::optional<rpc::StreamCall> stream;
    bool half_closed = false;
    echo_watch(world, stream, half_closed);
    world.upgrade("/v3/watch");
    if (says_goodbye) {
      EXPECT_EQ(server_says(world.send(client_frame(Opcode::kClose, "\x03\xe9"))),
                std::vector<std::string>{"close 1000"});
    } else {
      world.run([&] { world.calls->input_ended(); });
    }
    EXPECT_TRUE(stream->is_cancelled());
    world.output();
    EXPECT_TRUE(world.calls->is_over());
  }
}

TEST(Gateway, AWebSocketClientThatBreaksTheProtocolIsToldAndLeft) {
  World world;
  std::optional<rpc::StreamCall> stream;
  bool half_closed = false;
  echo_watch(world, stream, half_closed);
  world.upgrade("/v3/watch");
  EXPECT_EQ(server_says(world.send(websocket_frame(Opcode::kText, "not masked"))),
            std::vector<std::string>{"close 1002"});
  EXPECT_TRUE(stream->is_cancelled());
}

TEST(Gateway, AMessageOverAWebSocketHasALimit) {
  World world({.max_receive_message_bytes = 50});
  std::optional<rpc::StreamCall> stream;
  bool half_closed = false;
  echo_watch(world, stream, half_closed);
  world.upgrade("/v3/watch");
  EXPECT_EQ(world.say("{" + std::string(60, ' ')), std::vector<std::string>{});
  EXPECT_EQ(world.say(std::string(60, ' ')), std::vector<std::string>{"close 1009"});
}

TEST(Gateway, AMethodThatTakesNothingStopsAWebSocketsClient) {
  World world;
  std::optional<rpc::StreamCall> stream;
  world.on_watch = [&](rpc::StreamCall call) { stream = std::move(call); };
  world.upgrade("/v3/watch");
  for (int i = 0; i < 100 && world.calls->wants_input(); ++i)
    world.say("{\"create_request\":{}}" + std::string(2000, ' '));
  EXPECT_FALSE(world.calls->wants_input());
}

TEST(Gateway, ABadHandshakeIsRefused) {
  World world;
  const std::string fields = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const auto get = [&](const std::string& more, const std::string& method = "GET") {
    return world.post("/v3/watch", "", fields + more, method);
  };
  EXPECT_EQ(get("Sec-WebSocket-Version: 13\r\n").status, 400);
  EXPECT_EQ(get("Sec-WebSocket-Version: 8\r\n" + key).status, 400);
  EXPECT_EQ(get("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n").status, 400);
  const Answer answer = get("Sec-WebSocket-Version: 13\r\n" + key, "POST");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.body, "Method Not Allowed\n");
  EXPECT_TRUE(answer.has("Sec-Websocket-Version: 13"));
}

TEST(Gateway, ATokenInACookieIsTheAuthorization) {
  World world;
  std::optional<rpc::StreamCall> stream;
  bool half_closed = false;
  echo_watch(world, stream, half_closed);
  world.upgrade("/v3/watch", "Cookie: a=b; token=t1; c=d\r\n");
  EXPECT_EQ(stream->info().metadata.find("authorization"), "Bearer t1");
}

}  // namespace
}  // namespace etcd::gateway
