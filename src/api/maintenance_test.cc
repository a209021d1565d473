#include "api/maintenance.h"

#include <gtest/gtest.h>

#include "api/sha256.h"
#include "api/testing/api_rig.h"
#include "apply/request.h"
#include "proto/health.pb.h"
#include "proto/maintenance.pb.h"

namespace etcd::api {
namespace {

using testing::ApiRig;
namespace pb = etcdserverpb;

template <typename Message>
Message parse(const std::string& bytes) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(bytes));
  return message;
}

void expect_refused(const ApiRig::Outcome& outcome, const char* code, const char* message) {
  EXPECT_EQ(outcome.code, code);
  EXPECT_EQ(outcome.message, message);
}

// --- Status ---

TEST(Status, SaysHowTheMemberIs) {
  ApiRig rig;
  rig.node.store.put("a", "1");
  rig.node.cluster_state.downgrade = {.enabled = true, .target_version = "3.6.0"};
  rig.node.now.is_learner = true;
  const auto status = parse<pb::StatusResponse>(rig.call("Maintenance/Status", "").response);
  EXPECT_EQ(status.header().revision(), 2);
  EXPECT_EQ(status.header().cluster_id(), 0xc1u);
  EXPECT_EQ(status.version(), "3.7.3");
  EXPECT_EQ(status.dbsize(), 20480);
  EXPECT_EQ(status.dbsizeinuse(), 16384);
  EXPECT_EQ(status.leader(), 0xa1u);
  EXPECT_EQ(status.raftindex(), 12u);
  EXPECT_EQ(status.raftappliedindex(), 11u);
  EXPECT_EQ(status.raftterm(), 7u);
  EXPECT_EQ(status.errors_size(), 0);
  EXPECT_TRUE(status.islearner());
  EXPECT_EQ(status.storageversion(), "3.7.0");
  EXPECT_EQ(status.dbsizequota(), 2147483648);
  EXPECT_TRUE(status.downgradeinfo().enabled());
  EXPECT_EQ(status.downgradeinfo().targetversion(), "3.6.0");
}

TEST(Status, ListsAMissingLeaderAndTheAlarms) {
  ApiRig rig;
  rig.node.now.leader = MemberId();
  rig.node.cluster_state.alarms = {{MemberId(5), cluster::AlarmType::kNoSpace}, {MemberId(), cluster::AlarmType(9)}};
  const auto status = parse<pb::StatusResponse>(rig.call("Maintenance/Status", "").response);
  ASSERT_EQ(status.errors_size(), 3);
  EXPECT_EQ(status.errors(0), "etcdserver: no leader");
  EXPECT_EQ(status.errors(1), "memberID:5 alarm:NOSPACE");
  EXPECT_EQ(status.errors(2), "alarm:9");
  EXPECT_TRUE(status.has_downgradeinfo());
}

// --- Alarm ---

TEST(Alarm, GoesThroughTheLogWhateverItsAction) {
  ApiRig rig;
  pb::AlarmRequest request;
  const std::int32_t stream = rig.begin("Maintenance/Alarm", request.SerializeAsString());
  ASSERT_EQ(rig.node.proposed.size(), 1u);
  EXPECT_EQ(rig.node.proposed.front().kind, node::RequestKind::kAlarm);
  pb::AlarmResponse response;
  response.add_alarms()->set_alarm(pb::CORRUPT);
  rig.node.answer(base::Rope(response.SerializeAsString()));
  rig.settle();
  EXPECT_EQ(parse<pb::AlarmResponse>(rig.outcome_of(stream).response).alarms(0).alarm(), pb::CORRUPT);
}

// --- Defragment ---

std::string health_of(ApiRig& rig) {
  const auto health = parse<grpc::health::v1::HealthCheckResponse>(rig.call("grpc.health.v1.Health/Check", "").response);
  return grpc::health::v1::HealthCheckResponse::ServingStatus_Name(health.status());
}

