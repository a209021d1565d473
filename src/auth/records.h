// Users and roles as the db stores them: authpb.User and authpb.Role, byte for byte as Go writes them.
//
// Decoding takes any bytes: kCorrupt if they are malformed. Unknown fields are dropped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace etcd::auth {

// Open, as in proto3: what is none of these permits nothing, and is kept.
enum class PermissionType : std::int32_t { kRead = 0, kWrite = 1, kReadWrite = 2 };

struct Permission {
  PermissionType type = PermissionType::kRead;
  std::string key;
  std::string range_end;  // empty: the key alone; one zero byte: every key from `key` on

  friend bool operator==(const Permission&, const Permission&) = default;
};

struct UserOptions {
  bool no_password = false;

  friend bool operator==(const UserOptions&, const UserOptions&) = default;
};

struct User {
  std::string name;
  std::string password_hash;         // bcrypt's text; empty for a user without password
  std::vector<std::string> roles;    // sorted, each once
  std::optional<UserOptions> options;  // nothing: written by an old version

  bool no_password() const { return options && options->no_password; }
  bool has_role(std::string_view role) const;
  friend bool operator==(const User&, const User&) = default;
};

struct Role {
  std::string name;
  std::vector<Permission> permissions;  // sorted by key; see permission_order.h

  friend bool operator==(const Role&, const Role&) = default;
};

std::string encode(const User& user);
std::string encode(const Role& role);
// authpb.Permission alone: part of a Role, and of RoleGet's response.
std::string encode(const Permission& permission);
Result<User> decode_user(std::string_view bytes);
Result<Role> decode_role(std::string_view bytes);

}  // namespace etcd::auth
