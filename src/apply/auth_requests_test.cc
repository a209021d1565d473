#include "apply/auth_requests.h"

#include <gtest/gtest.h>

#include <deque>

#include "apply/request.h"
#include "apply/testing/encode.h"
#include "apply/testing/replica.h"
#include "auth/base64.h"
#include "base/testing/go_vectors.h"

namespace etcd::apply {
namespace {

using testing::Replica;

const std::string kZero(1, '\0');

struct GoAuthVectors : ::testing::Test {
  template <typename Request>
  Request read(const std::string& name) {
    const std::string& bytes = vectors.at("internal_" + name);
    const auto decoded = decode_internal(bytes);
    EXPECT_TRUE(decoded) << name;
    EXPECT_EQ(decoded->id, 7u);
    EXPECT_EQ(decoded->who.name, "alice");
    EXPECT_EQ(decoded->who.revision, 12u);
    return std::get<Request>(std::get<auth::Request>(decoded->request));
  }
  void expect_written(RequestKind kind, std::string_view request, const std::string& name) {
    EXPECT_EQ(encode_internal(7, {"alice", 12}, kind, request), vectors.at("internal_" + name)) << name;
  }

  std::map<std::string, std::string> vectors = base::testing::go_vectors();
};

TEST_F(GoAuthVectors, RequestsAreRead) {
  read<auth::DisableRequest>("auth_disable");
  read<auth::StatusRequest>("auth_status");
  read<auth::UserListRequest>("user_list");
  read<auth::RoleListRequest>("role_list");
  const auto authenticate = read<auth::AuthenticateRequest>("authenticate");
  EXPECT_EQ(authenticate.name, "alice");
  EXPECT_EQ(authenticate.simple_token, "abcdefghijklmnop");
  const auto add = read<auth::UserAddRequest>("user_add");
  EXPECT_EQ(add.name, "alice");
  EXPECT_EQ(add.hashed_password, "aGFzaA==");
  EXPECT_TRUE(add.options && !add.options->no_password);
  EXPECT_TRUE(read<auth::UserAddRequest>("user_add_no_password").options->no_password);
  EXPECT_FALSE(read<auth::UserAddRequest>("user_add_old").options);
  EXPECT_EQ(read<auth::UserDeleteRequest>("user_delete").name, "alice");
  EXPECT_EQ(read<auth::UserGetRequest>("user_get").name, "alice");
  EXPECT_EQ(read<auth::UserChangePasswordRequest>("user_change_password").hashed_password, "aGFzaA==");
  EXPECT_EQ(read<auth::UserGrantRoleRequest>("user_grant_role").role, "r1");
  EXPECT_EQ(read<auth::UserRevokeRoleRequest>("user_revoke_role").user, "alice");
  EXPECT_EQ(read<auth::RoleAddRequest>("role_add").role, "r1");
  EXPECT_EQ(read<auth::RoleDeleteRequest>("role_delete").role, "r1");
  EXPECT_EQ(read<auth::RoleGetRequest>("role_get").role, "r1");
  const auto grant = read<auth::RoleGrantPermissionRequest>("role_grant_permission");
  EXPECT_EQ(grant.role, "r1");
  EXPECT_EQ(grant.permission->type, auth::PermissionType::kReadWrite);
  EXPECT_EQ(grant.permission->key, "k");
  EXPECT_EQ(grant.permission->range_end, kZero);
  const auto revoke = read<auth::RoleRevokePermissionRequest>("role_revoke_permission");
  EXPECT_EQ(revoke.role, "r1");
  EXPECT_EQ(revoke.range_end, kZero);
}

TEST_F(GoAuthVectors, WhatIsProposedIsWrittenAsGoDoes) {
  expect_written(RequestKind::kAuthDisable, "", "auth_disable");
  expect_written(RequestKind::kAuthenticate, auth::encode(auth::AuthenticateRequest{"alice", "", "abcdefghijklmnop"}), "authenticate");
  const auth::UserOptions with_password;
  expect_written(RequestKind::kAuthUserAdd, auth::encode(auth::UserAddRequest{"alice", "", with_password, "aGFzaA=="}), "user_add");
  expect_written(RequestKind::kAuthUserAdd, auth::encode(auth::UserAddRequest{"alice", "", auth::UserOptions{true}, ""}), "user_add_no_password");
  expect_written(RequestKind::kAuthUserChangePassword, auth::encode(auth::UserChangePasswordRequest{"alice", "", "aGFzaA=="}),
                 "user_change_password");
}

TEST_F(GoAuthVectors, ResponsesAreWrittenAsGoDoes) {
  const ResponseHeader header{.cluster = ClusterId(0xc1), .member = MemberId(1), .revision = Revision(1), .term = Term(2)};
  EXPECT_EQ(encode_header_response(header).flatten(), vectors.at("resp_auth_enable"));
  EXPECT_EQ(encode_auth_status_response(header, true, 300).flatten(), vectors.at("resp_auth_status"));
  EXPECT_EQ(encode_authenticate_response(header, "abcdefghijklmnop.9").flatten(), vectors.at("resp_authenticate"));
  EXPECT_EQ(encode_names_response(header, {"alice", "bob"}).flatten(), vectors.at("resp_names"));
  EXPECT_EQ(encode_role_get_response(header, {{auth::PermissionType::kRead, "a", ""},
                                              {auth::PermissionType::kWrite, "b", "c"},
                                              {auth::PermissionType::kReadWrite, "k", kZero}})
                .flatten(),
            vectors.at("resp_role_get"));
}

TEST(AuthRequests, AStringThatIsNotUtf8IsMalformed) {
  const std::string bad = "\x0a\x01\xff";
  for (const std::uint32_t field : {1012u, 1100u, 1101u, 1102u, 1103u, 1104u, 1105u, 1200u, 1201u, 1202u, 1203u, 1204u}) {
    const auto decoded = auth::decode_request(field, bad);
    ASSERT_FALSE(decoded) << field;
    EXPECT_EQ(decoded.error().code, Errc::kInvalid);
  }
}

TEST(AuthRequests, AClientCannotChooseItsToken) {
  const std::string request = auth::encode(auth::AuthenticateRequest{"alice", "secret", "mytoken"});
  EXPECT_EQ(auth::decode_authenticate(request)->simple_token, "");
  EXPECT_EQ(auth::decode_authenticate(request)->password, "secret");
}

// Requests as entries.

std::string field(std::uint32_t number, std::string_view bytes) {
  std::string out;
  base::WireWriter(out).bytes(number, bytes);
  return out;
}
std::string add_user(std::string_view name) {
  return auth::encode(auth::UserAddRequest{name, "", auth::UserOptions(), "aGFzaA=="});
}
std::string grant(std::string_view role, auth::PermissionType type, std::string_view key, std::string_view range_end) {
  return field(1, role) + field(2, auth::encode(auth::Permission{type, std::string(key), std::string(range_end)}));
}

std::string put(std::string_view key, LeaseId lease = LeaseId(0)) {
  return testing::encode(PutRequest{.key = key, .value = "v", .lease = lease});
}

struct AuthEntries : ::testing::Test {
  Result<base::Rope> ask(const auth::Who& who, RequestKind kind, std::string_view request) {
    auto applied = replica.apply_normal(encode_internal(1, who, kind, request));
    EXPECT_TRUE(applied);
    return std::move(applied->reply->response);
  }
  Errc code(const auth::Who& who, RequestKind kind, std::string_view request) {
    const auto response = ask(who, kind, request);
    return response ? Errc::kIo : response.error().code;
  }
  void must(RequestKind kind, std::string_view request) { EXPECT_TRUE(ask(root(), kind, request)); }
  auth::Who root() { return {"root", replica.machine().auth_view()->revision()}; }
  auth::Who who(std::string_view name) { return {name, replica.machine().auth_view()->revision()}; }
  void enable() {
    must(RequestKind::kAuthUserAdd, add_user("root"));
    must(RequestKind::kAuthUserGrantRole, field(1, "root") + field(2, "root"));
    must(RequestKind::kAuthUserAdd, add_user("alice"));
    must(RequestKind::kAuthRoleAdd, field(1, "r"));
    must(RequestKind::kAuthUserGrantRole, field(1, "alice") + field(2, "r"));
    must(RequestKind::kAuthRoleGrantPermission, grant("r", auth::PermissionType::kReadWrite, "a", "c"));
    must(RequestKind::kAuthEnable, "");
  }

