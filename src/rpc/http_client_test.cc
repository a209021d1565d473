// The client side of HTTP/1.1 against this room's own server, both on one loop that the test turns by hand.
#include "rpc/http_client.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <optional>

#include "rpc/server.h"

namespace etcd::rpc {
namespace {

class HttpClientTest : public ::testing::Test {
 protected:
  HttpClientTest() {
    Options options;
    options.max_http_body_bytes = 1000;
    options.streams_body = [](std::string_view, std::string_view target) { return target == "/stream"; };
    server_ = std::make_unique<Server>(
        options, services_, [this](HttpRequest request, HttpResponder responder) { handler(std::move(request), std::move(responder)); },
        std::vector<Loop*>{&loop_}, base::null_logger());
    address_ = *server_->listen("127.0.0.1:0");
  }

  void turn_until(const std::function<bool()>& done) {
    for (int i = 0; i < 2000 && !done(); ++i) loop_.run_once(5);
    ASSERT_TRUE(done());
  }

  void call(ClientRequest request, ClientLimits limits = {}) {
    request.host = address_;
    ClientEvents events;
    events.on_head = [this](int status, const Metadata& fields) {
      status_ = status;
      content_type_ = fields.find("content-type").value_or("");
    };
    events.on_body = [this](std::string bytes) { body_ += bytes; };
    events.on_writable = [this] { ++writable_; };
    events.on_end = [this](Status outcome) {
      outcome_ = std::move(outcome);
      client_.reset();
    };
    outcome_.reset();
    body_.clear();
    client_ = std::make_unique<HttpClientCall>(loop_, *numeric_address(address_), std::move(request), limits, std::move(events));
  }
  void call_and_wait(ClientRequest request, ClientLimits limits = {}) {
    call(std::move(request), limits);
    turn_until([this] { return outcome_.has_value(); });
  }

