// Every method of every service, called by everybody.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "api/testing/auth_world.h"
#include "base/wire.h"
#include "proto/auth_service.pb.h"
#include "proto/cluster.pb.h"
#include "proto/election.pb.h"
#include "proto/kv_service.pb.h"
#include "proto/lease.pb.h"
#include "proto/lock.pb.h"
#include "proto/maintenance.pb.h"
#include "proto/watch.pb.h"

namespace etcd::api {
namespace {

using testing::ApiRig;
using testing::AuthWorld;
namespace pb = etcdserverpb;

enum class Outcome { kServed, kProposed, kUserEmpty, kBadToken, kDenied };

std::ostream& operator<<(std::ostream& out, Outcome outcome) {
  constexpr const char* kNames[] = {"served", "proposed", "user empty", "bad token", "denied"};
  return out << kNames[static_cast<int>(outcome)];
}

// What each caller gets, in this order: no token, a wrong one, a user without rights, one with, root.
struct Row {
  std::string method;
  std::string request;
  std::array<Outcome, 5> outcomes;
};

constexpr std::array<const char*, 5> kCallers = {"", "wrong", "weak", "keeper", "root"};

// The rules of api/auth/methods.h, as etcd's users meet them.
using enum Outcome;
constexpr std::array<Outcome, 5> kAnybodyIsServed = {kServed, kServed, kServed, kServed, kServed};
constexpr std::array<Outcome, 5> kKnownAreServed = {kUserEmpty, kBadToken, kServed, kServed, kServed};
constexpr std::array<Outcome, 5> kKnownPropose = {kUserEmpty, kBadToken, kProposed, kProposed, kProposed};
constexpr std::array<Outcome, 5> kAdminsAreServed = {kUserEmpty, kBadToken, kDenied, kDenied, kServed};
constexpr std::array<Outcome, 5> kAdminsPropose = {kUserEmpty, kBadToken, kDenied, kDenied, kProposed};
constexpr std::array<Outcome, 5> kByKeys = {kUserEmpty, kBadToken, kDenied, kServed, kServed};
// The state machine refuses whom it must: etcd proposes for anybody whose token is not wrong.
constexpr std::array<Outcome, 5> kByLog = {kProposed, kBadToken, kProposed, kProposed, kProposed};

template <typename Message>
std::string bytes_of(void (*fill)(Message&)) {
  Message message;
  fill(message);
  return message.SerializeAsString();
}

std::vector<Row> rows() {
  const std::string key = bytes_of<pb::RangeRequest>([](auto& m) { m.set_key("k1"); });
  const std::string read_txn =
      bytes_of<pb::TxnRequest>([](auto& m) { m.add_success()->mutable_request_range()->set_key("k1"); });
  const std::string watch = bytes_of<pb::WatchRequest>([](auto& m) { m.mutable_create_request()->set_key("k1"); });
  const std::string put = bytes_of<pb::PutRequest>([](auto& m) { m.set_key("k1"); });
  const std::string lease = bytes_of<pb::LeaseGrantRequest>([](auto& m) { m.set_id(7), m.set_ttl(60); });
  const std::string lease_id = bytes_of<pb::LeaseRevokeRequest>([](auto& m) { m.set_id(7); });
  const std::string ttl = bytes_of<pb::LeaseTimeToLiveRequest>([](auto& m) { m.set_id(7), m.set_keys(true); });
  const std::string alarm = bytes_of<pb::AlarmRequest>([](auto& m) { m.set_action(pb::AlarmRequest::ACTIVATE); });
  const std::string member = bytes_of<pb::MemberAddRequest>([](auto& m) { m.add_peerurls("http://new:1"); });
  const std::string update = bytes_of<pb::MemberUpdateRequest>([](auto& m) { m.set_id(0xa1), m.add_peerurls("http://new:1"); });
  const std::string user = bytes_of<pb::AuthUserAddRequest>([](auto& m) { m.set_name("new"), m.set_password("secret"); });
  const std::string password =
      bytes_of<pb::AuthUserChangePasswordRequest>([](auto& m) { m.set_name("weak"), m.set_password("secret"); });
  const std::string campaign = bytes_of<v3electionpb::CampaignRequest>([](auto& m) { m.set_name("k1"), m.set_lease(7); });
  const std::string proclaim = bytes_of<v3electionpb::ProclaimRequest>([](auto& m) { m.mutable_leader()->set_key("k1/7"), m.mutable_leader()->set_lease(7); });
  const std::string resign = bytes_of<v3electionpb::ResignRequest>([](auto& m) { m.mutable_leader()->set_key("k1/7"); });
  const std::string name = bytes_of<v3electionpb::LeaderRequest>([](auto& m) { m.set_name("k1"); });
  const std::string lock = bytes_of<v3lockpb::LockRequest>([](auto& m) { m.set_name("k1"), m.set_lease(7); });
  const std::string unlock = bytes_of<v3lockpb::UnlockRequest>([](auto& m) { m.set_key("k1/7"); });
  constexpr std::array<Outcome, 5> kPasswordsForAdmins = kAdminsPropose;
  return {
      {"etcdserverpb.KV/Range", key, kByKeys},
      {"etcdserverpb.KV/RangeStream", key, kByKeys},
      {"etcdserverpb.KV/Put", put, kByLog},
      {"etcdserverpb.KV/DeleteRange", key, kByLog},
      {"etcdserverpb.KV/Txn", read_txn, kByKeys},
      {"etcdserverpb.KV/Compact", "", kAdminsPropose},
      {"etcdserverpb.Watch/Watch", watch, kByKeys},
      {"etcdserverpb.Lease/LeaseGrant", lease, kKnownPropose},
      {"etcdserverpb.Lease/LeaseRevoke", lease_id, kKnownPropose},
      {"etcdserverpb.Lease/LeaseKeepAlive", lease_id, kByKeys},
      {"etcdserverpb.Lease/LeaseTimeToLive", ttl, kByKeys},
      {"etcdserverpb.Lease/LeaseLeases", "", kByKeys},
      {"etcdserverpb.Cluster/MemberList", "", kKnownAreServed},
      {"etcdserverpb.Cluster/MemberAdd", member, kAdminsAreServed},
      {"etcdserverpb.Cluster/MemberRemove", "", kAdminsAreServed},
      {"etcdserverpb.Cluster/MemberUpdate", update, kAdminsAreServed},
      {"etcdserverpb.Cluster/MemberPromote", "", kAdminsAreServed},
      {"etcdserverpb.Maintenance/Alarm", alarm, kAdminsPropose},
      {"etcdserverpb.Maintenance/Alarm", "", kKnownPropose},  // to ask
      {"etcdserverpb.Maintenance/Status", "", kKnownAreServed},
      {"etcdserverpb.Maintenance/Defragment", "", kAdminsAreServed},
      {"etcdserverpb.Maintenance/Hash", "", kAdminsAreServed},
      {"etcdserverpb.Maintenance/HashKV", "", kAdminsAreServed},
      {"etcdserverpb.Maintenance/Snapshot", "", kAdminsAreServed},
      {"etcdserverpb.Maintenance/MoveLeader", "", kAdminsAreServed},
      {"etcdserverpb.Maintenance/Downgrade", "", kAdminsAreServed},
      {"etcdserverpb.Auth/Authenticate", "", kAnybodyIsServed},
      {"etcdserverpb.Auth/AuthStatus", "", kByLog},
      {"etcdserverpb.Auth/AuthEnable", "", kByLog},
      {"etcdserverpb.Auth/AuthDisable", "", kByLog},
      {"etcdserverpb.Auth/UserAdd", user, kPasswordsForAdmins},
      {"etcdserverpb.Auth/UserChangePassword", password, kPasswordsForAdmins},
      {"etcdserverpb.Auth/UserGet", "", kByLog},
      {"etcdserverpb.Auth/UserList", "", kByLog},
      {"etcdserverpb.Auth/UserDelete", "", kByLog},
      {"etcdserverpb.Auth/UserGrantRole", "", kByLog},
      {"etcdserverpb.Auth/UserRevokeRole", "", kByLog},
      {"etcdserverpb.Auth/RoleAdd", "", kByLog},
      {"etcdserverpb.Auth/RoleGet", "", kByLog},
      {"etcdserverpb.Auth/RoleList", "", kByLog},
      {"etcdserverpb.Auth/RoleDelete", "", kByLog},
      {"etcdserverpb.Auth/RoleGrantPermission", "", kByLog},
      {"etcdserverpb.Auth/RoleRevokePermission", "", kByLog},
      {"v3electionpb.Election/Campaign", campaign, kByLog},
      {"v3electionpb.Election/Proclaim", proclaim, kByLog},
      {"v3electionpb.Election/Resign", resign, kByLog},
      {"v3electionpb.Election/Leader", name, kByKeys},
      {"v3electionpb.Election/Observe", name, kByKeys},
      {"v3lockpb.Lock/Lock", lock, kByLog},
      {"v3lockpb.Lock/Unlock", unlock, kByLog},
      {"grpc.health.v1.Health/Check", "", kAnybodyIsServed},
      {"grpc.health.v1.Health/List", "", kAnybodyIsServed},
      {"grpc.health.v1.Health/Watch", "", kAnybodyIsServed},
  };
}

class Rules : public ::testing::Test {
 protected:
  Rules() {
    rig.node.answer_barriers_with = Status();
    rig.node.snapshot_answer = std::string("db");
    // Lease 7 has a key that the keeper may touch and the weak may not.
    (void)rig.node.lessor.grant(LeaseId(7), 60, 0, changes);
    rig.node.lessor.attach("k1", LeaseId(7));
  }