  static constexpr Errc kOk = Errc::kIo;
  Replica replica;
};

TEST_F(AuthEntries, OnlyRootManagesUsersAndRoles) {
  enable();
  const std::vector<std::pair<RequestKind, std::string>> managing = {
      {RequestKind::kAuthEnable, ""},
      {RequestKind::kAuthUserAdd, add_user("new")},
      {RequestKind::kAuthUserChangePassword, auth::encode(auth::UserChangePasswordRequest{"alice", "", "aGFzaA=="})},
      {RequestKind::kAuthUserGrantRole, field(1, "alice") + field(2, "r")},
      {RequestKind::kAuthUserRevokeRole, field(1, "alice") + field(2, "r")},
      {RequestKind::kAuthUserDelete, field(1, "new")},
      {RequestKind::kAuthUserList, ""},
      {RequestKind::kAuthRoleAdd, field(1, "s")},
      {RequestKind::kAuthRoleList, ""},
      {RequestKind::kAuthRoleGrantPermission, grant("s", auth::PermissionType::kRead, "a", "")},
      {RequestKind::kAuthRoleRevokePermission, field(1, "s") + field(2, "a")},
      {RequestKind::kAuthRoleDelete, field(1, "s")},
      {RequestKind::kAuthDisable, ""},
  };
  for (const auto& [kind, request] : managing) {
    const auto before = replica.buckets();
    EXPECT_EQ(code({}, kind, request), Errc::kUserEmpty);
    EXPECT_EQ(code(who("nobody"), kind, request), Errc::kUserNotFound);
    EXPECT_EQ(code(who("alice"), kind, request), Errc::kPermissionDenied);
    auto after = replica.buckets();
    after["meta"] = before.at("meta");
    EXPECT_EQ(after, before) << static_cast<std::uint32_t>(kind);
    EXPECT_EQ(code({"root", 1}, kind, request), kOk) << static_cast<std::uint32_t>(kind);  // root: at any revision
  }
}

TEST_F(AuthEntries, EverybodyMayAskForTheStatusAndComeIn) {
  enable();
  EXPECT_EQ(code({}, RequestKind::kAuthStatus, ""), kOk);
  EXPECT_EQ(code({}, RequestKind::kAuthenticate, auth::encode(auth::AuthenticateRequest{"alice", "", "abc"})), kOk);
}

TEST_F(AuthEntries, UsersSeeThemselvesAndTheirRoles) {
  enable();
  EXPECT_EQ(code(who("alice"), RequestKind::kAuthUserGet, field(1, "alice")), kOk);
  EXPECT_EQ(code(who("alice"), RequestKind::kAuthUserGet, field(1, "root")), Errc::kPermissionDenied);
  EXPECT_EQ(code(who("alice"), RequestKind::kAuthRoleGet, field(1, "r")), kOk);
  EXPECT_EQ(code(who("alice"), RequestKind::kAuthRoleGet, field(1, "root")), Errc::kPermissionDenied);
  EXPECT_EQ(code(root(), RequestKind::kAuthRoleGet, field(1, "root")), Errc::kRoleNotFound);
  must(RequestKind::kAuthRoleAdd, field(1, "root"));
  const std::string shown = ask(root(), RequestKind::kAuthRoleGet, field(1, "root"))->flatten();
  EXPECT_TRUE(shown.ends_with(std::string("\x12\x05\x08\x02\x1a\x01\x00", 7)));
}

TEST_F(AuthEntries, TheTokenOfAnEntryIsThatOfEveryMember) {
  enable();
  (void)replica.machine().take_token_events();
  const std::uint64_t before = replica.machine().applied().value;
  const auto response = ask({}, RequestKind::kAuthenticate, auth::encode(auth::AuthenticateRequest{"alice", "", "abc"}));
  const std::string token = "abc." + std::to_string(before);
  EXPECT_TRUE(response->flatten().ends_with(token));
  const auto events = replica.machine().take_token_events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(std::get<auth::TokenAssigned>(events[0]).token, token);
}

// A request is judged by what was applied before it, however many entries come at once.
TEST_F(AuthEntries, WhatIsTakenAwayIsGoneForTheNextEntry) {
  enable();
  const std::string request = put("b");
  const auth::Who alice = who("alice");
  EXPECT_EQ(code(alice, RequestKind::kPut, request), kOk);
  must(RequestKind::kAuthRoleRevokePermission, field(1, "r") + field(2, "a") + field(3, "c"));
  EXPECT_EQ(code(alice, RequestKind::kPut, request), Errc::kAuthOldRevision);
  EXPECT_EQ(code(who("alice"), RequestKind::kPut, request), Errc::kPermissionDenied);
  EXPECT_EQ(replica.machine().store().revision(), Revision(2));
}

TEST_F(AuthEntries, ARefusedRequestMovesTheIndexAndNothingElse) {
  enable();
  const LogIndex before = replica.machine().applied();
  EXPECT_EQ(code(who("alice"), RequestKind::kPut, put("x")), Errc::kPermissionDenied);
  EXPECT_EQ(replica.machine().applied(), before.next());
  EXPECT_EQ(replica.machine().store().revision(), Revision(1));
}

// The leader ends it as root; by the time that is applied, the revision it said may be old.
TEST_F(AuthEntries, AnExpiredLeaseEndsThoughUsersChangeMeanwhile) {
  enable();
  must(RequestKind::kLeaseGrant, testing::encode(LeaseGrantRequest{60, LeaseId(5)}));
  must(RequestKind::kPut, put("x", LeaseId(5)));
  const auth::Who root_then = {"root", root().revision};
  must(RequestKind::kAuthUserAdd, add_user("bob"));
  EXPECT_EQ(code(who("alice"), RequestKind::kLeaseRevoke, encode_lease_revoke(LeaseId(5))), Errc::kPermissionDenied);
  EXPECT_EQ(code(root_then, RequestKind::kLeaseRevoke, encode_lease_revoke(LeaseId(5))), kOk);
}

// 3.5.0 lost the index of these entries at a restart, and applied them again: revisions of members differed.
TEST_F(AuthEntries, AreAppliedOnceWhereverTheProcessIsKilled) {
  enable();
  must(RequestKind::kAuthUserAdd, add_user("bob"));
  replica.flush();
  must(RequestKind::kAuthUserAdd, add_user("carol"));
  const auto view = replica.machine().auth_view();
  const auto before = replica.buckets();
  replica.restart();
  EXPECT_EQ(replica.buckets(), before);
  EXPECT_TRUE(replica.machine().auth_view()->enabled());
  EXPECT_EQ(replica.machine().auth_view()->revision(), view->revision());
  EXPECT_EQ(code(who("alice"), RequestKind::kPut, put("b")), kOk);
  EXPECT_EQ(code(who("alice"), RequestKind::kPut, put("c")), Errc::kPermissionDenied);
}

}  // namespace
}  // namespace etcd::apply
