#include "rpc/h2_calls.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "rpc/testing/h2_client.h"
#include "rpc/testing/manual_clock.h"

namespace etcd::rpc {
namespace {

using testing::Fields;
using testing::framed;
using testing::H2Client;

base::Rope rope(std::string text) {
  return base::Rope(std::move(text));
}

// One connection's calls and their client, without a socket. Services: test.T with one method of each kind.
struct World {
  explicit World(Options options = {}) {
    services.add("test.T", "Unary", UnaryHandler([this](UnaryCall call) {
                   requests.emplace_back(call.request().view());
                   if (on_unary) return on_unary(std::move(call));
                   std::move(call).respond(rope("re:" + requests.back()));
                 }));
    services.add("test.T", "Down", ServerStreamHandler([this](StreamCall call, base::SharedBytes request) {
                   requests.emplace_back(request.view());
                   stream = call;
                   if (on_down) on_down(std::move(call));
                 }));
    services.add("test.T", "Both", BidiHandler([this](StreamCall call) {
                   stream = call;
                   if (on_both) on_both(std::move(call));
                 }));
    services.add(
        "test.T", "Small", UnaryHandler([this](UnaryCall call) {
          requests.emplace_back(call.request().view());
          on_unary(std::move(call));
        }),
        AnswerSize::kSmall);
    HttpHandler http = [this](HttpRequest request, HttpResponder responder) {
      http_requests.push_back(std::move(request));
      if (on_http) return on_http(std::move(responder));
      std::move(responder).respond(not_found());
    };
    shard = std::make_shared<Shard>(std::make_shared<const ServerParts>(ServerParts{
                                        std::move(options), services, std::move(http), base::null_logger()}),
                                    loop);
    loop.run_once(0);
    calls.emplace(*shard, std::make_shared<Peer>(Peer{"peer:1", "here:2", "here"}), /*with_http=*/true, [] {});
  }
  ~World() {
    calls.reset();
    shard->close();
  }

  // Carries bytes both ways, and what other threads sent, until there are none.
  void run() {
    for (bool busy = true; busy;) {
      const std::string in = client.take_output();
      loop.post([&] { calls->receive(in); });
      loop.run_once(0);
      std::string out;
      loop.post([&] { out = produce(); });
      loop.run_once(0);
      client.receive(out);
      busy = !in.empty() || !out.empty();
    }
  }

  std::string produce() {
    std::string all;
    for (OutputBatch batch; calls->produce(batch), !batch.empty();) {
      std::array<iovec, 16> pieces;
      std::size_t bytes = 0;
      for (std::size_t i = 0, count = batch.describe(pieces); i < count; bytes += pieces[i++].iov_len) {
        all.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
      }
      batch.drop(bytes);
    }
    return all;
  }

  void pass_time(std::int64_t ns) {
    clock.now_ns += ns;
    loop.run_once(0);
    run();
  }

  MethodCounters counters(std::size_t method) {
    Counters sum;
    shard->add_to(sum);
    return sum.methods[method];
  }

  testing::ManualClock clock;
  Loop loop{clock};
  ServiceTable services;
  std::shared_ptr<Shard> shard;
  std::optional<H2Calls> calls;
  H2Client client;
  std::function<void(UnaryCall)> on_unary;
  std::function<void(StreamCall)> on_down;
  std::function<void(StreamCall)> on_both;
  std::function<void(HttpResponder)> on_http;
  std::vector<std::string> requests;
  std::vector<HttpRequest> http_requests;
  StreamCall stream;
};

constexpr std::size_t kUnary = 0;
constexpr std::size_t kDown = 1;
constexpr std::size_t kBoth = 2;
constexpr auto kOkIndex = static_cast<std::size_t>(GrpcCode::kOk);
constexpr auto kCanceledIndex = static_cast<std::size_t>(GrpcCode::kCanceled);

TEST(H2Calls, AUnaryCallIsAnsweredInItsHandler) {
  World world;
  const auto id = world.client.call("/test.T/Unary", "hello");
  world.run();
  const auto& answer = world.client.answer(id);
  EXPECT_EQ(answer.headers.at(":status"), "200");
  EXPECT_EQ(answer.headers.at("content-type"), "application/grpc");
  EXPECT_EQ(answer.messages(), std::vector<std::string>{"re:hello"});
  EXPECT_EQ(answer.grpc_status(), "0");
  EXPECT_EQ(world.counters(kUnary).started, 1U);
  EXPECT_EQ(world.counters(kUnary).handled[kOkIndex], 1U);
}

TEST(H2Calls, ManyCallsInOneReadAreAllAnswered) {
  World world;
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 500; ++i) ids.push_back(world.client.call("/test.T/Unary", std::to_string(i)));
  world.run();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(world.client.answer(ids[i]).messages(), std::vector<std::string>{"re:" + std::to_string(i)});
  }
}