  Outcome call(const Row& row, const std::string& caller) {
    const rpc::testing::Fields who = caller.empty() ? rpc::testing::Fields() : AuthWorld::as(caller);
    const std::int32_t stream = rig.begin(row.method, row.request, who);
    if (!rig.node.proposed.empty()) {
      EXPECT_EQ(rig.node.proposed.front().who.name, expected_name(caller)) << row.method;
      rig.node.proposed.clear();
      return kProposed;
    }
    rig.node.run_jobs();
    rig.settle();
    std::string text = rig.answer_of(stream).grpc_message() + rig.answer_of(stream).body;
    for (const auto& [words, outcome] : std::map<std::string, Outcome>{{"etcdserver: user name is empty", kUserEmpty},
                                                                       {"etcdserver: invalid auth token", kBadToken},
                                                                       {"etcdserver: permission denied", kDenied}}) {
      if (text.find(words) != std::string::npos) return outcome;
    }
    return kServed;
  }
  std::string expected_name(const std::string& caller) const { return rig.node.auth_cell.load()->enabled() ? caller : ""; }

  ApiRig rig;
  bolt::WriteBatch changes;
};

TEST_F(Rules, EveryMethodAnswersEveryCallerByItsRule) {
  AuthWorld world(rig);
  for (const Row& row : rows()) {
    for (std::size_t i = 0; i < kCallers.size(); ++i) {
      EXPECT_EQ(call(row, kCallers[i]), row.outcomes[i]) << row.method << " by '" << kCallers[i] << "'";
    }
  }
}

TEST_F(Rules, WhileAuthIsDisabledNobodyIsAskedWhoTheyAre) {
  for (const Row& row : rows()) {
    for (const char* caller : kCallers) {
      const Outcome outcome = call(row, caller);
      EXPECT_TRUE(outcome == kServed || outcome == kProposed) << row.method << " by '" << caller << "': " << outcome;
    }
  }
}

TEST_F(Rules, NoMethodIsMissingHere) {
  std::set<std::string> here;
  for (const Row& row : rows()) here.insert(row.method);
  std::set<std::string> there;
  for (const auto& method : rig.services().methods()) there.insert(method->service + "/" + method->name);
  EXPECT_EQ(here, there);
}

}  // namespace
}  // namespace etcd::api
