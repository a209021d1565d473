#include "api/auth/auth_service.h"

#include <gtest/gtest.h>

#include <deque>

#include "api/auth/passwords.h"
#include "api/testing/auth_world.h"
#include "apply/request.h"
#include "apply/response.h"
#include "auth/base64.h"
#include "auth/bcrypt.h"
#include "proto/auth_service.pb.h"
#include "proto/kv_service.pb.h"
#include "proto/lease.pb.h"
#include "proto/watch.pb.h"

namespace etcd::api {
namespace {

using node::RequestKind;
using testing::ApiRig;
using testing::AuthWorld;
namespace pb = etcdserverpb;

std::string login_of(const std::string& user, const std::string& password) {
  pb::AuthenticateRequest request;
  request.set_name(user);
  request.set_password(password);
  return request.SerializeAsString();
}

std::string range_of(const std::string& key) {
  pb::RangeRequest request;
  request.set_key(key);
  return request.SerializeAsString();
}

base::Rope token_response(const std::string& token) {
  pb::AuthenticateResponse response;
  response.set_token(token);
  return base::Rope(response.SerializeAsString());
}

class AuthService : public ::testing::Test {
 protected:
  static Options options() {
    Options options;
    options.bcrypt_cost = auth::kMinBcryptCost;
    return options;
  }
  // Begins a login; the entry that it proposes, which holds no password.
  auth::AuthenticateRequest proposed() {
    EXPECT_EQ(rig.node.proposed.size(), 1u);
    const auto& first = rig.node.proposed.front();
    EXPECT_EQ(first.kind, RequestKind::kAuthenticate);
    EXPECT_EQ(first.who, auth::Identity());
    const auto request = auth::decode_request(static_cast<std::uint32_t>(RequestKind::kAuthenticate), first.request);
    EXPECT_TRUE(request.has_value());
    return std::get<auth::AuthenticateRequest>(*request);
  }
  ApiRig::Outcome answer(std::int32_t stream, Result<base::Rope> response) {
    rig.node.answer(std::move(response));
    rig.settle();
    return rig.outcome_of(stream);
  }

