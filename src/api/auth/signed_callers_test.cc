// Users who come with signed tokens, whose signatures a thread of its own verifies: here the test, when it likes to.
#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>

#include "api/auth/caller.h"
#include "api/auth/signature_checks.h"
#include "api/testing/auth_world.h"
#include "proto/kv_service.pb.h"
#include "proto/lease.pb.h"
#include "proto/watch.pb.h"

namespace etcd::api {
namespace {

using testing::ApiRig;
using testing::AuthWorld;
namespace pb = etcdserverpb;

const std::filesystem::path kKeys = "../auth/testdata/jwt";
constexpr const char* kBadToken = "etcdserver: invalid auth token";

class SignedCallers : public ::testing::Test {
 protected:
  SignedCallers() : folder_(std::filesystem::temp_directory_path() / ("etcd-signed-callers." + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
    serve("ec256.pem", auth::JwtMethod::kEs256);
  }
  ~SignedCallers() override { std::filesystem::remove_all(folder_); }

  void serve(const std::string& key, auth::JwtMethod method) {
    world.reset();
    rig.reset();
    take(key);
    auth::JwtOptions jwt;
    jwt.method = method;
    jwt.private_key_file = (folder_ / "key").string();
    tokens = std::move(*Tokens::open({.kind = jwt}, {.metrics = metrics_, .clock = clock, .logger = base::null_logger(), .files = files_.get()}));
    Options options;
    options.tokens = tokens;
    options.verify_elsewhere = [this](base::UniqueFunction<void()> job) { jobs.push_back(std::move(job)); };
    rig = std::make_unique<ApiRig>(std::move(options));
    world = std::make_unique<AuthWorld>(*rig);
  }
  void take(const std::string& key) {
    std::filesystem::copy_file(kKeys / key, folder_ / "key", std::filesystem::copy_options::overwrite_existing);
  }
  void wait(std::int64_t ns) {
    clock.now_ns += ns;
    rig->clock.now_ns += ns;
  }

  std::string token_of(const std::string& user) { return *tokens->sign(user, world->store.view()->revision()); }
  std::int32_t begin_range(const std::string& token) {
    pb::RangeRequest request;
    request.set_key("k1");
    return rig->begin("KV/Range", request.SerializeAsString(), {{"token", token}});
  }
  void verify_all() {
    while (!jobs.empty()) {
      auto job = std::move(jobs.front());
      jobs.pop_front();
      job();
    }
    rig->settle();
  }
  ApiRig::Outcome range(const std::string& token) {
    const std::int32_t stream = begin_range(token);
    verify_all();
    return rig->outcome_of(stream);
  }

  std::filesystem::path folder_;
  std::unique_ptr<base::FileSystem> files_ = base::posix_file_system();
  base::Metrics metrics_;
  rpc::testing::ManualClock clock;  // of the tokens
  std::deque<base::UniqueFunction<void()>> jobs;
  std::shared_ptr<Tokens> tokens;
  std::unique_ptr<ApiRig> rig;
  std::unique_ptr<AuthWorld> world;
};

TEST_F(SignedCallers, ASignatureIsVerifiedElsewhereAndOnceForAllWhoWait) {
  const std::string token = token_of("keeper");
  const std::int32_t first = begin_range(token);
  const std::int32_t second = begin_range(token);
  EXPECT_EQ(rig->answer_of(first).body, "");
  EXPECT_EQ(jobs.size(), 1u);
  verify_all();
  EXPECT_EQ(rig->outcome_of(first).code, "0");
  EXPECT_EQ(rig->outcome_of(second).code, "0");
  const std::int32_t third = begin_range(token);
  EXPECT_EQ(jobs.size(), 0u);
  EXPECT_EQ(rig->outcome_of(third).code, "0");
}

TEST_F(SignedCallers, AWrongTokenIsVerifiedOnceASecondHoweverOftenItComes) {
  const std::string token = token_of("keeper") + "x";
  const std::int32_t first = begin_range(token);
  ASSERT_EQ(jobs.size(), 1u);
  verify_all();
  EXPECT_EQ(rig->outcome_of(first).message, kBadToken);
  const std::int32_t second = begin_range(token);
  EXPECT_EQ(jobs.size(), 0u);
  EXPECT_EQ(rig->outcome_of(second).message, kBadToken);
  wait(CallerMemory::kRefusedForNs);
  begin_range(token);
  EXPECT_EQ(jobs.size(), 1u);
  verify_all();
}

TEST_F(SignedCallers, AFloodOfWrongTokensRefusesStrangersAndNobodyElse) {
  const std::string known = token_of("keeper");
  EXPECT_EQ(range(known).code, "0");
  const std::string honest = token_of("root");
  for (int i = 0; i < SignatureChecks::kMaxWaiting; ++i) begin_range("a.b." + std::to_string(i));
  EXPECT_EQ(jobs.size(), static_cast<std::size_t>(SignatureChecks::kMaxWaiting));
  const std::int32_t one_too_many = begin_range(honest);
  EXPECT_EQ(jobs.size(), static_cast<std::size_t>(SignatureChecks::kMaxWaiting));
  EXPECT_EQ(rig->outcome_of(one_too_many).message, "etcdserver: too many requests");
  EXPECT_EQ(rig->outcome_of(begin_range(known)).code, "0");
  verify_all();
  EXPECT_EQ(range(honest).code, "0");
}

TEST_F(SignedCallers, AKnownTokenStillExpires) {
  const std::string token = token_of("keeper");
  EXPECT_EQ(range(token).code, "0");
  wait(299'000'000'000);
  EXPECT_EQ(range(token).code, "0");
  wait(2'000'000'000);
  EXPECT_EQ(range(token).message, kBadToken);
}

TEST_F(SignedCallers, AKnownTokenIsOfItsRevisionOfTheUsers) {
  const std::string token = token_of("keeper");
  EXPECT_EQ(range(token).code, "0");
  ASSERT_TRUE(world->store.add_role("other", world->changes).has_value());
  world->publish();
  EXPECT_EQ(range(token).message, "etcdserver: revision of auth store is old");
  EXPECT_EQ(range(token_of("keeper")).code, "0");
}

// Keys are exchanged because they have leaked: what the old one signed must open nothing, not even where it was verified before.
TEST_F(SignedCallers, AKeyThatIsReplacedVoidsWhatItSigned) {
  const std::string token = token_of("keeper");
  EXPECT_EQ(range(token).code, "0");
  take("ec256b.pem");
  tokens->look_at_files();
  EXPECT_EQ(range(token).message, kBadToken);
  EXPECT_EQ(range(token_of("keeper")).code, "0");
}

TEST_F(SignedCallers, AKeyThatIsReplacedMeanwhileDoesNotCount) {
  const std::string token = token_of("keeper");
  const std::int32_t stream = begin_range(token);
  ASSERT_EQ(jobs.size(), 1u);
  jobs.front()();  // by the old key; not told yet
  jobs.clear();
  take("ec256b.pem");
  tokens->look_at_files();
  rig->settle();
  EXPECT_EQ(rig->outcome_of(stream).message, kBadToken);
}

TEST_F(SignedCallers, AStreamBeginsOnceItsCallersSignatureIsVerified) {
  pb::WatchRequest create;
  create.mutable_create_request()->set_key("k1");
  const std::int32_t stream = rig->begin("Watch/Watch", create.SerializeAsString(), {{"token", token_of("keeper")}});
  EXPECT_EQ(rig->answer_of(stream).body, "");
  ASSERT_EQ(jobs.size(), 1u);
  verify_all();
  EXPECT_NE(rig->answer_of(stream).body, "");
  EXPECT_EQ(rig->answer_of(stream).body.find("permission denied"), std::string::npos);
}

// The client's end of the stream is there before its handler is.
TEST_F(SignedCallers, AStreamThatTheClientHasClosedMeanwhileEnds) {
  pb::LeaseKeepAliveRequest request;
  request.set_id(7);
  const std::int32_t stream = rig->begin("Lease/LeaseKeepAlive", request.SerializeAsString(), {{"token", token_of("root")}});
  EXPECT_EQ(rig->answer_of(stream).headers.size(), 0u);
  verify_all();
  rig->node.step_leases();
  rig->settle();
  EXPECT_EQ(rig->outcome_of(stream).code, "0");
}

// However often it is looked at: at each look it may be over.
TEST_F(SignedCallers, ATokenMayEndWhileItsCallerIsBeingJudged) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  pb::LeaseKeepAliveRequest request;
  request.set_id(7);
  bool was_refused = false;
  bool was_answered = false;
  for (std::int64_t left_s = 1; left_s < 12; ++left_s) {
    const std::int32_t stream = rig->client().open_call("/etcdserverpb.Lease/LeaseKeepAlive", {{"token", token_of("keeper")}});
    rig->settle();
    verify_all();
    wait((300 - left_s) * kSecond);
    rig->clock.wall_step_ns = kSecond;
    rig->client().send(stream, rpc::testing::framed(request.SerializeAsString()), /*ended=*/true);
    rig->settle();
    rig->node.step_leases();
    rig->settle();
    const ApiRig::Outcome outcome = rig->outcome_of(stream);
    was_refused |= outcome.message == kBadToken;
    was_answered |= outcome.code == "0";
    rig->clock.wall_step_ns = rig->clock.wall_ahead_ns = 0;
  }
  EXPECT_TRUE(was_refused);
  EXPECT_TRUE(was_answered);
}

TEST_F(SignedCallers, WhoLeavesWhileTheyWaitIsForgotten) {
  const std::int32_t stream = begin_range(token_of("keeper"));
  rig->client().reset(stream, 8);  // CANCEL
  rig->settle();
  verify_all();
  EXPECT_EQ(range(token_of("keeper")).code, "0");
}

TEST_F(SignedCallers, WhatIsCheapToVerifyIsVerifiedOnTheSpot) {
  serve("hmac.key", auth::JwtMethod::kHs256);
  const std::int32_t good = begin_range(token_of("keeper"));
  const std::int32_t bad = begin_range("a.b.c");
  EXPECT_EQ(jobs.size(), 0u);
  EXPECT_EQ(rig->outcome_of(good).code, "0");
  EXPECT_EQ(rig->outcome_of(bad).message, kBadToken);
}

}  // namespace
}  // namespace etcd::api
