// Members that talk to each other over the loopback, all on one loop that the test turns by hand.
#include "peer/peers.h"

#include <gtest/gtest.h>

#include <functional>

#include "peer/message_stream.h"
#include "rpc/server.h"

namespace etcd::peer {
namespace {

const ClusterId kCluster(0xc1);

raft::Message heartbeat(MemberId from, MemberId to, std::uint64_t commit) { return {from, to, Term(3), raft::Heartbeat{LogIndex(commit), {}}}; }

raft::Message append(MemberId from, MemberId to, std::uint64_t prev, std::size_t bytes) {
  std::vector<raft::Entry> entries = {{Term(3), LogIndex(prev + 1), raft::EntryType::kNormal, base::SharedBytes(std::string(bytes, 'x'))}};
  return {from, to, Term(3), raft::AppendRequest{LogIndex(prev), Term(3), LogIndex(prev), raft::Entries(std::move(entries))}};
}

// One member: its peers, its port, and what its raft would have been given.
struct Rig {
  Rig(rpc::Loop& loop, MemberId member, ClusterId cluster = kCluster)
      : id(member),
        peers(loop,
              {.peer_urls = {},
               .look_up_apart = [](Peers::Job job) { job(); },
               .read_files_apart = [](Peers::Job job) { job(); },
               .metrics = &metrics,
               .stop = [this](const char*) { ++stops; }},
              base::null_logger()) {
    rpc::Options options;
    options.streams_body = Peers::streams_body;
    server = std::make_unique<rpc::Server>(
        options, services,
        [this](rpc::HttpRequest request, rpc::HttpResponder responder) { peers.serve(std::move(request), std::move(responder)); },
        std::vector<rpc::Loop*>{&loop}, base::null_logger());
    url = "http://" + *server->listen("127.0.0.1:0");
    peers.start({.receive = [this](raft::Message message) { received.push_back(std::move(message)); },
                 .unreachable = [this](MemberId) { ++unreachable; },
                 .snapshot_sent = [](MemberId, bool) {},
                 .begin_receiving = [](const raft::SnapshotMetadata&) -> Result<std::unique_ptr<node::SnapshotReceiver>> { return fail(Errc::kIo, "no disk"); }},
                cluster, member);
  }
  ~Rig() { peers.stop(); }

  cluster::Member member() const { return {.id = id, .name = "m", .peer_urls = {url}}; }

  MemberId id;
  rpc::ServiceTable services;
  base::Metrics metrics;
  std::vector<raft::Message> received;
  int unreachable = 0;
  int stops = 0;
  Peers peers;
  std::unique_ptr<rpc::Server> server;
  std::string url;
};

class PeersTest : public ::testing::Test {
 protected:
  void turn_until(const std::function<bool()>& done) {
    for (int i = 0; i < 1000 && !done(); ++i) loop_.run_once(5);
    ASSERT_TRUE(done());
  }
  void turn(int times) {
    for (int i = 0; i < times; ++i) loop_.run_once(5);
  }
  static void introduce(std::initializer_list<Rig*> rigs, std::vector<MemberId> removed = {}) {
    auto view = std::make_shared<cluster::View>();
    for (const Rig* rig : rigs) view->members.push_back(rig->member());
    view->removed = std::move(removed);
    for (Rig* rig : rigs) rig->peers.members_changed(view);
  }
  // A request to a member, and what it answers.
  Answer ask(const Rig& rig, const std::string& method, const std::string& target, const rpc::HttpFields& fields, const std::string& body = {}) {
    Network network(loop_, [](Network::Job job) { job(); }, rpc::kSecond);
    std::optional<Result<Answer>> answer;
    peer::ask(network, {rig.url}, fields, method, target, body, 5 * rpc::kSecond, [&](Result<Answer> got) { answer = std::move(got); });
    turn_until([&] { return answer.has_value(); });
    return answer->has_value() ? **answer : Answer();
  }