  ApiRig rig{options()};
};

TEST_F(AuthService, ALoginPutsTheUserAndHalfATokenIntoTheLog) {
  AuthWorld world(rig);
  const std::int32_t stream = rig.begin("Auth/Authenticate", login_of("keeper", "keeper"));
  EXPECT_EQ(proposed().name, "keeper");
  EXPECT_EQ(proposed().password, "");
  EXPECT_EQ(proposed().simple_token.size(), 16u);
  const auto outcome = answer(stream, token_response("abc.9"));
  EXPECT_EQ(outcome.code, "0");
  pb::AuthenticateResponse response;
  EXPECT_TRUE(response.ParseFromString(outcome.response));
  EXPECT_EQ(response.token(), "abc.9");
}

TEST_F(AuthService, LoginsThatMustFailFailInEtcdsWords) {
  EXPECT_EQ(rig.call("Auth/Authenticate", login_of("root", "root")).message, "etcdserver: authentication is not enabled");
  AuthWorld world(rig);
  const char* const failed = "etcdserver: authentication failed, invalid user ID or password";
  EXPECT_EQ(rig.call("Auth/Authenticate", login_of("keeper", "wrong")).message, failed);
  EXPECT_EQ(rig.call("Auth/Authenticate", login_of("keeper", "")).message, failed);
  EXPECT_EQ(rig.call("Auth/Authenticate", login_of("nobody", "x")).message, failed);
  const auto certified = rig.call("Auth/Authenticate", login_of("certified", ""));
  EXPECT_EQ(certified.code, "2");
  EXPECT_EQ(certified.message, "auth: authentication failed, password was given for no password user");
  EXPECT_TRUE(rig.node.proposed.empty());
  EXPECT_TRUE(rig.lines->has("invalid authentication was requested"));
}

// Or the time that the answer takes would tell who is a user.
TEST(Logins, OfWhoIsNoUserTakeAHashOfTheSameCost) {
  std::deque<base::UniqueFunction<void()>> jobs;
  Options options;
  options.bcrypt_cost = auth::kMinBcryptCost;
  options.hash_elsewhere = [&](base::UniqueFunction<void()> job) { jobs.push_back(std::move(job)); };
  ApiRig rig(std::move(options));
  AuthWorld world(rig);
  for (const char* user : {"nobody", "keeper"}) {
    const std::int32_t stream = rig.begin("Auth/Authenticate", login_of(user, "wrong"));
    ASSERT_EQ(jobs.size(), 1u) << user;
    EXPECT_EQ(rig.outcome_of(stream).code, "not answered");
    jobs.front()();
    jobs.clear();
    rig.settle();
    EXPECT_EQ(rig.outcome_of(stream).message, "etcdserver: authentication failed, invalid user ID or password") << user;
  }
  const std::string nobodys = Passwords(12, {}, rig.clock).nobodys_hash();
  EXPECT_EQ(nobodys.size(), 60u);
  EXPECT_TRUE(nobodys.starts_with("$2a$12$"));
  EXPECT_FALSE(auth::bcrypt_matches(Passwords(auth::kMinBcryptCost, {}, rig.clock).nobodys_hash(), ""));
}

TEST_F(AuthService, ALoginWaitsForTheStateAsOfItsBeginning) {
  AuthWorld world(rig);
  rig.node.linearizable = false;
  rig.begin("Auth/Authenticate", login_of("keeper", "keeper"));
  EXPECT_TRUE(rig.node.proposed.empty());
  ASSERT_EQ(rig.node.barriers.size(), 1u);
  rig.node.barriers.front()({});
  rig.settle();
  EXPECT_EQ(proposed().name, "keeper");
}

TEST_F(AuthService, IfTheUsersChangeMeanwhileThePasswordIsCheckedAgain) {
  AuthWorld world(rig);
  const std::int32_t stream = rig.begin("Auth/Authenticate", login_of("keeper", "keeper"));
  const std::string other = auth::base64_encode(*auth::bcrypt_hash("other", auth::kMinBcryptCost, {}));
  ASSERT_TRUE(world.store.change_password({.name = "keeper", .password = {}, .hashed_password = other}, world.changes).has_value());
  world.publish();
  const auto outcome = answer(stream, token_response("abc.9"));
  EXPECT_EQ(outcome.message, "etcdserver: authentication failed, invalid user ID or password");
}

TEST_F(AuthService, AnUnrelatedChangeOnlyCostsAnotherRound) {
  AuthWorld world(rig);
  const std::int32_t stream = rig.begin("Auth/Authenticate", login_of("keeper", "keeper"));
  ASSERT_TRUE(world.store.add_role("another", world.changes).has_value());
  world.publish();
  rig.node.answer(token_response("abc.9"));
  rig.settle();
  EXPECT_EQ(proposed().name, "keeper");
  EXPECT_EQ(answer(stream, token_response("def.10")).code, "0");
}

TEST_F(AuthService, AVerifiedPasswordIsWorthNothingOnceItIsChanged) {
  AuthWorld world(rig);
  const std::int32_t stream = rig.begin("Auth/Authenticate", login_of("keeper", "keeper"));
  EXPECT_EQ(answer(stream, token_response("abc.9")).code, "0");
  const std::string other = auth::base64_encode(*auth::bcrypt_hash("other", auth::kMinBcryptCost, {}));
  ASSERT_TRUE(world.store.change_password({.name = "keeper", .password = {}, .hashed_password = other}, world.changes).has_value());
  world.publish();
  EXPECT_EQ(rig.call("Auth/Authenticate", login_of("keeper", "keeper")).code, "3");
}

TEST_F(AuthService, PasswordsAreHashedBeforeTheyAreProposed) {
  pb::AuthUserAddRequest request;
  request.set_name("new");
  request.set_password("secret");
  rig.begin("Auth/UserAdd", request.SerializeAsString());
  rig.settle();
  ASSERT_EQ(rig.node.proposed.size(), 1u);
  const std::string& bytes = rig.node.proposed.front().request;
  EXPECT_EQ(bytes.find("secret"), std::string::npos);
  pb::AuthUserAddRequest entry;
  ASSERT_TRUE(entry.ParseFromString(bytes));
  EXPECT_EQ(entry.name(), "new");
  EXPECT_EQ(entry.password(), "");
  EXPECT_TRUE(auth::bcrypt_matches(auth::base64_decode(entry.hashedpassword()).value_or(""), "secret"));
}

TEST_F(AuthService, AUserWithoutPasswordHasNoneInTheLogEither) {
  pb::AuthUserAddRequest request;
  request.set_name("new");
  request.set_password("secret");
  request.mutable_options()->set_no_password(true);
  rig.begin("Auth/UserAdd", request.SerializeAsString());
  ASSERT_EQ(rig.node.proposed.size(), 1u);
  EXPECT_EQ(rig.node.proposed.front().request.find("secret"), std::string::npos);
}

TEST_F(AuthService, ANewPasswordIsHashedLikewise) {
  pb::AuthUserChangePasswordRequest request;
  request.set_name("new");
  request.set_password("secret");
  rig.begin("Auth/UserChangePassword", request.SerializeAsString());
  rig.settle();
  ASSERT_EQ(rig.node.proposed.size(), 1u);
  EXPECT_EQ(rig.node.proposed.front().request.find("secret"), std::string::npos);
  pb::AuthUserChangePasswordRequest entry;
  ASSERT_TRUE(entry.ParseFromString(rig.node.proposed.front().request));
  EXPECT_TRUE(auth::bcrypt_matches(auth::base64_decode(entry.hashedpassword()).value_or(""), "secret"));
}

TEST_F(AuthService, NoPasswordIsHashedForWhoIsNoAdmin) {
  AuthWorld world(rig);
  pb::AuthUserAddRequest request;
  request.set_name("new");
  request.set_password("secret");
  const std::int32_t stream = rig.begin("Auth/UserAdd", request.SerializeAsString(), AuthWorld::as("weak"));
  ASSERT_EQ(rig.node.barriers.size(), 1u);  // an admin since just now, perhaps
  rig.node.barriers.front()({});
  rig.settle();
  EXPECT_EQ(rig.outcome_of(stream).message, "etcdserver: permission denied");
  EXPECT_TRUE(rig.node.proposed.empty());
}

TEST_F(AuthService, WhatIsNoRequestIsNotProposed) {
  EXPECT_EQ(rig.call("Auth/UserGet", "\x0a\x02\xff\xff").code, "13");
  EXPECT_EQ(rig.call("Auth/Authenticate", "\x0a\x05").code, "13");
  EXPECT_TRUE(rig.node.proposed.empty());
}

// --- Tokens

TEST_F(AuthService, ATokenWorksUnderBothNamesWithAndWithoutBearer) {
  AuthWorld world(rig);
  for (const rpc::testing::Fields& fields :
       std::vector<rpc::testing::Fields>{{{"token", "keeper.5"}}, {{"token", "Bearer keeper.5"}}, {{"authorization", "keeper.5"}}, {{"authorization", "Bearer keeper.5"}}}) {
    EXPECT_EQ(rig.call("KV/Range", range_of("k1"), fields).code, "0") << fields.front().second;
  }
  // The first name counts, and an empty token is a wrong one.
  EXPECT_EQ(rig.call("KV/Range", range_of("k1"), {{"authorization", "keeper.5"}, {"token", "wrong.1"}}).code, "16");
  EXPECT_EQ(rig.call("KV/Range", range_of("k1"), {{"token", ""}}).code, "16");
}

TEST_F(AuthService, APasswordChangeVoidsTheUsersTokensAtOnce) {
  AuthWorld world(rig);
  EXPECT_EQ(rig.call("KV/Range", range_of("k1"), AuthWorld::as("keeper")).code, "0");
  const std::string hash = auth::base64_encode(*auth::bcrypt_hash("other", auth::kMinBcryptCost, {}));
  ASSERT_TRUE(world.store.change_password({.name = "keeper", .password = {}, .hashed_password = hash}, world.changes).has_value());
  world.publish();
  EXPECT_EQ(rig.call("KV/Range", range_of("k1"), AuthWorld::as("keeper")).code, "16");
  EXPECT_EQ(rig.call("KV/Range", range_of("k1"), AuthWorld::as("root")).code, "0");
}

TEST_F(AuthService, ARevokedPermissionCountsFromTheNextRequestOn) {
  AuthWorld world(rig);
  EXPECT_EQ(rig.call("KV/Range", range_of("k1"), AuthWorld::as("keeper")).code, "0");
  ASSERT_TRUE(world.store.revoke_role({.user = "keeper", .role = "keeper"}, world.changes).has_value());
  world.publish();
  EXPECT_EQ(rig.call("KV/Range", range_of("k1"), AuthWorld::as("keeper")).code, "7");
}

TEST_F(AuthService, ATokenThatIsNotUsedExpires) {
  AuthWorld world(rig);
  rig.clock.now_ns += 299'000'000'000;
  EXPECT_EQ(rig.call("KV/Range", range_of("k1"), AuthWorld::as("keeper")).code, "0");
  rig.clock.now_ns += 299'000'000'000;
  EXPECT_EQ(rig.call("KV/Range", range_of("k1"), AuthWorld::as("keeper")).code, "0");
  rig.clock.now_ns += 301'000'000'000;
  EXPECT_EQ(rig.call("KV/Range", range_of("k1"), AuthWorld::as("keeper")).code, "16");
}

TEST_F(AuthService, ATokenFromTheFutureIsWaitedForOnce) {
  AuthWorld world(rig);
  const std::int32_t stream = rig.begin("KV/Range", range_of("k1"), {{"token", "new.11"}});  // which is applied: its own entry is the next
  ASSERT_EQ(rig.node.barriers.size(), 1u);
  rig.node.token_listener(auth::TokenAssigned{"keeper", "new.11"});
  rig.node.barriers.front()({});
  rig.settle();
  EXPECT_EQ(rig.outcome_of(stream).code, "0");

  const std::int32_t never = rig.begin("KV/Range", range_of("k1"), {{"token", "new.12"}});
  ASSERT_EQ(rig.node.barriers.size(), 2u);
  rig.node.barriers.back()({});
  rig.settle();
  EXPECT_EQ(rig.outcome_of(never).code, "16");
}

TEST_F(AuthService, ALinearizableReadIsCheckedAgainstTheStateThatItReads) {
  rig.node.linearizable = false;
  const std::int32_t stream = rig.begin("KV/Range", range_of("k1"));
  ASSERT_EQ(rig.node.barriers.size(), 1u);
  AuthWorld world(rig);  // enabled while the read waited
  rig.node.barriers.front()({});
  rig.settle();
  EXPECT_EQ(rig.outcome_of(stream).message, "etcdserver: user name is empty");
}

TEST_F(AuthService, EveryKeyOfATransactionThatReadsIsChecked) {
  AuthWorld world(rig);
  pb::TxnRequest allowed;
  allowed.add_compare()->set_key("k1");
  allowed.add_success()->mutable_request_range()->set_key("k2");
  allowed.add_failure()->mutable_request_range()->set_key("k3");
  EXPECT_EQ(rig.call("KV/Txn", allowed, AuthWorld::as("keeper")).code, "0");
  for (int part = 0; part < 3; ++part) {
    pb::TxnRequest request = allowed;
    if (part == 0) request.mutable_compare(0)->set_key("x");
    if (part == 1) request.mutable_success(0)->mutable_request_range()->set_key("x");
    if (part == 2) request.mutable_failure(0)->mutable_request_range()->set_key("x");
    EXPECT_EQ(rig.call("KV/Txn", request, AuthWorld::as("keeper")).code, "7") << part;
  }
}

TEST_F(AuthService, ARangeBeyondWhatIsGrantedIsDenied) {
  AuthWorld world(rig);
  const auto range = [&](const std::string& key, const std::string& end) {
    pb::RangeRequest request;
    request.set_key(key);
    request.set_range_end(end);
    return rig.call("KV/Range", request, AuthWorld::as("keeper")).code;
  };
  EXPECT_EQ(range("k", "l"), "0");
  EXPECT_EQ(range("k", "m"), "7");
  EXPECT_EQ(range("k1", std::string(1, '\0')), "7");
  EXPECT_EQ(range("j", "k5"), "7");
}

// GHSA-xg4h-6gfc-h4m8: "from this key on" was taken for "this key alone".
TEST_F(AuthService, AWatchIsJudgedByTheRangeThatItWatches) {
  AuthWorld world(rig);
  const auto watch = [&](const std::string& key, const std::string& end) {
    pb::WatchRequest request;
    request.mutable_create_request()->set_key(key);
    request.mutable_create_request()->set_range_end(end);
    const std::int32_t stream = rig.begin("Watch/Watch", request.SerializeAsString(), AuthWorld::as("keeper"));
    pb::WatchResponse response;
    EXPECT_TRUE(response.ParseFromString(rig.answer_of(stream).messages().at(0)));
    EXPECT_TRUE(response.created());
    return response.cancel_reason();
  };
  const std::string denied = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";
  EXPECT_EQ(watch("k1", ""), "");
  EXPECT_EQ(watch("k", "l"), "");
  EXPECT_EQ(watch("k1", std::string(1, '\0')), denied);
  EXPECT_EQ(watch("k", "m"), denied);
  EXPECT_EQ(watch("", ""), denied);
  EXPECT_EQ(watch("", std::string(1, '\0')), denied);
}

// Lease 0 is no lease, and has no keys that a caller would need.
TEST_F(AuthService, WhoRenewsALeaseNeedsItsKeysAndThoseOfNoOther) {
  AuthWorld world(rig);
  ASSERT_TRUE(rig.node.lessor.grant(LeaseId(7), 60, rig.node.lease_now_ns, world.changes));
  ASSERT_TRUE(rig.node.lessor.attach("foreign", LeaseId(7)));
  const auto renewed = [&](std::int64_t id) {
    pb::LeaseKeepAliveRequest request;
    request.set_id(id);
    return rig.call("Lease/LeaseKeepAlive", request, AuthWorld::as("keeper")).code;
  };
  EXPECT_EQ(renewed(7), "7");
  EXPECT_EQ(renewed(8), "0");
  EXPECT_EQ(renewed(0), "0");
}

TEST_F(AuthService, AWatchIsRefusedInEtcdsWordsAndTheStreamGoesOn) {
  AuthWorld world(rig);
  pb::WatchRequest request;
  request.mutable_create_request()->set_key("k1");
  for (const auto& [token, reason] : std::vector<std::pair<std::string, std::string>>{
           {"wrong.1", "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token"}, {"", "rpc error: code = InvalidArgument desc = etcdserver: user name is empty"}}) {
    const rpc::testing::Fields fields = token.empty() ? rpc::testing::Fields() : rpc::testing::Fields{{"token", token}};
    const std::int32_t stream = rig.begin("Watch/Watch", request.SerializeAsString(), fields);
    pb::WatchResponse response;
    ASSERT_TRUE(response.ParseFromString(rig.answer_of(stream).messages().at(0)));
    EXPECT_TRUE(response.canceled());
    EXPECT_EQ(response.watch_id(), -1);
    EXPECT_EQ(response.cancel_reason(), reason);
    EXPECT_FALSE(rig.answer_of(stream).ended);
  }
}

TEST_F(AuthService, DisablingVoidsAllTokensForEver) {
  AuthWorld world(rig);
  world.store.disable(world.changes);
  world.publish();
  EXPECT_EQ(rig.call("KV/Range", range_of("x"), AuthWorld::as("weak")).code, "0");
  ASSERT_TRUE(world.store.enable(world.changes).has_value());
  world.publish();
  EXPECT_EQ(rig.call("KV/Range", range_of("k1"), AuthWorld::as("keeper")).code, "16");
}

// --- Certificates

// CVE-2018-16886: the certificate of the gateway, or of who speaks through it, was taken for the user.
TEST(CertificateUser, CountsWhereItIsAskedForAndNotBehindTheGateway) {
  Options options;
  options.client_cert_auth = true;
  rpc::CallInfo info;
  EXPECT_EQ(certificate_user(info, options), "");
  rpc::Peer peer;
  peer.verified_common_name = "root";
  info.peer = std::make_shared<const rpc::Peer>(std::move(peer));
  EXPECT_EQ(certificate_user(info, options), "root");
  EXPECT_EQ(certificate_user(info, Options()), "");
  info.metadata.add("grpcgateway-accept", "*/*");
  EXPECT_EQ(certificate_user(info, options), "");
}

std::string ask_gateway(ApiRig& rig) { return rig.http("POST", "/v3/maintenance/status", "Host: localhost\r\nContent-Length: 0\r\n"); }

TEST(CertificateUser, WhoShowsACertificateToTheGatewayIsToldThatItDoesNotCount) {
  Options options;
  options.client_cert_auth = true;
  ApiRig rig(std::move(options));
  AuthWorld world(rig);
  rig.certificate_name = "root";
  const std::string answer = ask_gateway(rig);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
  EXPECT_NE(answer.find("CommonName of client sending a request against gateway will be ignored"), std::string::npos) << answer;
  rig.certificate_name = "";
  EXPECT_NE(ask_gateway(rig).find("etcdserver: user name is empty"), std::string::npos);
}

TEST_F(AuthService, WithoutClientCertAuthACertificateIsNobody) {
  AuthWorld world(rig);
  rig.certificate_name = "root";
  EXPECT_NE(ask_gateway(rig).find("etcdserver: user name is empty"), std::string::npos);
}

}  // namespace
}  // namespace etcd::api
