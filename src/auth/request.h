// The requests of the Auth service, decoded from protobuf: by the api from clients, by apply from the log.
//
// Every struct is a set of views into the bytes that it was decoded from. Malformed bytes and strings that are not UTF-8
// give kInvalid. Passwords: only what the api receives has one; what it proposes has the hash instead (encode below).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "auth/records.h"
#include "base/result.h"

namespace etcd::auth {

struct EnableRequest {};
struct DisableRequest {};
struct StatusRequest {};

// What a client sends (AuthenticateRequest), and what goes into the log (InternalAuthenticateRequest).
struct AuthenticateRequest {
  std::string_view name;
  std::string_view password;      // never in the log
  std::string_view simple_token;  // only in the log: the random part of the token; empty if tokens are signed
};

struct UserAddRequest {
  std::string_view name;
  std::string_view password;
  std::optional<UserOptions> options;
  std::string_view hashed_password;  // base64 of bcrypt's text
};

struct UserDeleteRequest {
  std::string_view name;
};

struct UserGetRequest {
  std::string_view name;
};

struct UserChangePasswordRequest {
  std::string_view name;
  std::string_view password;
  std::string_view hashed_password;  // as above
};

struct UserGrantRoleRequest {
  std::string_view user;
  std::string_view role;
};

struct UserRevokeRoleRequest {
  std::string_view user;
  std::string_view role;
};

struct UserListRequest {};
struct RoleListRequest {};

struct RoleAddRequest {
  std::string_view role;
};

struct RoleDeleteRequest {
  std::string_view role;
};

struct RoleGetRequest {
  std::string_view role;
};

struct PermissionGrant {
  PermissionType type = PermissionType::kRead;
  std::string_view key;
  std::string_view range_end;
};

struct RoleGrantPermissionRequest {
  using Grant = PermissionGrant;
  std::string_view role;
  std::optional<PermissionGrant> permission;
};

struct RoleRevokePermissionRequest {
  std::string_view role;
  std::string_view key;
  std::string_view range_end;
};

using Request =
    std::variant<EnableRequest, DisableRequest, StatusRequest, AuthenticateRequest, UserAddRequest, UserDeleteRequest,
                 UserGetRequest, UserChangePasswordRequest, UserGrantRoleRequest, UserRevokeRoleRequest,
                 UserListRequest, RoleListRequest, RoleAddRequest, RoleDeleteRequest, RoleGetRequest,
                 RoleGrantPermissionRequest, RoleRevokePermissionRequest>;

// True if field `number` of InternalRaftRequest is one of these requests.
bool is_request(std::uint32_t number);
// The request in that field; is_request(number) must hold.
Result<Request> decode_request(std::uint32_t number, std::string_view bytes);

// For the api.
Result<AuthenticateRequest> decode_authenticate(std::string_view bytes);  // passes over a client's field 3
Result<UserAddRequest> decode_user_add(std::string_view bytes);
Result<UserChangePasswordRequest> decode_user_change_password(std::string_view bytes);

// What is proposed, as Go encodes it: the caller has put the hash in and left the password out.
std::string encode(const AuthenticateRequest& request);
std::string encode(const UserAddRequest& request);
std::string encode(const UserChangePasswordRequest& request);

}  // namespace etcd::auth