  rpc::Loop loop_{base::system_clock()};
  Rig a_{loop_, MemberId(0xa)};
  Rig b_{loop_, MemberId(0xb)};
};

TEST_F(PeersTest, MessagesArriveInOrderOverTheStreamsThatTheOtherSideDialled) {
  introduce({&a_, &b_});
  turn_until([&] { return a_.peers.active_since_ns(b_.id) != 0 && b_.peers.active_since_ns(a_.id) != 0; });
  turn(20);
  std::vector<raft::Message> sent;
  for (std::uint64_t i = 0; i < 300; ++i) sent.push_back(append(a_.id, b_.id, i, i % 7 == 0 ? 20'000 : 10));
  a_.peers.send(sent);
  turn_until([&] { return b_.received.size() == sent.size(); });
  EXPECT_EQ(b_.received, sent);
  b_.peers.send({heartbeat(b_.id, a_.id, 5)});
  turn_until([&] { return a_.received.size() == 1; });
  EXPECT_EQ(a_.received.front(), heartbeat(b_.id, a_.id, 5));
  EXPECT_EQ(a_.unreachable, 0);
}

TEST_F(PeersTest, WhatGoesToAMemberAndComesFromItIsCountedUnderEtcdsNames) {
  introduce({&a_, &b_});
  turn_until([&] { return a_.peers.active_since_ns(b_.id) != 0; });
  EXPECT_NE(a_.metrics.text().find("etcd_network_active_peers{Local=\"a\",Remote=\"b\"} 1\n"), std::string::npos);
  a_.peers.send({heartbeat(a_.id, b_.id, 5)});
  turn_until([&] { return b_.received.size() == 1; });
  const auto counted = [](const Rig& rig, const std::string& series) {
    const std::string text = rig.metrics.text();
    const std::size_t at = text.find("\n" + series + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + series.size() + 2));
  };
  EXPECT_GT(counted(a_, "etcd_network_peer_sent_bytes_total{To=\"b\"}"), 0);
  EXPECT_GT(counted(b_, "etcd_network_peer_received_bytes_total{From=\"a\"}"), 0);
  b_.server.reset();
  b_.peers.stop();
  turn_until([&] { return a_.peers.active_since_ns(b_.id) == 0; });
  EXPECT_EQ(counted(a_, "etcd_network_active_peers{Local=\"a\",Remote=\"b\"}"), 0);
  EXPECT_GT(counted(a_, "etcd_network_disconnected_peers_total{Local=\"a\",Remote=\"b\"}"), 0);
}

TEST_F(PeersTest, WithoutAStreamMessagesGoByThePipeline) {
  const rpc::HttpFields fields = request_fields({kCluster, MemberId(0xa), {}});
  base::Rope encoded;
  encode_framed(heartbeat(a_.id, b_.id, 9), encoded);
  EXPECT_EQ(ask(b_, "POST", "/raft", fields, encoded.flatten().substr(8)).status, 204);
  ASSERT_EQ(b_.received.size(), 1u);
  EXPECT_EQ(b_.received.front(), heartbeat(a_.id, b_.id, 9));
  EXPECT_EQ(ask(b_, "POST", "/raft", fields, "\xff\xff").status, 400);
  EXPECT_EQ(ask(b_, "GET", "/raft", fields).status, 405);
}

TEST_F(PeersTest, AMemberThatIsGoneIsReportedUnreachable) {
  introduce({&a_, &b_});
  turn_until([&] { return a_.peers.active_since_ns(b_.id) != 0; });
  b_.peers.stop();
  b_.server.reset();
  turn_until([&] {
    a_.peers.send({heartbeat(a_.id, b_.id, 1)});
    return a_.unreachable > 0;
  });
  turn_until([&] { return a_.peers.active_since_ns(b_.id) == 0; });
}

TEST_F(PeersTest, ARequestFromAnotherClusterOrVersionIsRefused) {
  introduce({&a_, &b_});
  turn(5);
  const auto status_and_text = [&](const rpc::HttpFields& fields) {
    const Answer answer = ask(b_, "GET", "/raft/stream/message/a", fields);
    return std::to_string(answer.status) + " " + answer.body;
  };
  EXPECT_EQ(status_and_text(request_fields({ClusterId(0xdead), MemberId(0xa), {}})), "412 cluster ID mismatch\n");
  rpc::HttpFields old = request_fields({kCluster, MemberId(0xa), {}});
  old[1].second = "2.3.0";
  EXPECT_EQ(status_and_text(old), "412 incompatible version\n");
  rpc::HttpFields misdirected = request_fields({kCluster, MemberId(0xa), {}});
  misdirected.emplace_back("X-Raft-To", "c");
  EXPECT_EQ(status_and_text(misdirected), "412 to field mismatch\n");
  const Answer stranger = ask(b_, "GET", "/raft/stream/message/77", request_fields({kCluster, MemberId(0x77), {}}));
  EXPECT_EQ(stranger.status, 404);
  EXPECT_EQ(ask(b_, "GET", "/raft/stream/other/a", request_fields({kCluster, MemberId(0xa), {}})).status, 404);
}

TEST_F(PeersTest, ARemovedMemberIsToldSoAndItsMessagesGoNowhere) {
  introduce({&a_, &b_});
  turn_until([&] { return a_.peers.active_since_ns(b_.id) != 0; });
  auto without_a = std::make_shared<cluster::View>();
  without_a->members = {b_.member()};
  without_a->removed = {a_.id};
  b_.peers.members_changed(without_a);
  turn_until([&] { return a_.stops > 0; });
  EXPECT_EQ(a_.stops, 1);
  EXPECT_EQ(ask(b_, "GET", "/raft/stream/message/a", request_fields({kCluster, a_.id, {}})).status, 410);
  base::Rope encoded;
  encode_framed(heartbeat(a_.id, b_.id, 9), encoded);
  EXPECT_EQ(ask(b_, "POST", "/raft", request_fields({kCluster, a_.id, {}}), encoded.flatten().substr(8)).status, 403);
  EXPECT_TRUE(b_.received.empty());
}

TEST_F(PeersTest, AMessageToAnotherMemberIsDropped) {
  introduce({&a_, &b_});
  base::Rope encoded;
  encode_framed(heartbeat(a_.id, MemberId(0xc), 9), encoded);
  EXPECT_EQ(ask(b_, "POST", "/raft", request_fields({kCluster, a_.id, {}}), encoded.flatten().substr(8)).status, 403);
  EXPECT_TRUE(b_.received.empty());
}

TEST_F(PeersTest, ASnapshotThatIsNoneOrCannotBeKeptIsRefusedAndRaftHearsNothing) {
  introduce({&a_, &b_});
  const rpc::HttpFields fields = request_fields({kCluster, a_.id, {}});
  EXPECT_EQ(ask(b_, "POST", "/raft/snapshot", fields, "short").status, 400);
  base::Rope wrong;
  encode_framed(heartbeat(a_.id, b_.id, 1), wrong);
  EXPECT_EQ(ask(b_, "POST", "/raft/snapshot", fields, wrong.flatten()).body, "wrong raft message type\n");
  raft::Snapshot snapshot{{}, {raft::ConfState{{a_.id, b_.id}, {}, {}, {}, false}, LogIndex(20), Term(3)}};
  base::Rope good;
  encode_framed({a_.id, b_.id, Term(3), raft::InstallSnapshot{snapshot}}, good);
  EXPECT_EQ(ask(b_, "POST", "/raft/snapshot", fields, good.flatten() + "db").status, 500);
  EXPECT_TRUE(b_.received.empty());
}

TEST_F(PeersTest, ProbesAreAnswered) {
  const Answer answer = ask(b_, "GET", "/raft/probing", {});
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body.starts_with("{\"OK\":true,\"Now\":\"20")) << answer.body;
}

}  // namespace
}  // namespace etcd::peer