TEST(H2Calls, TheHandlerSeesMetadataPeerAndDeadline) {
  World world;
  world.on_unary = [&](UnaryCall call) {
    EXPECT_EQ(call.info().metadata.find("token"), "secret");
    EXPECT_EQ(call.info().metadata.find("trace-bin"), std::string_view("\0\xff", 2));
    EXPECT_EQ(call.info().metadata.find("absent"), std::nullopt);
    EXPECT_EQ(call.info().peer->address, "peer:1");
    EXPECT_EQ(call.info().deadline_ns, world.clock.now_ns + 3 * kSecond);
    EXPECT_EQ(call.info().method->name, "Unary");
    std::move(call).respond(rope(""));
  };
  const auto id =
      world.client.call("/test.T/Unary", "", {{"token", "secret"}, {"trace-bin", "AP8"}, {"grpc-timeout", "3S"}});
  world.run();
  EXPECT_EQ(world.client.answer(id).grpc_status(), "0");
}

TEST(H2Calls, AFailureIsTrailersOnlyWithItsTextEncoded) {
  World world;
  world.on_unary = [](UnaryCall call) { std::move(call).fail({GrpcCode::kOutOfRange, "100% späť"}); };
  const auto id = world.client.call("/test.T/Unary", "");
  world.run();
  const auto& answer = world.client.answer(id);
  EXPECT_EQ(answer.headers.at("grpc-status"), "11");
  EXPECT_EQ(answer.headers.at("grpc-message"), "100%25 sp%C3%A4%C5%A5");
  EXPECT_TRUE(answer.body.empty());
  EXPECT_TRUE(answer.ended);
}

TEST(H2Calls, ADroppedCallFailsAsInternal) {
  World world;
  world.on_unary = [](UnaryCall) {};
  const auto id = world.client.call("/test.T/Unary", "");
  world.run();
  EXPECT_EQ(world.client.answer(id).grpc_status(), "13");
}

TEST(H2Calls, UnknownPathsAreExplainedInGrpcGosWords) {
  World world;
  const auto service = world.client.call("/no.S/M", "");
  const auto method = world.client.call("/test.T/M", "");
  const auto malformed = world.client.call("test", "");
  world.run();
  EXPECT_EQ(world.client.answer(service).grpc_message(), "unknown service no.S");
  EXPECT_EQ(world.client.answer(method).grpc_message(), "unknown method M for service test.T");
  EXPECT_EQ(world.client.answer(service).grpc_status(), "12");
  // nghttp2 resets a path without a slash before it gets here; the table still explains it.
  EXPECT_EQ(world.client.answer(malformed).reset, 1U);
  EXPECT_EQ(world.services.explain_missing("test").message, "malformed method name: \"test\"");
  EXPECT_EQ(world.services.explain_missing("/test").message, "malformed method name: \"/test\"");
  // And finds nothing for it, or rules that go by paths would be passed by (CVE-2026-33186).
  for (const auto& known : world.services.methods()) {
    const std::string path = known->service + "/" + known->name;
    EXPECT_EQ(world.services.find("/" + path), known.get());
    EXPECT_EQ(world.services.find(path), nullptr);
    EXPECT_EQ(world.services.find("//" + path), nullptr);
  }
}