TEST(Defragment, AnswersWithoutAHeaderWhenItIsDone) {
  ApiRig rig;
  const std::int32_t stream = rig.begin("Maintenance/Defragment", "");
  ASSERT_EQ(rig.node.defragments.size(), 1u);
  EXPECT_TRUE(rig.lines->has("\"msg\":\"starting defragment\""));
  EXPECT_NE(rig.http("GET", "/metrics").find("etcd_disk_defrag_inflight 1\n"), std::string::npos);
  EXPECT_EQ(health_of(rig), "SERVING");
  rig.node.defragments.front()({});
  rig.settle();
  EXPECT_EQ(rig.outcome_of(stream).code, "0");
  EXPECT_EQ(rig.outcome_of(stream).response, "");
  EXPECT_TRUE(rig.lines->has("\"msg\":\"finished defragment\""));
  EXPECT_NE(rig.http("GET", "/metrics").find("etcd_disk_defrag_inflight 0\n"), std::string::npos);
}

TEST(Defragment, AFailureIsAnsweredWithItsText) {
  ApiRig rig;
  const std::int32_t stream = rig.begin("Maintenance/Defragment", "");
  rig.node.defragments.front()(fail(Errc::kNoSpace, "pwrite /db.tmp: No space left on device"));
  rig.settle();
  expect_refused(rig.outcome_of(stream), "2", "pwrite /db.tmp: No space left on device");
  EXPECT_TRUE(rig.lines->has("\"msg\":\"failed to defragment\""));
}

TEST(Defragment, WithTheGateTheHealthServiceSaysNotServingMeanwhile) {
  Options options;
  options.health_stops_on_defragment = true;
  ApiRig rig(options);
  const std::int32_t watch = rig.begin("grpc.health.v1.Health/Watch", "");
  rig.begin("Maintenance/Defragment", "");
  EXPECT_EQ(health_of(rig), "NOT_SERVING");
  rig.node.defragments.front()({});
  rig.settle();
  EXPECT_EQ(health_of(rig), "SERVING");
  const auto seen = rig.answer_of(watch).messages();
  EXPECT_EQ(seen, (std::vector<std::string>{"\x08\x01", "\x08\x02", "\x08\x01"}));
}

// --- Hash and HashKV ---

TEST(Hash, IsTheNodes) {
  ApiRig rig;
  rig.node.hash_answer = std::uint32_t{0xdeadbeef};
  const auto response = parse<pb::HashResponse>(rig.call("Maintenance/Hash", "").response);
  EXPECT_EQ(response.hash(), 0xdeadbeefu);
  EXPECT_EQ(response.header().revision(), 1);
}

TEST(HashKv, AsksForTheRevisionAndPassesOnWhatWasHashed) {
  ApiRig rig;
  rig.node.hash_kv_answer = node::HashKvResult{
      .hash = 77, .compact_revision = Revision(-1), .hash_revision = Revision(5), .current_revision = Revision(9)};
  pb::HashKVRequest request;
  request.set_revision(5);
  const auto response = parse<pb::HashKVResponse>(rig.call("Maintenance/HashKV", request).response);
  EXPECT_EQ(rig.node.hashed_revisions, std::vector<Revision>{Revision(5)});
  EXPECT_EQ(response.hash(), 77u);
  EXPECT_EQ(response.compact_revision(), -1);
  EXPECT_EQ(response.hash_revision(), 5);
  EXPECT_EQ(response.header().revision(), 9);
}

TEST(HashKv, AFailureHasEtcdsError) {
  ApiRig rig;
  rig.node.hash_kv_answer = fail(Errc::kFutureRevision);
  expect_refused(rig.call("Maintenance/HashKV", ""), "11", "etcdserver: mvcc: required revision is a future revision");
}

// --- Snapshot ---

