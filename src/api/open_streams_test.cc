#include "api/open_streams.h"

#include <gtest/gtest.h>

#include "rpc/h2_calls.h"
#include "rpc/testing/h2_client.h"
#include "rpc/testing/manual_clock.h"

namespace etcd::api {
namespace {

// One method whose calls stay open, and a client, without a socket.
class OpenStreamsTest : public ::testing::Test {
 protected:
  OpenStreamsTest() {
    services_.add("test.T", "Stay", rpc::BidiHandler([this](rpc::StreamCall call) {
                    auto place = streams_.add(call, {});
                    if (place) call.set_events({.on_cancel = [place = std::move(*place)] {}});
                    last_ = std::move(call);
                  }));
    shard_ = std::make_shared<rpc::Shard>(std::make_shared<const rpc::ServerParts>(rpc::ServerParts{{}, services_, {}, base::null_logger()}), loop_);
    calls_.emplace(*shard_, std::make_shared<rpc::Peer>(), /*with_http=*/false, [] {});
    loop_.at_flush([this] { shard_->end_pass(); });
  }
  ~OpenStreamsTest() override {
    last_ = {};
    calls_.reset();
    shard_->close();
  }

  std::int32_t open() {
    const std::int32_t stream = client_.open_call("/test.T/Stay");
    pass();
    return stream;
  }
  void pass() {
    loop_.post([this] { calls_->receive(client_.take_output()); });
    loop_.run_once(0);
  }

  rpc::testing::ManualClock clock_;
  rpc::Loop loop_{clock_};
  rpc::ServiceTable services_;
  OpenStreams streams_;
  std::shared_ptr<rpc::Shard> shard_;
  std::optional<rpc::H2Calls> calls_;
  rpc::testing::H2Client client_;
  rpc::StreamCall last_;
};

TEST_F(OpenStreamsTest, ACallThatTheClientGivesUpIsForgotten) {
  const std::int32_t stream = open();
  EXPECT_EQ(streams_.size(), 1u);
  client_.reset(stream, 8);
  pass();
  EXPECT_EQ(streams_.size(), 0u);
}

// Its handler, or whoever sees that there is no leader.
TEST_F(OpenStreamsTest, ACallThatIsEndedIsForgottenWhoeverEndsIt) {
  open();
  last_.finish({});
  pass();
  EXPECT_EQ(streams_.size(), 0u);
}

TEST_F(OpenStreamsTest, OnceStoppedThereIsNoPlaceAnyMore) {
  open();
  streams_.stop();
  EXPECT_EQ(streams_.size(), 0u);
  open();
  EXPECT_EQ(streams_.size(), 0u);
  pass();
}

}  // namespace
}  // namespace etcd::api