TEST(H2Calls, AnswersFromOtherThreadsComeThrough) {
  World world;
  std::vector<UnaryCall> waiting;
  world.on_unary = [&](UnaryCall call) { waiting.push_back(std::move(call)); };
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(world.client.call("/test.T/Unary", std::to_string(i)));
  world.run();
  ASSERT_EQ(waiting.size(), 100U);
  std::thread([&] {
    AnswerBatch batch;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      const std::string text(waiting[i].request().view());
      i % 2 == 0 ? batch.respond(std::move(waiting[i]), rope(text)) : std::move(waiting[i]).respond(rope(text));
    }
  }).join();
  world.run();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(world.client.answer(ids[i]).messages(), std::vector<std::string>{std::to_string(i)});
  }
}

TEST(H2Calls, ACancelledCallIsToldAndItsLateAnswerDropped) {
  World world;
  std::vector<UnaryCall> waiting;
  int told = 0;
  world.on_unary = [&](UnaryCall call) {
    call.on_cancel([&] { ++told; });
    waiting.push_back(std::move(call));
  };
  const auto id = world.client.call("/test.T/Unary", "x");
  world.run();
  EXPECT_FALSE(waiting[0].is_cancelled());
  world.client.reset(id, 8);
  world.run();
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(waiting[0].is_cancelled());
  std::move(waiting[0]).respond(rope("late"));
  world.run();
  EXPECT_EQ(world.client.answer(id).body, "");
  EXPECT_EQ(world.counters(kUnary).handled[kCanceledIndex], 1U);
  EXPECT_EQ(world.counters(kUnary).handled[kOkIndex], 0U);
}

TEST(H2Calls, ACallMayBeAnsweredFromItsOwnCancellation) {
  World world;
  std::optional<UnaryCall> waiting;
  world.on_unary = [&](UnaryCall call) {
    call.on_cancel([&] { std::move(*waiting).fail({GrpcCode::kCanceled, ""}); });
    waiting.emplace(std::move(call));
  };
  const auto id = world.client.call("/test.T/Unary", "x");
  world.run();
  world.client.reset(id, 8);
  world.run();
  EXPECT_EQ(world.counters(kUnary).handled[kCanceledIndex], 1U);
}

TEST(H2Calls, ARequestThatIsResetInTheSameReadIsNeverHandedOn) {
  World world;
  world.run();
  const auto id = world.client.call("/test.T/Unary", "x");
  const std::string bytes = world.client.take_output() + testing::raw_frame(3, 0, id, std::string("\0\0\0\x8", 4));
  world.loop.post([&] { world.calls->receive(bytes); });
  world.loop.run_once(0);
  EXPECT_TRUE(world.requests.empty());
}

TEST(H2Calls, TheDeadlineAnswersInPlaceOfAHandlerThatDoesNot) {
  World world;
  std::vector<UnaryCall> waiting;
  world.on_unary = [&](UnaryCall call) { waiting.push_back(std::move(call)); };
  const auto id = world.client.call("/test.T/Unary", "x", {{"grpc-timeout", "100m"}});
  world.run();
  world.pass_time(99'000'000);
  EXPECT_FALSE(waiting[0].is_cancelled());
  world.pass_time(2'000'000);
  EXPECT_TRUE(waiting[0].is_cancelled());
  EXPECT_EQ(world.client.answer(id).grpc_status(), "4");
  EXPECT_EQ(world.client.answer(id).grpc_message(), "context deadline exceeded");
  std::move(waiting[0]).respond(rope("late"));
  world.run();
  EXPECT_EQ(world.client.answer(id).body, "");
}

TEST(H2Calls, ARequestWhoseDeadlinePassesWhileItComesInIsNotHandedOn) {
  World world;
  const auto id = world.client.open_call("/test.T/Unary", {{"grpc-timeout", "10m"}});
  world.client.send(id, framed("abc").substr(0, 6), false);
  world.run();
  world.pass_time(20'000'000);
  world.client.send(id, "bc", true);
  world.run();
  EXPECT_TRUE(world.requests.empty());
  EXPECT_EQ(world.client.answer(id).grpc_status(), "4");
}

