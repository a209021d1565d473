#include "rpc/local_call.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "rpc/shard.h"
#include "rpc/testing/manual_clock.h"

namespace etcd::rpc {
namespace {

// A server's loop without sockets, and calls made on it.
struct World {
  explicit World(Options options = {}) {
    services.add("s", "Unary", [this](UnaryCall call) { on_unary(std::move(call)); });
    services.add("s", "Stream", [this](StreamCall call, base::SharedBytes request) {
      on_stream(std::move(call), std::string(request.view()));
    });
    services.add("s", "Bidi", [this](StreamCall call) { on_bidi(std::move(call)); });
    shard = std::make_shared<Shard>(
        std::make_shared<const ServerParts>(ServerParts{std::move(options), services, nullptr, base::null_logger()}),
        loop);
  }
  ~World() { shard->close(); }

  // On the loop's thread, with a whole pass around it.
  void run(const std::function<void()>& task) {
    loop.post([&] {
      task();
      shard->end_pass();
    });
    loop.run_once(0);
  }
  void pass() {
    run([] {});
  }

  Counters counters() const {
    Counters sum;
    shard->add_to(sum);
    return sum;
  }

  testing::ManualClock clock;
  Loop loop{clock};
  ServiceTable services;
  std::shared_ptr<Shard> shard;
  std::function<void(UnaryCall)> on_unary = [](UnaryCall call) {
    std::move(call).respond(base::Rope("re:" + std::string(call.request().view())));
  };
  std::function<void(StreamCall, std::string)> on_stream;
  std::function<void(StreamCall)> on_bidi;
};

// A caller that writes down what it hears.
struct Caller {
  Caller(World& of_world, const std::string& method, LocalCallHead head = {}) : world(of_world) {
    const LocalClient client(world.shard);
    LocalCallEvents events;
    events.on_message = [this](base::Rope message) { messages.push_back(message.flatten()); };
    events.on_end = [this](const GrpcStatus& ended) { status = ended; };
    events.on_wanted = [this] { ++wanted; };
    world.run([&] { call = client.make(*client.find("/s/" + method), std::move(head), std::move(events)); });
  }
  void start(const std::string& request = "") {
    world.run([&] { call->start(base::SharedBytes::copy_of(request)); });
  }
  void send(const std::string& message) {
    world.run([&] { call->send(base::SharedBytes::copy_of(message)); });
  }
  void drop() {
    world.run([&] { call.reset(); });
  }