  Loop loop_{base::system_clock()};
  ServiceTable services_;
  std::function<void(HttpRequest, HttpResponder)> handler;
  std::unique_ptr<Server> server_;
  std::string address_;
  std::unique_ptr<HttpClientCall> client_;
  int status_ = 0;
  std::string content_type_, body_;
  int writable_ = 0;
  std::optional<Status> outcome_;
};

TEST_F(HttpClientTest, ARequestAndItsAnswerArriveWhole) {
  handler = [](HttpRequest request, HttpResponder responder) {
    const std::string echo = request.method + " " + request.target + " " + request.header("x-a") + " " + std::string(request.body.view());
    std::move(responder).respond({.status = 203, .headers = {{"Content-Type", "text/x"}}, .body = base::Rope(echo)});
  };
  call_and_wait({.method = "POST", .target = "/p?q", .fields = {{"X-A", "b"}}, .body = base::Rope(std::string("hello"))});
  EXPECT_TRUE(*outcome_);
  EXPECT_EQ(status_, 203);
  EXPECT_EQ(content_type_, "text/x");
  EXPECT_EQ(body_, "POST /p?q b hello");
}

TEST_F(HttpClientTest, ACallComesFromTheAddressThatWasAsked) {
  handler = [](HttpRequest request, HttpResponder responder) {
    std::move(responder).respond({.status = 200, .headers = {}, .body = base::Rope(request.peer->address)});
  };
  call_and_wait({.target = "/", .from = numeric_address("127.0.0.9:0")});
  EXPECT_TRUE(body_.starts_with("127.0.0.9:")) << body_;
}

TEST_F(HttpClientTest, AGetMayHaveABody) {
  handler = [](HttpRequest request, HttpResponder responder) {
    std::move(responder).respond({.status = 200, .headers = {}, .body = base::Rope(std::string(request.body.view()))});
  };
  call_and_wait({.target = "/", .fields = {}, .body = base::Rope(std::string("asked"))});
  EXPECT_EQ(body_, "asked");
}

TEST_F(HttpClientTest, AResponseComesPieceByPieceAndABrokenOneIsAnError) {
  std::optional<HttpBody> answer;
  handler = [&](HttpRequest, HttpResponder responder) { answer = std::move(responder).begin(200, {}); };
  call({.target = "/"});
  turn_until([&] { return answer.has_value(); });
  answer->write(base::Rope(std::string("one")));
  turn_until([&] { return body_ == "one"; });
  answer->write(base::Rope(std::string("two")));
  turn_until([&] { return body_ == "onetwo"; });
  answer.reset();
  turn_until([&] { return outcome_.has_value(); });
  EXPECT_FALSE(*outcome_);
}

TEST_F(HttpClientTest, SilenceAndRefusedConnectionsAreErrors) {
  std::optional<HttpBody> answer;
  handler = [&](HttpRequest, HttpResponder responder) { answer = std::move(responder).begin(200, {}); };
  call_and_wait({.target = "/"}, {.silence_ns = 30'000'000});
  EXPECT_EQ(outcome_->error().code, Errc::kTimeout);
  server_.reset();
  call_and_wait({.target = "/"});
  EXPECT_EQ(outcome_->error().code, Errc::kIo);
}

TEST_F(HttpClientTest, ALargeBodyStreamsToAHandlerThatTakesItAtItsOwnPace) {
  std::string got;
  bool complete = false;
  std::shared_ptr<std::optional<HttpResponder>> waiting = std::make_shared<std::optional<HttpResponder>>();
  handler = [&](HttpRequest request, HttpResponder responder) {
    EXPECT_TRUE(request.streams_body);
    StreamEvents events;
    events.on_message = [&](base::SharedBytes bytes) { got += bytes.view(); };
    events.on_half_close = [&] {
      complete = true;
      std::move(**waiting).respond({.status = 204});
    };
    responder.set_events(std::move(events));
    *waiting = std::move(responder);
  };
  call({.method = "POST", .target = "/stream", .streams_body = true});
  const std::string part(300'000, 'x');
  for (int i = 0; i < 30; ++i) client_->write(base::Rope(part));
  client_->end_body();
  turn_until([&] { return waiting->has_value(); });
  for (int i = 0; i < 50; ++i) loop_.run_once(1);
  EXPECT_EQ(got, "") << "nothing was asked for";
  EXPECT_FALSE(complete);
  for (int i = 0; !complete && i < 2000; ++i) {
    (*waiting)->read(1);
    loop_.run_once(1);
  }
  EXPECT_EQ(got.size(), 30 * part.size());
  turn_until([&] { return outcome_.has_value(); });
  EXPECT_EQ(status_, 204);
  EXPECT_GT(writable_, 0);
}

TEST_F(HttpClientTest, ABodyThatIsBrokenOffIsNotTakenForComplete) {
  bool complete = false, cancelled = false;
  std::optional<HttpResponder> waiting;
  handler = [&](HttpRequest, HttpResponder responder) {
    StreamEvents events;
    events.on_half_close = [&] { complete = true; };
    events.on_cancel = [&] { cancelled = true; };
    responder.set_events(std::move(events));
    responder.read(1000);
    waiting = std::move(responder);
  };
  call({.method = "POST", .target = "/stream", .streams_body = true});
  client_->write(base::Rope(std::string("some")));
  turn_until([&] { return waiting.has_value(); });
  client_.reset();
  turn_until([&] { return cancelled; });
  EXPECT_FALSE(complete);
}

TEST_F(HttpClientTest, AStreamedBodyMayBeRefusedBeforeItsEnd) {
  handler = [](HttpRequest, HttpResponder responder) { std::move(responder).respond(plain_error(412, "no")); };
  call({.method = "POST", .target = "/stream", .streams_body = true});
  client_->write(base::Rope(std::string(100'000, 'x')));
  turn_until([&] { return outcome_.has_value(); });
  EXPECT_EQ(status_, 412);
  EXPECT_EQ(body_, "no\n");
}

TEST_F(HttpClientTest, OtherBodiesAreStillLimited) {
  handler = [](HttpRequest, HttpResponder responder) { std::move(responder).respond({.status = 200}); };
  call_and_wait({.method = "POST", .target = "/other", .body = base::Rope(std::string(2000, 'x'))});
  EXPECT_EQ(status_, 413);
}

TEST(SocketAddress, OnlyNumbersAndFilesAreKnownWithoutALookup) {
  EXPECT_TRUE(numeric_address("127.0.0.1:2380"));
  EXPECT_TRUE(numeric_address("[::1]:2380"));
  EXPECT_TRUE(numeric_address("unix:/tmp/x"));
  EXPECT_FALSE(numeric_address("localhost:2380"));
  EXPECT_FALSE(numeric_address("127.0.0.1"));
  EXPECT_TRUE(look_up("localhost:2380"));
}

}  // namespace
}  // namespace etcd::rpc
