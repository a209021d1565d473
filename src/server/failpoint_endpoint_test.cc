#include "server/failpoint_endpoint.h"

#include <gtest/gtest.h>

#include <string>

#include "rpc/testing/socket_client.h"

namespace etcd::server {
namespace {

class FailpointEndpointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto bound = endpoint_.start("127.0.0.1:0");
    ASSERT_TRUE(bound);
    address_ = *bound;
  }

  std::string ask(const std::string& method, const std::string& target, const std::string& body = "") {
    rpc::testing::SocketClient client(address_);
    client.send(method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return client.receive_all();
  }
  static int status_of(const std::string& answer) { return std::stoi(answer.substr(std::string("HTTP/1.1 ").size())); }
  static std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

  base::Failpoints points_{base::Failpoints::real_actions()};
  std::string address_;
  FailpointEndpoint endpoint_{points_, base::system_clock(), base::null_logger()};
};

TEST_F(FailpointEndpointTest, PutSetsWhatGetAndTheListThenShow) {
  EXPECT_EQ(status_of(ask("PUT", "/raftBeforeSave", "1*sleep(\"2s\")")), 204);
  EXPECT_EQ(body_of(ask("GET", "/raftBeforeSave")), "1*sleep(\"2s\")\n");
  EXPECT_NE(body_of(ask("GET", "/")).find("raftBeforeSave=1*sleep(\"2s\")\n"), std::string::npos);
  EXPECT_EQ(body_of(ask("GET", "/raftBeforeSave/count")), "0");
}

TEST_F(FailpointEndpointTest, SeveralAreSetAtOnce) {
  EXPECT_EQ(status_of(ask("PUT", "/failpoints", "beforeCommit=print;afterCommit=sleep(1)")), 204);
  EXPECT_EQ(points_.setting("beforeCommit")->terms, "print");
  EXPECT_EQ(points_.setting("afterCommit")->terms, "sleep(1)");
}

TEST_F(FailpointEndpointTest, DeleteTakesTheTermsAway) {
  ASSERT_TRUE(points_.set("beforeCommit", "print"));
  EXPECT_EQ(status_of(ask("DELETE", "/beforeCommit")), 204);
  EXPECT_EQ(status_of(ask("DELETE", "/beforeCommit")), 400);
  EXPECT_EQ(status_of(ask("GET", "/beforeCommit")), 404);
  EXPECT_EQ(status_of(ask("GET", "/beforeCommit/count")), 500);
}

TEST_F(FailpointEndpointTest, WhatItDoesNotKnowIsRefused) {
  EXPECT_EQ(status_of(ask("PUT", "/nowhere", "panic")), 400);
  EXPECT_EQ(status_of(ask("PUT", "/beforeCommit", "explode")), 400);
  EXPECT_EQ(status_of(ask("PUT", "/failpoints", "beforeCommit")), 400);
  EXPECT_EQ(status_of(ask("GET", "/nowhere")), 404);
  EXPECT_EQ(status_of(ask("GET", "/nowhere/count")), 404);
  EXPECT_EQ(status_of(ask("POST", "/beforeCommit", "print")), 405);
}

TEST_F(FailpointEndpointTest, PanicsAreFreeToHappenOnceTheAnswerIsOut) {
  ASSERT_EQ(status_of(ask("PUT", "/beforeCommit", "print")), 204);
  points_.hold_panics();  // waits for ever if the endpoint still held them
  points_.release_panics();
}

}  // namespace
}  // namespace etcd::server
