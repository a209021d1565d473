#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "api/concurrency/election_service.h"
#include "api/concurrency/lock_service.h"
#include "api/testing/api_rig.h"
#include "apply/read_only.h"
#include "apply/request.h"
#include "apply/response.h"
#include "mvcc/key_value.h"
#include "proto/election.pb.h"
#include "proto/kv_service.pb.h"
#include "proto/lock.pb.h"

namespace etcd::api {
namespace {

using testing::ApiRig;
namespace kv = etcdserverpb;

template <typename Message>
Message parse(std::string_view bytes) {
  Message message;
  EXPECT_TRUE(message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  return message;
}

// The services over a key space that does what they propose, one proposal at a time.
struct Concurrency : ::testing::Test {
  static constexpr std::int64_t kLease = 0x1f;

  std::int32_t begin(const std::string& method, const google::protobuf::MessageLite& request) {
    return rig.begin("v3" + method, request.SerializeAsString());
  }
  // Begins a call and does all that is proposed.
  std::int32_t run(const std::string& method, const google::protobuf::MessageLite& request) {
    const std::int32_t stream = begin(method, request);
    work();
    return stream;
  }
  void work() {
    rig.settle();
    while (!rig.node.proposed.empty()) apply_one();
  }
  void apply_one() {
    const auto& proposed = rig.node.proposed.front();
    Result<base::Rope> response = base::Rope();
    if (proposed.kind == node::RequestKind::kTxn) response = txn(parse<kv::TxnRequest>(proposed.request));
    if (proposed.kind == node::RequestKind::kDeleteRange) response = erase(parse<kv::DeleteRangeRequest>(proposed.request));
    if (proposed.kind == node::RequestKind::kLeaseGrant) ++grants;
    rig.node.answer(std::move(response));
    publish();
  }
  void publish() {
    (void)rig.node.store.view();
    rig.node.signals.published();
    rig.settle();
  }
  apply::ResponseHeader header() { return {.cluster = ClusterId(1), .member = MemberId(2), .revision = rig.node.store.store().revision(), .term = Term(3)}; }
  std::int64_t created(const std::string& key) {
    const mvcc::ReadViewRef view = rig.node.store.view();
    const auto found = view->find(key);
    return found && *found ? mvcc::decode_key_value(**found)->create_revision.value : 0;
  }
  base::Rope erase(const kv::DeleteRangeRequest& request) {
    rig.node.store.erase(request.key(), request.range_end());
    return apply::encode_delete_range_response(header(), 1, {});
  }
  base::Rope txn(const kv::TxnRequest& request) {
    kv::TxnResponse response;
    response.set_succeeded(created(request.compare(0).key()) == request.compare(0).create_revision());
    const auto& ops = response.succeeded() ? request.success() : request.failure();
    for (const auto& op : ops) {
      auto* answer = response.add_responses();
      if (op.has_request_put()) {
        rig.node.store.put(op.request_put().key(), op.request_put().value(), op.request_put().lease());
        answer->mutable_response_put();
      }
      if (op.has_request_delete_range()) {
        rig.node.store.erase(op.request_delete_range().key());
        answer->mutable_response_delete_range();
      }
      if (op.has_request_range()) {
        const std::string bytes = op.request_range().SerializeAsString();
        const mvcc::ReadViewRef view = rig.node.store.view();
        *answer->mutable_response_range() = parse<kv::RangeResponse>(apply::run_range(*view, *apply::decode_range(bytes), header())->flatten());
      }
    }
    *response.mutable_header() = parse<kv::ResponseHeader>(apply::encode_header(header()));
    return base::Rope(response.SerializeAsString());
  }
  std::vector<std::string> keys() {
    std::vector<std::string> all;
    const mvcc::ReadViewRef view = rig.node.store.view();
    const std::string everything(1, '\0');
    const auto result = mvcc::range(*view, {.key = everything, .range_end = everything});
    for (const std::string_view bytes : result->kvs) all.emplace_back(mvcc::decode_key_value(bytes)->key);
    return all;
  }

  static v3lockpb::LockRequest lock_of(const std::string& name, std::int64_t lease) {
    v3lockpb::LockRequest request;
    request.set_name(name);
    request.set_lease(lease);
    return request;
  }
  static v3electionpb::CampaignRequest campaign_of(const std::string& name, std::int64_t lease, const std::string& value) {
    v3electionpb::CampaignRequest request;
    request.set_name(name);
    request.set_lease(lease);
    request.set_value(value);
    return request;
  }
  bool is_answered(std::int32_t stream) { return rig.answer_of(stream).ended; }
  v3lockpb::LockResponse lock_response(std::int32_t stream) { return parse<v3lockpb::LockResponse>(rig.outcome_of(stream).response); }
  v3electionpb::LeaderKey won(std::int32_t stream) { return parse<v3electionpb::CampaignResponse>(rig.outcome_of(stream).response).leader(); }

  ApiRig rig;
  int grants = 0;
};

constexpr const char* kLock = "lockpb.Lock/Lock";
constexpr const char* kCampaign = "electionpb.Election/Campaign";

// --- Locks ---

TEST_F(Concurrency, AFreeLockIsHadAtOnce) {
  const std::int32_t stream = run(kLock, lock_of("a", kLease));
  ASSERT_EQ(rig.outcome_of(stream).code, "0") << rig.outcome_of(stream).message;
  EXPECT_EQ(lock_response(stream).key(), "a/1f");
  EXPECT_EQ(lock_response(stream).header().revision(), 2);
  EXPECT_EQ(keys(), (std::vector<std::string>{"a/1f"}));
  EXPECT_EQ(grants, 0);
}

TEST_F(Concurrency, ALockWithoutALeaseGetsOne) {
  const std::int32_t stream = run(kLock, lock_of("a", 0));
  EXPECT_EQ(grants, 1);
  EXPECT_EQ(lock_response(stream).key(), "a/1");
}

TEST_F(Concurrency, ANegativeLeaseIsWrittenWithItsSign) {
  EXPECT_EQ(lock_response(run(kLock, lock_of("", -31))).key(), "/-1f");
}

TEST_F(Concurrency, OneWhoHasTheLockHasItAgain) {
  run(kLock, lock_of("a", kLease));
  const std::int32_t again = run(kLock, lock_of("a", kLease));
  EXPECT_EQ(rig.outcome_of(again).code, "0");
  EXPECT_EQ(keys().size(), 1u);
}

TEST_F(Concurrency, OthersWaitAndComeInOrder) {
  run(kLock, lock_of("a", 1));
  const std::int32_t second = run(kLock, lock_of("a", 2));
  const std::int32_t third = run(kLock, lock_of("a", 3));
  const std::int32_t elsewhere = run(kLock, lock_of("ab", 4));
  EXPECT_TRUE(is_answered(elsewhere));
  rig.node.store.erase("a/1");
  publish();
  EXPECT_TRUE(is_answered(second));
  EXPECT_FALSE(is_answered(third));
  EXPECT_EQ(lock_response(second).header().revision(), 6);
  v3lockpb::UnlockRequest unlock;
  unlock.set_key("a/2");
  EXPECT_EQ(rig.outcome_of(run("lockpb.Lock/Unlock", unlock)).code, "0");
  EXPECT_TRUE(is_answered(third));
}

TEST_F(Concurrency, WhoLeavesTakesItsKeyAlongAndLetsTheNextPass) {
  run(kLock, lock_of("a", 1));
  const std::int32_t second = run(kLock, lock_of("a", 2));
  const std::int32_t third = run(kLock, lock_of("a", 3));
  rig.client().reset(second, 8);
  work();
  EXPECT_EQ(keys(), (std::vector<std::string>{"a/1", "a/3"}));
  EXPECT_FALSE(is_answered(third));
  rig.node.store.erase("a/1");
  publish();
  EXPECT_TRUE(is_answered(third));
}

TEST_F(Concurrency, WhoLeavesBeforeItsKeyIsThereLeavesNone) {
  const std::int32_t stream = begin(kLock, lock_of("a", 1));
  rig.client().reset(stream, 8);
  rig.settle();
  work();
  EXPECT_TRUE(keys().empty());
}

TEST_F(Concurrency, ALockWhoseLeaseEndedWhileItWaitedIsNotHad) {
  run(kLock, lock_of("a", 1));
  const std::int32_t second = run(kLock, lock_of("a", 2));
  rig.node.store.erase("a/2");
  publish();
  EXPECT_FALSE(is_answered(second));
  rig.node.store.erase("a/1");
  publish();
  EXPECT_EQ(rig.outcome_of(second).code, "2");
  EXPECT_EQ(rig.outcome_of(second).message, "mutex: session is expired");
}

TEST_F(Concurrency, ErrorsKeepTheirTextAndLoseTheirCode) {
  const std::int32_t stream = begin(kLock, lock_of("a", 1));
  rig.node.answer(fail(Errc::kLeaseNotFound));
  rig.settle();
  EXPECT_EQ(rig.outcome_of(stream).code, "2");
  EXPECT_EQ(rig.outcome_of(stream).message, "etcdserver: requested lease not found");
  EXPECT_EQ(rig.outcome_of(run("lockpb.Lock/Unlock", v3lockpb::UnlockRequest())).message, "etcdserver: key is not provided");
}

TEST_F(Concurrency, StoppingEndsThoseWhoWait) {
  run(kLock, lock_of("a", 1));
  const std::int32_t lock = run(kLock, lock_of("a", 2));
  run(kCampaign, campaign_of("e", 1, "x"));
  const std::int32_t campaign = run(kCampaign, campaign_of("e", 2, "y"));
  v3electionpb::LeaderRequest name;
  name.set_name("e");
  const std::int32_t observation = run("electionpb.Election/Observe", name);
  rig.api().stop();
  work();
  for (const std::int32_t stream : {lock, campaign, observation}) {
    EXPECT_TRUE(is_answered(stream));
    EXPECT_EQ(rig.answer_of(stream).grpc_message(), "etcdserver: server stopped");
  }
  EXPECT_EQ(keys().size(), 4u);
}

// --- Elections ---

TEST_F(Concurrency, TheOldestCandidateLeadsAndTheNextFollowsWhenItResigns) {
  const std::int32_t first = run(kCampaign, campaign_of("e", kLease, "x"));
  ASSERT_EQ(rig.outcome_of(first).code, "0");
  EXPECT_EQ(won(first).name(), "e");
  EXPECT_EQ(won(first).key(), "e/1f");
  EXPECT_EQ(won(first).rev(), 2);
  EXPECT_EQ(won(first).lease(), kLease);
  const std::int32_t second = run(kCampaign, campaign_of("e", 2, "y"));
  EXPECT_FALSE(is_answered(second));
  v3electionpb::ResignRequest resign;
  *resign.mutable_leader() = won(first);
  EXPECT_EQ(rig.outcome_of(run("electionpb.Election/Resign", resign)).code, "0");
  ASSERT_TRUE(is_answered(second));
  EXPECT_EQ(won(second).rev(), 3);
}

TEST_F(Concurrency, ACandidateThatComesAgainProclaimsItsNewValue) {
  run(kCampaign, campaign_of("e", 1, "x"));
  const std::int32_t again = run(kCampaign, campaign_of("e", 1, "z"));
  EXPECT_EQ(won(again).rev(), 2);
  v3electionpb::LeaderRequest name;
  name.set_name("e");
  const auto leader = parse<v3electionpb::LeaderResponse>(rig.outcome_of(run("electionpb.Election/Leader", name)).response);
  EXPECT_EQ(leader.kv().value(), "z");
  EXPECT_EQ(leader.header().revision(), 3);
}

TEST_F(Concurrency, ACandidateThatLeavesResigns) {
  run(kCampaign, campaign_of("e", 1, "x"));
  const std::int32_t second = run(kCampaign, campaign_of("e", 2, "y"));
  rig.client().reset(second, 8);
  work();
  EXPECT_EQ(keys(), (std::vector<std::string>{"e/1"}));
}

TEST_F(Concurrency, OnlyTheLeaderProclaims) {
  const std::int32_t first = run(kCampaign, campaign_of("e", 1, "x"));
  v3electionpb::ProclaimRequest proclaim;
  proclaim.set_value("new");
  EXPECT_EQ(rig.outcome_of(run("electionpb.Election/Proclaim", proclaim)).message, "\"leader\" field must be provided");
  *proclaim.mutable_leader() = won(first);
  EXPECT_EQ(rig.outcome_of(run("electionpb.Election/Proclaim", proclaim)).code, "0");
  proclaim.mutable_leader()->set_rev(99);
  const auto refused = rig.outcome_of(run("electionpb.Election/Proclaim", proclaim));
  EXPECT_EQ(refused.code, "2");
  EXPECT_EQ(refused.message, "election: not leader");
  EXPECT_EQ(rig.outcome_of(run("electionpb.Election/Resign", v3electionpb::ResignRequest())).message, "\"leader\" field must be provided");
}

TEST_F(Concurrency, WithoutALeaderLeaderSaysSo) {
  v3electionpb::LeaderRequest name;
  name.set_name("e");
  const auto outcome = rig.outcome_of(run("electionpb.Election/Leader", name));
  EXPECT_EQ(outcome.code, "2");
  EXPECT_EQ(outcome.message, "election: no leader");
}

TEST_F(Concurrency, AnObserverSeesEachLeaderAndWhatItProclaims) {
  v3electionpb::LeaderRequest name;
  name.set_name("e");
  const std::int32_t stream = run("electionpb.Election/Observe", name);
  EXPECT_TRUE(rig.answer_of(stream).messages().empty());
  const auto values = [&] {
    std::vector<std::string> all;
    for (const std::string& message : rig.answer_of(stream).messages()) all.push_back(parse<v3electionpb::LeaderResponse>(message).kv().value());
    return all;
  };
  run(kCampaign, campaign_of("e", 1, "x"));
  EXPECT_EQ(values(), (std::vector<std::string>{"x"}));
  run(kCampaign, campaign_of("e", 2, "y"));
  rig.node.store.put("e/1", "x2", 1);
  publish();
  EXPECT_EQ(values(), (std::vector<std::string>{"x", "x2"}));
  rig.node.store.erase("e/1");
  publish();
  EXPECT_EQ(values(), (std::vector<std::string>{"x", "x2", "y"}));
  EXPECT_FALSE(is_answered(stream));
  const std::int32_t late = run("electionpb.Election/Observe", name);
  ASSERT_EQ(rig.answer_of(late).messages().size(), 1u);
  rig.client().reset(stream, 8);
  rig.client().reset(late, 8);
  work();
}

// --- Parts ---

TEST(PrefixEnd, IsTheFirstKeyBeyond) {
  EXPECT_EQ(prefix_end("a/"), "a0");
  EXPECT_EQ(prefix_end("a\xff\xff"), "b");
  EXPECT_EQ(prefix_end("\xff"), std::string(1, '\0'));
  EXPECT_EQ(prefix_end(""), std::string(1, '\0'));
}

}  // namespace
}  // namespace etcd::api
