#include "auth/request.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/check.h"
#include "base/wire_fields.h"

namespace etcd::auth {

namespace {

using base::malformed;
using base::read_message;
using base::WireField;
using base::WireType;
using base::WireWriter;

// Field numbers of InternalRaftRequest.
enum Field : std::uint32_t {
  kEnable = 1000,
  kDisable = 1011,
  kAuthenticate = 1012,
  kStatus = 1013,
  kUserAdd = 1100,
  kUserDelete = 1101,
  kUserGet = 1102,
  kUserChangePassword = 1103,
  kUserGrantRole = 1104,
  kUserRevokeRole = 1105,
  kUserList = 1106,
  kRoleList = 1107,
  kRoleAdd = 1200,
  kRoleDelete = 1201,
  kRoleGet = 1202,
  kRoleGrantPermission = 1203,
  kRoleRevokePermission = 1204,
};

Status check_strings(std::string_view message, std::initializer_list<std::string_view> strings) {
  if (!std::all_of(strings.begin(), strings.end(), base::is_utf8)) return malformed(message);
  return {};
}

// The messages that have nothing, or nothing but a string in field 1.
Result<std::string_view> decode_name(std::string_view message, std::string_view bytes) {
  std::string_view name;
  TRY(read_message(message, bytes, [&](const WireField& field) {
    if (field.number == 1) set(name, field);
  }));
  TRY(check_strings(message, {name}));
  return name;
}

template <typename Named>
Result<Request> named(std::string_view message, std::string_view bytes) {
  TRY_ASSIGN(const std::string_view name, decode_name(message, bytes));
  return Request(Named{name});
}

template <typename Empty>
Result<Request> empty(std::string_view message, std::string_view bytes) {
  TRY(read_message(message, bytes, [](const WireField&) {}));
  return Request(Empty{});
}

template <typename Decoded>
Result<Request> any(Result<Decoded> decoded) {
  if (!decoded) return fail(std::move(decoded).error());
  return Request(std::move(*decoded));
}

// A user and a role: fields 1 and 2.
template <typename Pair>
Result<Request> user_and_role(std::string_view message, std::string_view bytes) {
  Pair out;
  TRY(read_message(message, bytes, [&](const WireField& field) {
    if (field.number == 1) set(out.user, field);
    if (field.number == 2) set(out.role, field);
  }));
  TRY(check_strings(message, {out.user, out.role}));
  return Request(out);
}

enum class Source { kClient, kLog };

Result<AuthenticateRequest> decode_authenticate_from(Source source, std::string_view bytes) {
  AuthenticateRequest out;
  TRY(read_message("AuthenticateRequest", bytes, [&](const WireField& field) {
    if (field.number == 1) set(out.name, field);
    if (field.number == 2) set(out.password, field);
    if (field.number == 3 && source == Source::kLog) set(out.simple_token, field);
  }));
  TRY(check_strings("AuthenticateRequest", {out.name, out.password, out.simple_token}));
  return out;
}

Status read_grant(std::string_view bytes, PermissionGrant& out) {
  return read_message("Permission", bytes, [&](const WireField& field) {
    if (field.number == 1) set(out.type, field);
    if (field.number == 2) set(out.key, field);
    if (field.number == 3) set(out.range_end, field);
  });
}

Result<RoleGrantPermissionRequest> decode_role_grant_permission(std::string_view bytes) {
  RoleGrantPermissionRequest out;
  Status grant;
  TRY(read_message("AuthRoleGrantPermissionRequest", bytes, [&](const WireField& field) {
    if (field.number == 1) set(out.role, field);
    if (field.number != 2 || field.type != WireType::kBytes || !grant) return;
    if (!out.permission) out.permission.emplace();  // parts of a split message merge
    grant = read_grant(field.bytes, *out.permission);
  }));
  TRY(std::move(grant));
  TRY(check_strings("AuthRoleGrantPermissionRequest", {out.role}));
  return out;
}

Result<RoleRevokePermissionRequest> decode_role_revoke_permission(std::string_view bytes) {
  RoleRevokePermissionRequest out;
  TRY(read_message("AuthRoleRevokePermissionRequest", bytes, [&](const WireField& field) {
    if (field.number == 1) set(out.role, field);
    if (field.number == 2) set(out.key, field);
    if (field.number == 3) set(out.range_end, field);
  }));
  TRY(check_strings("AuthRoleRevokePermissionRequest", {out.role}));
  return out;
}

}  // namespace

bool is_request(std::uint32_t number) {
  return number == kEnable || (number >= kDisable && number <= kStatus) || (number >= kUserAdd && number <= kRoleList) ||
         (number >= kRoleAdd && number <= kRoleRevokePermission);
}

Result<Request> decode_request(std::uint32_t number, std::string_view bytes) {
  switch (number) {
    case kEnable:
      return empty<EnableRequest>("AuthEnableRequest", bytes);
    case kDisable:
      return empty<DisableRequest>("AuthDisableRequest", bytes);
    case kAuthenticate:
      return any(decode_authenticate_from(Source::kLog, bytes));
    case kStatus:
      return empty<StatusRequest>("AuthStatusRequest", bytes);
    case kUserAdd:
      return any(decode_user_add(bytes));
    case kUserDelete:
      return named<UserDeleteRequest>("AuthUserDeleteRequest", bytes);
    case kUserGet:
      return named<UserGetRequest>("AuthUserGetRequest", bytes);
    case kUserChangePassword:
      return any(decode_user_change_password(bytes));
    case kUserGrantRole:
      return user_and_role<UserGrantRoleRequest>("AuthUserGrantRoleRequest", bytes);
    case kUserRevokeRole:
      return user_and_role<UserRevokeRoleRequest>("AuthUserRevokeRoleRequest", bytes);
    case kUserList:
      return empty<UserListRequest>("AuthUserListRequest", bytes);
    case kRoleList:
      return empty<RoleListRequest>("AuthRoleListRequest", bytes);
    case kRoleAdd:
      return named<RoleAddRequest>("AuthRoleAddRequest", bytes);
    case kRoleDelete:
      return named<RoleDeleteRequest>("AuthRoleDeleteRequest", bytes);
    case kRoleGet:
      return named<RoleGetRequest>("AuthRoleGetRequest", bytes);
    case kRoleGrantPermission:
      return any(decode_role_grant_permission(bytes));
    case kRoleRevokePermission:
      return any(decode_role_revoke_permission(bytes));
    default:
      CHECK(false, number);
      return malformed("request");
  }
}

Result<AuthenticateRequest> decode_authenticate(std::string_view bytes) {
  return decode_authenticate_from(Source::kClient, bytes);
}

Result<UserAddRequest> decode_user_add(std::string_view bytes) {
  UserAddRequest out;
  Status options;
  TRY(read_message("AuthUserAddRequest", bytes, [&](const WireField& field) {
    if (field.number == 1) set(out.name, field);
    if (field.number == 2) set(out.password, field);
    if (field.number == 4) set(out.hashed_password, field);
    if (field.number != 3 || field.type != WireType::kBytes || !options) return;
    if (!out.options) out.options.emplace();
    options = read_message("UserAddOptions", field.bytes, [&](const WireField& inner) {
      if (inner.number == 1) set(out.options->no_password, inner);
    });
  }));
  TRY(std::move(options));
  TRY(check_strings("AuthUserAddRequest", {out.name, out.password, out.hashed_password}));
  return out;
}

Result<UserChangePasswordRequest> decode_user_change_password(std::string_view bytes) {
  UserChangePasswordRequest out;
  TRY(read_message("AuthUserChangePasswordRequest", bytes, [&](const WireField& field) {
    if (field.number == 1) set(out.name, field);
    if (field.number == 2) set(out.password, field);
    if (field.number == 3) set(out.hashed_password, field);
  }));
  TRY(check_strings("AuthUserChangePasswordRequest", {out.name, out.password, out.hashed_password}));
  return out;
}

std::string encode(const AuthenticateRequest& request) {
  std::string out;
  WireWriter writer(out);
  writer.bytes_if(1, request.name);
  writer.bytes_if(2, request.password);
  writer.bytes_if(3, request.simple_token);
  return out;
}

std::string encode(const UserAddRequest& request) {
  std::string out;
  WireWriter writer(out);
  writer.bytes_if(1, request.name);
  writer.bytes_if(2, request.password);
  if (request.options) {
    std::string options;
    WireWriter(options).bool_if(1, request.options->no_password);
    writer.bytes(3, options);
  }
  writer.bytes_if(4, request.hashed_password);
  return out;
}

std::string encode(const UserChangePasswordRequest& request) {
  std::string out;
  WireWriter writer(out);
  writer.bytes_if(1, request.name);
  writer.bytes_if(2, request.password);
  writer.bytes_if(3, request.hashed_password);
  return out;
}

}  // namespace etcd::auth
