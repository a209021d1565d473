#include "rpc/unary_client.h"

#include <gtest/gtest.h>

#include <thread>

#include "rpc/server.h"
#include "rpc/testing/h2_client.h"

namespace etcd::rpc {
namespace {

constexpr std::int64_t kLimitNs = 10 * kSecond;

// A server with a thread of its own.
class UnaryClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    services_.add("echo.Echo", "Unary", UnaryHandler([](UnaryCall call) {
                    base::Rope answer;
                    answer.append(call.request());
                    std::move(call).respond(std::move(answer));
                  }));
    services_.add("echo.Echo", "Refused", UnaryHandler([](UnaryCall call) { std::move(call).fail({GrpcCode::kNotFound, "nothing here: 100%"}); }));
    services_.add("echo.Echo", "Never", UnaryHandler([this](UnaryCall call) { held_.push_back(std::move(call)); }));
    const HttpHandler http = [](HttpRequest, HttpResponder responder) { std::move(responder).respond(not_found()); };
    server_ = std::make_unique<Server>(Options(), services_, http, std::vector{&loop_}, base::null_logger());
    const auto bound = server_->listen("127.0.0.1:0");
    ASSERT_TRUE(bound);
    address_ = *numeric_address(*bound);
    thread_ = std::thread([this] { loop_.run(); });
    auto client = UnaryClient::connect(address_, {.authority = *bound}, kLimitNs);
    ASSERT_TRUE(client);
    client_ = std::move(*client);
  }
  void TearDown() override {
    loop_.stop();
    thread_.join();
    held_.clear();
    server_.reset();
  }

  Loop loop_{base::system_clock()};
  ServiceTable services_;
  std::vector<UnaryCall> held_;
  std::unique_ptr<Server> server_;
  SocketAddress address_;
  std::thread thread_;
  std::unique_ptr<UnaryClient> client_;
};

TEST_F(UnaryClientTest, AnswersComeBackCallAfterCall) {
  for (const std::string& message : {std::string("one"), std::string(), std::string(3'000'000, 'x')}) {
    const auto answer = client_->call("/echo.Echo/Unary", message, {}, kLimitNs);
    ASSERT_TRUE(answer) << describe(answer.error());
    EXPECT_TRUE(answer->status.ok());
    EXPECT_EQ(answer->message, message);
  }
}

TEST_F(UnaryClientTest, ARefusalIsAnAnswer) {
  const auto answer = client_->call("/echo.Echo/Refused", "x", {}, kLimitNs);
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_EQ(answer->status, (GrpcStatus{GrpcCode::kNotFound, "nothing here: 100%"}));
  EXPECT_TRUE(client_->call("/echo.Echo/Unary", "after it", {}, kLimitNs));
}

TEST_F(UnaryClientTest, AnAnswerThatDoesNotComeIsGivenUp) {
  // The server ends it at the deadline that it is told, or this side does: whichever clock is first.
  const auto answer = client_->call("/echo.Echo/Never", "x", {}, 50'000'000);
  EXPECT_TRUE(!answer || answer->status.code == GrpcCode::kDeadlineExceeded);
}

TEST_F(UnaryClientTest, WhatIsNoGrpcIsAnError) {
  Descriptor listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  SocketAddress address = *numeric_address("127.0.0.1:0");
  ASSERT_EQ(::bind(listening.get(), address.get(), address.length), 0);
  ASSERT_EQ(::listen(listening.get(), 1), 0);
  ASSERT_EQ(::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.length), 0);
  auto client = UnaryClient::connect(address, {.authority = "x"}, kLimitNs);
  ASSERT_TRUE(client);
  const Descriptor accepted(::accept(listening.get(), nullptr, nullptr));
  const std::string_view answer = "HTTP/1.1 400 Bad Request\r\n\r\nsay what?";
  ASSERT_EQ(::send(accepted.get(), answer.data(), answer.size(), 0), static_cast<ssize_t>(answer.size()));
  EXPECT_FALSE((*client)->call("/echo.Echo/Unary", "x", {}, kLimitNs));
}

TEST_F(UnaryClientTest, AConnectionThatEndsIsAnError) {
  ASSERT_TRUE(client_->call("/echo.Echo/Unary", "x", {}, kLimitNs));
  server_->drain(1, [] {});
  EXPECT_FALSE(client_->call("/echo.Echo/Never", "x", {}, kLimitNs));
}

}  // namespace
}  // namespace etcd::rpc
