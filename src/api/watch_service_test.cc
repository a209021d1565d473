#include "api/watch_service.h"

#include <gtest/gtest.h>

#include "api/testing/api_rig.h"
#include "proto/watch.pb.h"

namespace etcd::api {
namespace {

using testing::ApiRig;
namespace pb = etcdserverpb;

constexpr std::int64_t kSecond = 1'000'000'000;

// A client's Watch stream.
class Watching {
 public:
  explicit Watching(ApiRig& rig) : rig_(rig), stream_(rig.client().open_call("/etcdserverpb.Watch/Watch")) {}

  void send_bytes(const std::string& bytes) {
    rig_.client().send(stream_, rpc::testing::framed(bytes), false);
    rig_.settle();
  }
  void send(const pb::WatchRequest& request) { send_bytes(request.SerializeAsString()); }
  void create(const pb::WatchCreateRequest& create) {
    pb::WatchRequest request;
    *request.mutable_create_request() = create;
    send(request);
  }
  void create(const std::string& key, std::int64_t start = 0, std::int64_t id = 0) {
    pb::WatchCreateRequest request;
    request.set_key(key);
    request.set_start_revision(start);
    request.set_watch_id(id);
    create(request);
  }
  void cancel(std::int64_t id) {
    pb::WatchRequest request;
    request.mutable_cancel_request()->set_watch_id(id);
    send(request);
  }
  void ask_progress() {
    pb::WatchRequest request;
    request.mutable_progress_request();
    send(request);
  }

  // What came since the last call.
  std::vector<pb::WatchResponse> take() {
    rig_.settle();
    std::vector<pb::WatchResponse> fresh;
    const auto messages = rig_.answer_of(stream_).messages();
    for (; seen_ < messages.size(); ++seen_) {
      EXPECT_TRUE(fresh.emplace_back().ParseFromString(messages[seen_]));
      EXPECT_EQ(fresh.back().SerializeAsString(), messages[seen_]) << "not as protobuf writes it";
    }
    return fresh;
  }
  // The only one.
  pb::WatchResponse take_one() {
    const auto all = take();
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? pb::WatchResponse() : all.front();
  }
  const rpc::testing::Answer& answer() { return rig_.answer_of(stream_); }