TEST(Snapshot, SendsTheDbInPiecesAndThenItsDigest) {
  ApiRig rig;
  std::string db;
  for (int i = 0; i < 70'000; ++i) db += static_cast<char>(i * 7 % 251);
  rig.node.snapshot_answer = db;
  const std::int32_t stream = rig.begin("Maintenance/Snapshot", "");
  rig.node.run_jobs();
  rig.settle();
  ASSERT_EQ(rig.outcome_of(stream).code, "0");
  const auto messages = rig.answer_of(stream).messages();
  ASSERT_EQ(messages.size(), 4u);
  std::string received;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto piece = parse<pb::SnapshotResponse>(messages[i]);
    received += piece.blob();
    EXPECT_EQ(piece.remaining_bytes(), db.size() - received.size());
    EXPECT_EQ(piece.version(), "3.7.0");
  }
  EXPECT_EQ(received, db);
  EXPECT_EQ(parse<pb::SnapshotResponse>(messages[0]).blob().size(), 32u * 1024);
  Sha256 digest;
  digest.update(db);
  const auto last = parse<pb::SnapshotResponse>(messages[3]);
  EXPECT_EQ(last.blob(), digest.finish());
  EXPECT_EQ(last.remaining_bytes(), 0u);
}

TEST(Snapshot, StopsReadingWhileTheClientDoesNotRead) {
  ApiRig rig;
  rig.node.snapshot_answer = std::string(20 << 20, 'x');
  const std::int32_t stream = rig.client().call("/etcdserverpb.Maintenance/Snapshot", "");
  rig.settle();
  rig.node.run_jobs();
  EXPECT_TRUE(rig.node.jobs.empty());
  EXPECT_NE(rig.outcome_of(stream).code, "0");
  for (int i = 0; i < 200 && rig.outcome_of(stream).code == "not answered"; ++i) {
    rig.settle();
    rig.node.run_jobs();
  }
  rig.settle();
  EXPECT_EQ(rig.outcome_of(stream).code, "0");
  EXPECT_EQ(rig.answer_of(stream).messages().size(), 20u * 32 + 1);
}

TEST(Snapshot, AFailureEndsTheStreamWithItsText) {
  ApiRig rig;
  rig.node.snapshot_answer = fail(Errc::kStopped);
  expect_refused(rig.call("Maintenance/Snapshot", ""), "14", "etcdserver: server stopped");
}

// --- MoveLeader ---

TEST(MoveLeader, AsksTheNodeForAVotersElection) {
  ApiRig rig;
  rig.node.cluster_state.members.push_back(
      {.id = MemberId(0xb2), .name = "m2", .peer_urls = {}, .client_urls = {}, .is_learner = false});
  pb::MoveLeaderRequest request;
  request.set_targetid(0xb2);
  const std::int32_t stream = rig.begin("Maintenance/MoveLeader", request.SerializeAsString());
  EXPECT_EQ(rig.node.transferees, std::vector<MemberId>{MemberId(0xb2)});
  rig.node.transfers.front()(fail(Errc::kLeaderTransferTimeout));
  rig.settle();
  expect_refused(rig.outcome_of(stream), "2", "etcdserver: request timed out, leader transfer took too long");
}

TEST(MoveLeader, OnlyTheLeaderMovesItAndOnlyToAVoter) {
  ApiRig rig;
  rig.node.cluster_state.members.push_back(
      {.id = MemberId(0xb2), .name = "m2", .peer_urls = {}, .client_urls = {}, .is_learner = true});
  pb::MoveLeaderRequest request;
  request.set_targetid(0xb2);
  expect_refused(rig.call("Maintenance/MoveLeader", request), "9", "etcdserver: bad leader transferee");
  request.set_targetid(0xdead);
  expect_refused(rig.call("Maintenance/MoveLeader", request), "9", "etcdserver: bad leader transferee");
  rig.node.now.leader = MemberId(0xb2);
  expect_refused(rig.call("Maintenance/MoveLeader", request), "9", "etcdserver: not leader");
}

TEST(MoveLeader, ToItselfIsDoneAtOnce) {
  ApiRig rig;
  pb::MoveLeaderRequest request;
  request.set_targetid(0xa1);
  EXPECT_EQ(rig.call("Maintenance/MoveLeader", request).code, "0");
}

// --- Downgrade ---