  World& world;
  std::unique_ptr<LocalCall> call;
  std::vector<std::string> messages;
  std::optional<GrpcStatus> status;
  int wanted = 0;
};

using Messages = std::vector<std::string>;

TEST(LocalCall, AUnaryCallIsAnsweredAtOnceAndCounted) {
  World world;
  Caller caller(world, "Unary");
  caller.start("abc");
  EXPECT_EQ(caller.messages, Messages{"re:abc"});
  EXPECT_EQ(caller.status, GrpcStatus{});
  const Counters sum = world.counters();
  const MethodCounters& counted = sum.methods[0];
  EXPECT_EQ(counted.started, 1U);
  EXPECT_EQ(counted.messages_received, 1U);
  EXPECT_EQ(counted.messages_sent, 1U);
  EXPECT_EQ(counted.handled[0], 1U);
  caller.drop();
}

TEST(LocalCall, AnErrorIsTheEnd) {
  World world;
  world.on_unary = [](UnaryCall call) { std::move(call).fail({GrpcCode::kNotFound, "nothing"}); };
  Caller caller(world, "Unary");
  caller.start();
  EXPECT_TRUE(caller.messages.empty());
  EXPECT_EQ(caller.status, (GrpcStatus{GrpcCode::kNotFound, "nothing"}));
  caller.drop();
}

TEST(LocalCall, AnAnswerMayComeFromAnotherThread) {
  World world;
  std::optional<UnaryCall> kept;
  world.on_unary = [&](UnaryCall call) { kept.emplace(std::move(call)); };
  Caller caller(world, "Unary");
  caller.start();
  EXPECT_FALSE(caller.status);
  std::thread([&] { std::move(*kept).respond(base::Rope(std::string("late"))); }).join();
  world.pass();
  EXPECT_EQ(caller.messages, Messages{"late"});
  caller.drop();
}

TEST(LocalCall, DroppingItCancelsTheHandlerWhoseAnswerGoesNowhere) {
  World world;
  std::optional<UnaryCall> kept;
  bool told = false;
  world.on_unary = [&](UnaryCall call) {
    call.on_cancel([&] { told = true; });
    kept.emplace(std::move(call));
  };
  Caller caller(world, "Unary");
  caller.start();
  caller.drop();
  EXPECT_TRUE(told);
  EXPECT_TRUE(kept->is_cancelled());
  world.run([&] { std::move(*kept).respond({}); });
  EXPECT_FALSE(caller.status);
  EXPECT_EQ(world.counters().methods[0].handled[static_cast<int>(GrpcCode::kCanceled)], 1U);
}

TEST(LocalCall, ADeadlineEndsIt) {
  World world;
  std::optional<UnaryCall> kept;
  world.on_unary = [&](UnaryCall call) { kept.emplace(std::move(call)); };
  Caller caller(world, "Unary", {.deadline_ns = world.clock.now_ns + kSecond});
  caller.start();
  world.clock.now_ns += 2 * kSecond;
  world.pass();
  world.pass();
  EXPECT_EQ(caller.status, (GrpcStatus{GrpcCode::kDeadlineExceeded, "context deadline exceeded"}));
  EXPECT_TRUE(kept->is_cancelled());
  caller.drop();
  world.run([&] { kept.reset(); });
}

TEST(LocalCall, OneThatIsTooLateNeverReachesItsHandler) {
  World world;
  int calls = 0;
  world.on_unary = [&](UnaryCall) { ++calls; };
  Caller caller(world, "Unary", {.deadline_ns = 1});
  caller.start();
  EXPECT_EQ(caller.status->code, GrpcCode::kDeadlineExceeded);
  EXPECT_EQ(calls, 0);
  caller.drop();
}

TEST(LocalCall, AMessageAboveTheServersLimitIsRefusedInGrpcGosWords) {
  World world({.max_receive_message_bytes = 3});
  Caller caller(world, "Unary");
  caller.start("four");
  EXPECT_EQ(caller.status,
            (GrpcStatus{GrpcCode::kResourceExhausted, "grpc: received message larger than max (4 vs. 3)"}));
  caller.drop();
}

TEST(LocalCall, AServerStreamsMessagesComeInOrderAndThenItsEnd) {
  World world;
  std::optional<StreamCall> stream;
  world.on_stream = [&](StreamCall call, const std::string& request) {
    call.send(base::Rope(request + "1"));
    stream = std::move(call);
  };
  Caller caller(world, "Stream");
  caller.start("m");
  EXPECT_EQ(caller.messages, Messages{"m1"});
  std::thread([&] {
    stream->send(base::Rope(std::string("m2")));
    stream->finish({GrpcCode::kAborted, "enough"});
  }).join();
  world.pass();
  EXPECT_EQ(caller.messages, (Messages{"m1", "m2"}));
  EXPECT_EQ(caller.status, (GrpcStatus{GrpcCode::kAborted, "enough"}));
  caller.drop();
}

TEST(LocalCall, WhileItIsPausedTheHandlerIsToldToStopAndGoesOnAfterwards) {
  World world({.stream_high_water_bytes = 100, .stream_low_water_bytes = 10});
  std::optional<StreamCall> stream;
  bool writable = false;
  world.on_stream = [&](StreamCall call, const std::string&) {
    call.set_events({.on_writable = [&] { writable = true; }});
    stream = std::move(call);
  };
  Caller caller(world, "Stream");
  caller.start();
  world.run([&] {
    caller.call->pause();
    EXPECT_TRUE(stream->send(base::Rope(std::string(60, 'a'))));
    EXPECT_FALSE(stream->send(base::Rope(std::string(60, 'b'))));
    stream->finish({});
  });
  EXPECT_TRUE(caller.messages.empty());
  EXPECT_FALSE(caller.status);
  world.run([&] { caller.call->resume(); });
  EXPECT_EQ(caller.messages.size(), 2U);
  EXPECT_EQ(caller.status, GrpcStatus{});
  caller.drop();

  Caller second(world, "Stream");
  second.start();
  world.run([&] {
    second.call->pause();
    EXPECT_FALSE(stream->send(base::Rope(std::string(200, 'c'))));
    second.call->resume();
  });
  EXPECT_TRUE(writable);
  second.drop();
}

// Echoes each message as it takes it, and says goodbye at the half-close.
void echo(World& world) {
  world.on_bidi = [](StreamCall call) {
    StreamEvents events;
    events.on_message = [call](const base::SharedBytes& message) mutable {
      call.send(base::Rope(std::string(message.view())));
      call.read(1);
    };
    events.on_half_close = [call]() mutable { call.finish({}); };
    call.set_events(std::move(events));
    call.read(1);
  };
}

TEST(LocalCall, ABidirectionalCallTakesMessagesAsItsHandlerWantsThem) {
  World world;
  echo(world);
  Caller caller(world, "Bidi");
  caller.start();
  EXPECT_TRUE(caller.call->wants_message());
  caller.send("a");
  caller.send("b");
  EXPECT_EQ(caller.messages, (Messages{"a", "b"}));
  EXPECT_GE(caller.wanted, 1);
  world.run([&] { caller.call->close(); });
  EXPECT_EQ(caller.status, GrpcStatus{});
  EXPECT_FALSE(caller.call->wants_message());
  caller.drop();
}

TEST(LocalCall, AHandlerThatGrantsNothingIsSentNothing) {
  World world;
  std::optional<StreamCall> stream;
  world.on_bidi = [&](StreamCall call) { stream = std::move(call); };
  Caller caller(world, "Bidi");
  caller.start();
  EXPECT_FALSE(caller.call->wants_message());
  std::thread([&] { stream->read(1); }).join();
  world.pass();
  EXPECT_TRUE(caller.call->wants_message());
  EXPECT_EQ(caller.wanted, 1);
  caller.drop();
}

TEST(LocalCall, DroppingAStreamTellsItsHandler) {
  World world;
  bool told = false;
  std::optional<StreamCall> stream;
  world.on_bidi = [&](StreamCall call) {
    call.set_events({.on_cancel = [&] { told = true; }});
    stream = std::move(call);
  };
  Caller caller(world, "Bidi");
  caller.start();
  caller.drop();
  EXPECT_TRUE(told);
  EXPECT_TRUE(stream->is_cancelled());
  EXPECT_FALSE(stream->send(base::Rope(std::string("x"))));
}

TEST(LocalCall, AHandlerThatDropsTheCallEndsItAsInternal) {
  World world;
  world.on_bidi = [](StreamCall) {};
  Caller caller(world, "Bidi");
  caller.start();
  EXPECT_EQ(caller.status->code, GrpcCode::kInternal);
  caller.drop();
}

TEST(LocalCall, AboveTheLimitOfStreamsCallsWaitForOneToEnd) {
  World world({.max_concurrent_streams = 1});
  std::optional<UnaryCall> kept;
  world.on_unary = [&](UnaryCall call) { kept.emplace(std::move(call)); };
  Caller first(world, "Unary");
  first.start();
  Caller second(world, "Unary", {.deadline_ns = world.clock.now_ns + kSecond});
  second.start("2");
  Caller third(world, "Unary");
  third.start("3");
  EXPECT_TRUE(kept->request().empty());

  world.clock.now_ns += 2 * kSecond;  // the second loses patience in the line
  world.pass();
  world.pass();
  EXPECT_EQ(second.status->code, GrpcCode::kDeadlineExceeded);

  world.run([&] { std::move(*kept).respond({}); });
  world.pass();
  EXPECT_TRUE(first.status->ok());
  EXPECT_EQ(kept->request().view(), "3");
  third.drop();
  world.run([&] { kept.reset(); });
  Caller fourth(world, "Unary");
  fourth.start("4");
  EXPECT_EQ(kept->request().view(), "4");
  fourth.drop();
  world.run([&] { kept.reset(); });
  first.drop();
  second.drop();
}

}  // namespace
}  // namespace etcd::rpc