TEST(H2Calls, AnOversizeMessageIsRefusedByItsPrefix) {
  World world({.max_receive_message_bytes = 100});
  const auto id = world.client.open_call("/test.T/Unary");
  world.client.send(id, std::string("\0\x7f\xff\xff\xff", 5), false);
  world.run();
  EXPECT_EQ(world.client.answer(id).grpc_status(), "8");
  EXPECT_EQ(world.client.answer(id).grpc_message(), "grpc: received message larger than max (2147483647 vs. 100)");
  EXPECT_TRUE(world.requests.empty());
}

TEST(H2Calls, AMessageLargerThanTheWindowComesThrough) {
  World world({.max_receive_message_bytes = 8'000'000, .stream_window_bytes = 65'535});
  std::size_t got = 0;
  world.on_unary = [&](UnaryCall call) {
    got = call.request().size();
    std::move(call).respond(rope("ok"));
  };
  const auto id = world.client.call("/test.T/Unary", std::string(6'000'000, 'x'));
  world.run();
  EXPECT_EQ(got, 6'000'000U);
  EXPECT_EQ(world.client.answer(id).grpc_status(), "0");
}

TEST(H2Calls, ATruncatedRequestIsRefused) {
  World world;
  const auto nothing = world.client.open_call("/test.T/Unary");
  world.client.send(nothing, "", true);
  const auto half = world.client.open_call("/test.T/Unary");
  world.client.send(half, framed("hello").substr(0, 7), true);
  world.run();
  EXPECT_EQ(world.client.answer(nothing).grpc_message(), "EOF");
  EXPECT_EQ(world.client.answer(half).grpc_message(), "unexpected EOF");
  EXPECT_EQ(world.client.answer(half).grpc_status(), "2");
  EXPECT_TRUE(world.requests.empty());
}

TEST(H2Calls, ACompressedRequestIsInflatedAndAnUnknownCompressionRefused) {
  World world;
  std::string zipped(200, '\0');
  z_stream z{};
  ASSERT_EQ(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string plain = "plain text";
  z.next_in = reinterpret_cast<Bytef*>(plain.data());
  z.avail_in = static_cast<uInt>(plain.size());
  z.next_out = reinterpret_cast<Bytef*>(zipped.data());
  z.avail_out = static_cast<uInt>(zipped.size());
  ASSERT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  zipped.resize(zipped.size() - z.avail_out);
  deflateEnd(&z);
  const auto id = world.client.open_call("/test.T/Unary", {{"grpc-encoding", "gzip"}});
  world.client.send(id, framed(zipped, 1), true);
  const auto snappy = world.client.call("/test.T/Unary", "x", {{"grpc-encoding", "snappy"}});
  world.run();
  EXPECT_EQ(world.client.answer(id).messages(), std::vector<std::string>{"re:plain text"});
  EXPECT_EQ(world.client.answer(snappy).grpc_status(), "12");
}

TEST(H2Calls, WhatIsNotGrpcGoesToTheHttpHandler) {
  World world;
  const auto id = world.client.request({{":method", "GET"},
                                        {":scheme", "http"},
                                        {":path", "/a%20b?x=1&x=2&y=%zz"},
                                        {":authority", "host:1"},
                                        {"accept", "a"}},
                                       true);
  const auto grpc_like = world.client.request({{":method", "POST"},
                                               {":scheme", "http"},
                                               {":path", "/test.T/Unary"},
                                               {":authority", "x"},
                                               {"content-type", "application/grpc-web"}},
                                              true);
  world.run();
  ASSERT_EQ(world.http_requests.size(), 1U);
  const HttpRequest& request = world.http_requests[0];
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.path, "/a b");
  EXPECT_EQ(request.host, "host:1");
  EXPECT_EQ(request.header("accept"), "a");
  EXPECT_EQ(request.query_values("x"), (std::vector<std::string>{"1", "2"}));
  EXPECT_TRUE(request.query_values("y").empty());
  EXPECT_TRUE(request.is_http2);
  EXPECT_EQ(world.client.answer(id).headers.at(":status"), "404");
  EXPECT_EQ(world.client.answer(id).headers.at("content-length"), "19");
  EXPECT_EQ(world.client.answer(id).body, "404 page not found\n");
  EXPECT_EQ(world.client.answer(grpc_like).headers.at(":status"), "415");
}

TEST(H2Calls, AnHttpBodyMayBeStreamed) {
  World world;
  HttpBody body;
  world.on_http = [&](HttpResponder responder) { body = std::move(responder).begin(200, {{"Content-Type", "x/y"}}); };
  const auto id =
      world.client.request({{":method", "POST"}, {":scheme", "http"}, {":path", "/"}, {":authority", "x"}}, false);
  world.client.send(id, "ask", true);
  world.run();
  EXPECT_EQ(world.http_requests.at(0).body.view(), "ask");
  EXPECT_EQ(world.client.answer(id).headers.at("content-type"), "x/y");
  EXPECT_TRUE(body.write(rope("one")));
  world.run();
  EXPECT_EQ(world.client.answer(id).body, "one");
  EXPECT_FALSE(world.client.answer(id).ended);
  EXPECT_TRUE(body.write(rope("two")));
  body.end();
  world.run();
  EXPECT_EQ(world.client.answer(id).body, "onetwo");
  EXPECT_TRUE(world.client.answer(id).ended);
}

TEST(H2Calls, AnHttpBodyThatIsDroppedIsBrokenOff) {
  World world;
  HttpBody body;
  world.on_http = [&](HttpResponder responder) { body = std::move(responder).begin(200, {}); };
  const auto id =
      world.client.request({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "x"}}, true);
  world.run();
  body = {};
  world.run();
  EXPECT_EQ(world.client.answer(id).reset, 2U);
}

TEST(H2Calls, AnHttpBodyOverTheLimitIs413) {
  World world({.max_http_body_bytes = 1000});
  const auto id =
      world.client.request({{":method", "POST"}, {":scheme", "http"}, {":path", "/"}, {":authority", "x"}}, false);
  world.client.send(id, std::string(2000, 'x'), true);
  world.run();
  EXPECT_EQ(world.client.answer(id).headers.at(":status"), "413");
  EXPECT_TRUE(world.http_requests.empty());
}

TEST(H2Calls, AServerStreamSendsItsMessagesAndStatus) {
  World world;
  const auto id = world.client.call("/test.T/Down", "ask");
  world.run();
  EXPECT_EQ(world.requests, std::vector<std::string>{"ask"});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(world.stream.send(rope(std::to_string(i))));
  world.stream.finish({});
  world.run();
  EXPECT_EQ(world.client.answer(id).messages(), (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(world.client.answer(id).grpc_status(), "0");
  EXPECT_EQ(world.counters(kDown).messages_sent, 3U);
  EXPECT_FALSE(world.stream.send(rope("after the end")));
}

TEST(H2Calls, AServerStreamWantsExactlyOneRequest) {
  World world;
  const auto none = world.client.open_call("/test.T/Down");
  world.client.send(none, "", true);
  const auto two = world.client.open_call("/test.T/Down");
  world.client.send(two, framed("a") + framed("b"), true);
  world.run();
  EXPECT_EQ(world.client.answer(none).grpc_message(),
            "cardinality violation: received no request message from non-client-streaming RPC");
  EXPECT_EQ(world.client.answer(two).grpc_message(),
            "cardinality violation: received multiple request messages for non-client-streaming RPC");
  EXPECT_TRUE(world.requests.empty());
}

TEST(H2Calls, AStreamIsToldToWaitAndWhenToGoOn) {
  World world({.stream_high_water_bytes = 100'000, .stream_low_water_bytes = 20'000});
  int writable = 0;
  world.on_down = [&](StreamCall call) {
    StreamEvents events;
    events.on_writable = [&] { ++writable; };
    call.set_events(std::move(events));
  };
  const auto id = world.client.call("/test.T/Down", "");
  world.run();
  int sent = 0;
  while (world.stream.send(rope(std::string(10'000, 'x')))) ++sent;
  EXPECT_EQ(sent, 9);
  EXPECT_GT(world.stream.queued_bytes(), 100'000U);
  EXPECT_EQ(writable, 0);
  world.run();  // the client takes all
  EXPECT_EQ(writable, 1);
  EXPECT_EQ(world.stream.queued_bytes(), 0U);
  EXPECT_EQ(world.client.answer(id).messages().size(), 10U);
}

TEST(H2Calls, BidiMessagesComeOnlyOnCreditAndTheClientIsHeldBack) {
  World world({.stream_window_bytes = 65'535});
  std::vector<std::size_t> got;
  bool half_closed = false;
  world.on_both = [&](StreamCall call) {
    StreamEvents events;
    events.on_message = [&](base::SharedBytes message) { got.push_back(message.size()); };
    events.on_half_close = [&] { half_closed = true; };
    call.set_events(std::move(events));
  };
  const auto id = world.client.open_call("/test.T/Both");
  for (std::size_t i = 1; i <= 20; ++i) world.client.send(id, framed(std::string(i * 1000, 'm')), i == 20);
  world.run();
  EXPECT_TRUE(got.empty());
  world.stream.read(2);
  world.run();
  EXPECT_EQ(got, (std::vector<std::size_t>{1000, 2000}));
  EXPECT_FALSE(half_closed);
  world.stream.read(100);
  world.run();
  EXPECT_EQ(got.size(), 20U);
  EXPECT_EQ(got.back(), 20'000U);
  EXPECT_TRUE(half_closed);
  world.stream.finish({GrpcCode::kOk, ""});
  world.run();
  EXPECT_EQ(world.client.answer(id).grpc_status(), "0");
}

TEST(H2Calls, AHandlerMayReadAnswerAndFinishFromWithinItsEvents) {
  World world;
  world.on_both = [&](StreamCall call) {
    StreamEvents events;
    events.on_message = [call](base::SharedBytes message) mutable {
      const std::string text(message.view());
      call.send(rope("echo " + text));
      text == "bye" ? call.finish({GrpcCode::kAborted, "bye"}) : call.read(1);
    };
    call.set_events(std::move(events));
    call.read(1);
  };
  const auto id = world.client.open_call("/test.T/Both");
  std::string input;
  for (int i = 0; i < 10'000; ++i) input += framed("x");
  world.client.send(id, input + framed("bye") + framed("never read"), false);
  world.run();
  EXPECT_EQ(world.client.answer(id).messages().size(), 10'001U);
  EXPECT_EQ(world.client.answer(id).grpc_status(), "10");
  EXPECT_TRUE(world.client.answer(id).ended);
}

TEST(H2Calls, ACancelledStreamIsToldOnceAndTakesNoMore) {
  World world;
  int told = 0;
  world.on_both = [&](StreamCall call) {
    StreamEvents events;
    events.on_cancel = [&] { ++told; };
    call.set_events(std::move(events));
  };
  const auto id = world.client.open_call("/test.T/Both");
  world.run();
  world.client.reset(id, 8);
  world.run();
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(world.stream.is_cancelled());
  EXPECT_FALSE(world.stream.send(rope("x")));
  EXPECT_EQ(world.counters(kBoth).handled[kCanceledIndex], 1U);
}

TEST(H2Calls, AStreamWhoseHandlesAreAllGoneFailsAsInternal) {
  World world;
  const auto id = world.client.open_call("/test.T/Both");
  world.run();
  StreamCall second = world.stream;
  world.stream = {};
  world.run();
  EXPECT_FALSE(world.client.answer(id).ended);
  second = {};
  world.run();
  EXPECT_EQ(world.client.answer(id).grpc_status(), "13");
}

TEST(H2Calls, AStreamsMessagesKeepTheirOrderFromAnyThread) {
  World world;
  const auto id = world.client.call("/test.T/Down", "");
  world.run();
  std::vector<std::string> expected;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 4; ++i) expected.push_back(std::to_string(round * 4 + i));
    std::thread([&, round] {
      world.stream.send(rope(std::to_string(round * 4)));
      world.stream.send(rope(std::to_string(round * 4 + 1)));
    }).join();
    world.loop.post([&, round] {
      world.stream.send(rope(std::to_string(round * 4 + 2)));
      world.stream.send(rope(std::to_string(round * 4 + 3)));
    });
    world.run();
  }
  EXPECT_EQ(world.client.answer(id).messages(), expected);
}

TEST(H2Calls, TheEndOfTheConnectionCancelsEverything) {
  World world;
  std::vector<UnaryCall> waiting;
  int told = 0;
  world.on_unary = [&](UnaryCall call) {
    call.on_cancel([&] { ++told; });
    waiting.push_back(std::move(call));
  };
  world.on_both = [&](StreamCall call) {
    StreamEvents events;
    events.on_cancel = [&] { ++told; };
    call.set_events(std::move(events));
  };
  world.client.call("/test.T/Unary", "");
  world.client.open_call("/test.T/Both");
  world.client.open_call("/test.T/Unary");  // never complete
  world.run();
  world.calls.reset();
  EXPECT_EQ(told, 2);
  EXPECT_TRUE(waiting[0].is_cancelled());
  EXPECT_TRUE(world.stream.is_cancelled());
  std::move(waiting[0]).respond(rope("late"));
}

TEST(H2Calls, HandlesMayOutliveTheServer) {
  std::vector<UnaryCall> waiting;
  StreamCall stream;
  {
    World world;
    world.on_unary = [&](UnaryCall call) { waiting.push_back(std::move(call)); };
    for (int i = 0; i < 3; ++i) world.client.call("/test.T/Unary", "");
    world.client.call("/test.T/Down", "");
    world.run();
    stream = world.stream;
    ASSERT_EQ(waiting.size(), 3U);
  }
  EXPECT_TRUE(waiting[0].is_cancelled());
  std::move(waiting[0]).respond(rope("late"));
  AnswerBatch batch;
  batch.fail(std::move(waiting[1]), {GrpcCode::kUnavailable, ""});
  batch.send();
  EXPECT_FALSE(stream.send(rope("late")));
  stream.finish({});
}

TEST(H2Calls, WhenMuchOutputWaitsRequestsWaitToo) {
  World world({.max_queued_output_bytes = 100'000});
  world.on_unary = [&](UnaryCall call) { std::move(call).respond(rope(std::string(60'000, 'x'))); };
  // A client that takes nothing: its windows stay shut.
  const std::string settings("\0\x4\0\0\0\0", 6);
  std::string in = testing::raw_preface() + testing::raw_frame(4, 0, 0, settings);
  H2Client writer;
  for (int i = 0; i < 10; ++i) writer.call("/test.T/Unary", "q");
  const std::string calls = writer.take_output();
  in += calls.substr(testing::raw_preface().size() + 6);  // without its own preface and SETTINGS
  world.loop.post([&] {
    world.calls->receive(in);
    (void)world.produce();
  });
  world.loop.run_once(0);
  EXPECT_EQ(world.requests.size(), 2U);
  EXPECT_EQ(world.calls->queued_bytes(), 120'000U);

  // The windows open: the rest is served as output leaves.
  const std::string wide("\0\x4\x7f\xff\xff\xff", 6);
  world.loop.post([&] {
    world.calls->receive(testing::raw_frame(4, 0, 0, wide) + testing::raw_frame(8, 0, 0, std::string("\x7f\0\0\0", 4)));
    (void)world.produce();
  });
  world.loop.run_once(0);
  EXPECT_EQ(world.requests.size(), 10U);
  EXPECT_EQ(world.calls->queued_bytes(), 0U);
}

TEST(H2Calls, RequestsWithSmallAnswersDoNotWaitForLargeOnes) {
  World world({.max_queued_output_bytes = 100'000, .max_queued_small_bytes = 300'000});
  world.on_unary = [&](UnaryCall call) { std::move(call).respond(rope(std::string(world.requests.back() == "large" ? 1'000'000 : 60'000, 'x'))); };
  const std::string settings("\0\x4\0\0\0\0", 6);
  std::string in = testing::raw_preface() + testing::raw_frame(4, 0, 0, settings);
  H2Client writer;
  for (int i = 0; i < 3; ++i) writer.call("/test.T/Unary", "large");
  for (int i = 0; i < 20; ++i) writer.call("/test.T/Small", "small");
  in += writer.take_output().substr(testing::raw_preface().size() + 6);
  world.loop.post([&] {
    world.calls->receive(in);
    (void)world.produce();
  });
  world.loop.run_once(0);
  // One large one is over all marks but that of the small ones. There is an end to what those may hold, too.
  EXPECT_EQ(std::count(world.requests.begin(), world.requests.end(), "large"), 1);
  EXPECT_EQ(std::count(world.requests.begin(), world.requests.end(), "small"), 6);
  EXPECT_FALSE(world.calls->wants_input());

  // A client that reads after all is served all of it.
  const std::string wide("\0\x4\x7f\xff\xff\xff", 6);
  world.loop.post([&] {
    world.calls->receive(testing::raw_frame(4, 0, 0, wide) + testing::raw_frame(8, 0, 0, std::string("\x7f\0\0\0", 4)));
    (void)world.produce();
  });
  world.loop.run_once(0);
  EXPECT_EQ(world.requests.size(), 23U);
  EXPECT_EQ(world.calls->queued_bytes(), 0U);
}

TEST(H2Calls, AnAnswerThatIsAloneOfItsKindMakesNobodyWait) {
  struct Zeros final : base::RopeSource {
    std::size_t left = 1'000'000;
    std::size_t size() const override { return left; }
    void append_next(std::size_t count, std::string& out) override { out.append(count, '0'), left -= count; }
    bool is_rationed() const override { return true; }
  };
  World world({.max_queued_output_bytes = 100'000});
  world.on_unary = [&](UnaryCall call) { std::move(call).respond(world.requests.size() == 1 ? base::Rope(std::make_unique<Zeros>()) : rope("short")); };
  const std::string settings("\0\x4\0\0\0\0", 6);
  H2Client writer;
  for (int i = 0; i < 5; ++i) writer.call("/test.T/Unary", "q");
  const std::string in = testing::raw_preface() + testing::raw_frame(4, 0, 0, settings) + writer.take_output().substr(testing::raw_preface().size() + 6);
  world.loop.post([&] {
    world.calls->receive(in);
    (void)world.produce();
  });
  world.loop.run_once(0);
  EXPECT_EQ(world.requests.size(), 5U);
  EXPECT_EQ(world.calls->queued_bytes(), 4 * std::string("short").size());
}

TEST(H2Calls, UnfinishedRequestsAreBoundedOnAConnection) {
  World world({.max_receive_message_bytes = 1'000'000, .max_unfinished_request_bytes = 300'000});
  std::vector<std::int32_t> ids;
  for (int i = 0; i < 10; ++i) {
    ids.push_back(world.client.open_call("/test.T/Unary"));
    world.client.send(ids.back(), framed(std::string(100'000, 'x')).substr(0, 60'000), false);
  }
  world.run();
  std::size_t refused = 0;
  for (const auto id : ids) refused += world.client.answer(id).grpc_status() == "8";
  EXPECT_GE(refused, 5U);
  EXPECT_LT(refused, 10U);
  for (const auto id : ids) {
    if (world.client.answer(id).ended) continue;
    world.client.send(id, std::string(40'005, 'x'), true);
    world.run();
  }
  EXPECT_EQ(world.requests.size(), 10 - refused);
}

TEST(H2Calls, AnAnswerTooLargeToSendIsAFailure) {
  World world;
  world.on_unary = [](UnaryCall call) {
    const base::SharedBytes block{std::string(1 << 20, 'x')};
    base::Rope huge;
    for (int i = 0; i < 2049; ++i) huge.append(block);
    std::move(call).respond(std::move(huge));
  };
  const auto id = world.client.call("/test.T/Unary", "");
  world.run();
  EXPECT_EQ(world.client.answer(id).grpc_message(),
            "grpc: trying to send message larger than max (2148532224 vs. 2147483647)");
}

TEST(H2Calls, TheAnswersContentTypeFollowsTheRequests) {
  World world;
  const auto id = world.client.request({{":method", "POST"},
                                        {":scheme", "http"},
                                        {":path", "/test.T/Unary"},
                                        {":authority", "x"},
                                        {"content-type", "application/grpc+proto"}},
                                       false);
  world.client.send(id, framed("x"), true);
  world.run();
  EXPECT_EQ(world.client.answer(id).headers.at("content-type"), "application/grpc+proto");
}

}  // namespace
}  // namespace etcd::rpc