ApiRig::Outcome downgrade(ApiRig& rig, int action, const std::string& version) {
  pb::DowngradeRequest request;
  request.set_action(static_cast<pb::DowngradeRequest::DowngradeAction>(action));
  request.set_version(version);
  const std::int32_t stream = rig.begin("Maintenance/Downgrade", request.SerializeAsString());
  if (!rig.node.barriers.empty()) {
    rig.node.barriers.front()({});
    rig.node.barriers.pop_front();
  }
  rig.settle();
  return rig.outcome_of(stream);
}

TEST(Downgrade, OneMinorVersionDownIsValid) {
  ApiRig rig;
  for (const char* version : {"3.6", "3.6.0", "3.6.16"}) {
    const auto outcome = downgrade(rig, pb::DowngradeRequest::VALIDATE, version);
    EXPECT_EQ(outcome.code, "0") << version;
    EXPECT_EQ(parse<pb::DowngradeResponse>(outcome.response).version(), "3.7");
  }
}

TEST(Downgrade, OtherVersionsAreRefusedInEtcdsOrder) {
  ApiRig rig;
  expect_refused(downgrade(rig, pb::DowngradeRequest::VALIDATE, "abc"), "3", "etcdserver: wrong downgrade target version format");
  expect_refused(downgrade(rig, pb::DowngradeRequest::VALIDATE, "3.0"), "3", "etcdserver: invalid downgrade target version");
  rig.node.cluster_state.downgrade = {.enabled = true, .target_version = "3.6.0"};
  expect_refused(downgrade(rig, pb::DowngradeRequest::VALIDATE, "3.6"), "9", "etcdserver: cluster has a downgrade job in progress");
  rig.node.cluster_state.cluster_version = "";
  expect_refused(downgrade(rig, pb::DowngradeRequest::VALIDATE, "3.6"), "9",
                 "etcdserver: cluster version not found during downgrade");
  expect_refused(downgrade(rig, 9, "3.6"), "2", "etcdserver: unknown method");
}

TEST(Downgrade, EnablingAValidOneIsProposed) {
  ApiRig rig;
  expect_refused(downgrade(rig, pb::DowngradeRequest::ENABLE, "3.5"), "3", "etcdserver: invalid downgrade target version");
  pb::DowngradeRequest request;
  request.set_action(pb::DowngradeRequest::ENABLE);
  request.set_version("3.6");
  const std::int32_t stream = rig.begin("Maintenance/Downgrade", request.SerializeAsString());
  rig.node.barriers.front()({});
  rig.settle();
  ASSERT_EQ(rig.node.proposed.size(), 1u);
  EXPECT_EQ(rig.node.proposed.front().kind, node::RequestKind::kDowngradeInfoSet);
  EXPECT_EQ(rig.node.proposed.front().request, apply::encode_downgrade_info_set(true, "3.6.0"));
  rig.node.answer(base::Rope());
  rig.settle();
  EXPECT_EQ(rig.outcome_of(stream).code, "0");
  EXPECT_EQ(parse<pb::DowngradeResponse>(rig.outcome_of(stream).response).version(), "3.7");
}

TEST(Downgrade, CallingOffWhatIsNotUnderWayIsNoError) {
  ApiRig rig;
  EXPECT_EQ(downgrade(rig, pb::DowngradeRequest::CANCEL, "").code, "0");
  EXPECT_TRUE(rig.lines->has("no inflight downgrade job"));
}

TEST(Downgrade, CallingOneOffIsProposed) {
  ApiRig rig;
  rig.node.cluster_state.downgrade = {.enabled = true, .target_version = "3.6.0"};
  pb::DowngradeRequest request;
  request.set_action(pb::DowngradeRequest::CANCEL);
  const std::int32_t stream = rig.begin("Maintenance/Downgrade", request.SerializeAsString());
  rig.node.barriers.front()({});
  rig.settle();
  ASSERT_EQ(rig.node.proposed.size(), 1u);
  EXPECT_EQ(rig.node.proposed.front().kind, node::RequestKind::kDowngradeInfoSet);
  rig.node.answer(base::Rope());
  rig.settle();
  EXPECT_EQ(rig.outcome_of(stream).code, "0");
}

}  // namespace
}  // namespace etcd::api