 private:
  ApiRig& rig_;
  std::int32_t stream_;
  std::size_t seen_ = 0;
};

void put(ApiRig& rig, const std::string& key, const std::string& value) {
  rig.node.store.put(key, value);
  rig.node.signals.published();
}

TEST(WatchService, AWatchIsAnsweredAndThenToldOfEvents) {
  ApiRig rig;
  put(rig, "k", "1");
  Watching client(rig);
  client.create("k");
  const auto created = client.take_one();
  EXPECT_EQ(created.ShortDebugString(),
            "header { cluster_id: 193 member_id: 161 revision: 2 raft_term: 7 } created: true");
  put(rig, "k", "2");
  rig.node.store.erase("k");
  rig.node.signals.published();
  const auto events = client.take_one();
  EXPECT_EQ(events.ShortDebugString(),
            "header { cluster_id: 193 member_id: 161 revision: 4 raft_term: 7 } "
            "events { kv { key: \"k\" create_revision: 2 mod_revision: 3 version: 2 value: \"2\" } } "
            "events { type: DELETE kv { key: \"k\" mod_revision: 4 } }");
}

TEST(WatchService, HistoryComesBehindTheAnswerWithTheNewestRevision) {
  ApiRig rig;
  for (const char* value : {"1", "2", "3"}) put(rig, "k", value);
  Watching client(rig);
  pb::WatchCreateRequest request;
  request.set_key("k");
  request.set_start_revision(3);
  request.set_watch_id(9);
  request.set_prev_kv(true);
  client.create(request);
  const auto seen = client.take();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_TRUE(seen[0].created());
  EXPECT_EQ(seen[1].watch_id(), 9);
  EXPECT_EQ(seen[1].header().revision(), 4);
  ASSERT_EQ(seen[1].events_size(), 2);
  EXPECT_EQ(seen[1].events(0).prev_kv().value(), "1");
  EXPECT_EQ(seen[1].events(1).prev_kv().value(), "2");
}

TEST(WatchService, RefusalsSayWhyAndLeaveTheStreamOpen) {
  ApiRig rig;
  Watching client(rig);
  client.create("k", -1);
  EXPECT_EQ(client.take_one().ShortDebugString(),
            "header { cluster_id: 193 member_id: 161 revision: 1 raft_term: 7 } watch_id: -1 created: true canceled: true "
            "cancel_reason: \"etcdserver: mvcc: required revision has been compacted\"");
  pb::WatchCreateRequest empty;
  empty.set_key("b");
  empty.set_range_end("a");
  client.create(empty);
  EXPECT_EQ(client.take_one().cancel_reason(), "mvcc: watcher range is empty");
  client.create("k", 0, 5);
  EXPECT_FALSE(client.take_one().canceled());
  client.create("k", 0, 5);
  const auto duplicate = client.take_one();
  EXPECT_EQ(duplicate.cancel_reason(), "mvcc: duplicate watch ID provided on the WatchStream");
  EXPECT_EQ(duplicate.watch_id(), -1);
  put(rig, "k", "1");
  EXPECT_EQ(client.take_one().events_size(), 1);
}

TEST(WatchService, ACancelIsAnsweredOnceAndUnknownIdsAreNot) {
  ApiRig rig;
  Watching client(rig);
  client.create("k");
  client.take();
  client.cancel(7);
  EXPECT_TRUE(client.take().empty());
  client.cancel(0);
  EXPECT_EQ(client.take_one().ShortDebugString(), "header { cluster_id: 193 member_id: 161 revision: 1 raft_term: 7 } canceled: true");
  client.cancel(0);
  put(rig, "k", "1");
  EXPECT_TRUE(client.take().empty());
}

TEST(WatchService, ACompactedStartIsAnsweredAndThenCancelled) {
  ApiRig rig;
  for (const char* value : {"1", "2", "3"}) put(rig, "k", value);
  ASSERT_TRUE(rig.node.store.store().compact(Revision(4)));
  Watching client(rig);
  client.create("k", 3);
  const auto seen = client.take();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_FALSE(seen[0].canceled());
  EXPECT_EQ(seen[1].ShortDebugString(), "header { cluster_id: 193 member_id: 161 raft_term: 7 } canceled: true compact_revision: 4");
  client.cancel(0);
  EXPECT_TRUE(client.take_one().canceled());
}

TEST(WatchService, LargeResponsesAreFragmentedForThoseWhoAsk) {
  Options options;
  options.max_request_bytes = 100'000;  // and half a MiB
  ApiRig rig(options);
  Watching client(rig);
  pb::WatchCreateRequest request;
  request.set_key("k");
  request.set_range_end("l");
  client.create(request);
  request.set_fragment(true);
  client.create(request);
  client.take();
  auto txn = rig.node.store.store().begin();
  for (int i = 0; i < 7; ++i) txn.put("k" + std::to_string(i), std::string(200'000, 'x'), LeaseId(0));
  txn.commit();
  rig.node.signals.published();
  const auto seen = client.take();
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_EQ(seen[0].watch_id(), 0);
  EXPECT_EQ(seen[0].events_size(), 7);
  EXPECT_FALSE(seen[0].fragment());
  int events = 0;
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(seen[i].watch_id(), 1);
    EXPECT_EQ(seen[i].fragment(), i < 3);
    EXPECT_LT(seen[i].ByteSizeLong(), 100'000U + 512 * 1024);
    events += seen[i].events_size();
  }
  EXPECT_EQ(events, 7);
}

TEST(WatchService, ProgressIsToldWhenAskedForAndFromTimeToTime) {
  Options options;
  options.watch_progress_interval_ns = kSecond;
  ApiRig rig(options);
  Watching client(rig);
  client.create("k");
  pb::WatchCreateRequest request;
  request.set_key("k");
  request.set_progress_notify(true);
  client.create(request);
  client.take();
  put(rig, "other", "1");
  client.ask_progress();
  EXPECT_EQ(client.take_one().ShortDebugString(), "header { cluster_id: 193 member_id: 161 revision: 2 raft_term: 7 } watch_id: -1");
  rig.clock.now_ns += kSecond / 2;
  EXPECT_TRUE(client.take().empty());
  rig.clock.now_ns += kSecond * 6 / 10;
  EXPECT_EQ(client.take_one().ShortDebugString(), "header { cluster_id: 193 member_id: 161 revision: 2 raft_term: 7 } watch_id: 1");
  put(rig, "k", "1");
  EXPECT_EQ(client.take().size(), 2U);
  rig.clock.now_ns += kSecond * 11 / 10;
  EXPECT_TRUE(client.take().empty());  // it had an event since
  rig.clock.now_ns += kSecond * 11 / 10;
  EXPECT_EQ(client.take_one().events_size(), 0);
}

TEST(WatchService, TooShortAnIntervalIsMadeLonger) {
  Options options;
  options.watch_progress_interval_ns = 1;
  ApiRig rig(options);
  EXPECT_TRUE(rig.lines->has("adjusting watch progress notify interval to minimum period"));
}

TEST(WatchService, WhatIsNoRequestEndsTheStreamAndAnEmptyOneDoesNot) {
  ApiRig rig;
  Watching client(rig);
  client.send_bytes("");
  EXPECT_TRUE(rig.lines->has("invalid watch request type <nil> received in gRPC stream"));
  EXPECT_FALSE(client.answer().ended);
  client.send_bytes("\x0a\x7f");
  EXPECT_TRUE(client.answer().ended);
  EXPECT_EQ(client.answer().grpc_status(), "13");
  EXPECT_NE(rig.http("GET", "/metrics").find("etcd_network_server_stream_failures_total{API=\"watch\",Type=\"receive\"} 1"),
            std::string::npos);
}

TEST(WatchService, AClientThatIsGoneLeavesNothingBehind) {
  ApiRig rig;
  Watching client(rig);
  for (int i = 0; i < 10; ++i) client.create("k" + std::to_string(i));
  const auto metric = [&](const std::string& line) { return rig.http("GET", "/metrics").find("\n" + line + "\n") != std::string::npos; };
  EXPECT_TRUE(metric("etcd_debugging_mvcc_watcher_total 10"));
  EXPECT_TRUE(metric("etcd_debugging_mvcc_watch_stream_total 1"));
  rig.client().reset(1, 8);
  rig.settle();
  EXPECT_TRUE(metric("etcd_debugging_mvcc_watcher_total 0"));
  EXPECT_TRUE(metric("etcd_debugging_mvcc_watch_stream_total 0"));
}

TEST(WatchService, StoppingEndsTheStreams) {
  ApiRig rig;
  Watching client(rig);
  client.create("k");
  rig.api().stop();
  rig.settle();
  EXPECT_TRUE(client.answer().ended);
  EXPECT_EQ(client.answer().grpc_status(), "14");
  EXPECT_EQ(client.answer().grpc_message(), "etcdserver: server stopped");
}

}  // namespace
}  // namespace etcd::api
