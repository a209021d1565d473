// What changes roles and permissions.
#include <algorithm>
#include <utility>

#include "auth/permission_order.h"
#include "auth/store.h"
#include "bolt/schema.h"

namespace etcd::auth {

namespace {

constexpr std::string_view kWithoutEnd{"\0", 1};

bool is_valid_range(std::string_view key, std::string_view range_end) {
  if (key.empty()) return false;
  return range_end.empty() || range_end == kWithoutEnd || key < range_end;
}

}  // namespace

Status Store::add_role(std::string_view name, bolt::WriteBatch& changes) {
  if (name.empty()) return fail(Errc::kRoleEmpty);
  if (name.size() > kMaxNameBytes) return fail(Errc::kRequestTooLarge);
  if (find_role(name) != nullptr) return fail(Errc::kRoleAlreadyExist);
  Role role;
  role.name = name;
  put_role(std::move(role), changes);
  bump_revision(changes);
  return {};
}

Status Store::delete_role(std::string_view name, bolt::WriteBatch& changes) {
  if (enabled_ && name == kRootRole) return fail(Errc::kInvalidAuthManagement);
  const auto role = roles_.find(name);
  if (role == roles_.end()) return fail(Errc::kRoleNotFound);
  changes.erase(bolt::schema::kAuthRoles, role->first);
  std::vector<User> stripped;
  for (const auto& [user_name, user] : users_) {
    if (!user.has_role(name)) continue;
    std::erase(stripped.emplace_back(user).roles, name);
  }
  for (User& user : stripped) put_user(std::move(user), changes);
  roles_.erase(role);
  bump_revision(changes);
  return {};
}

// Only the first permission of a key is looked at, as in etcd: another of the same key and range is then added once more.
Status Store::grant_permission(const RoleGrantPermissionRequest& request, bolt::WriteBatch& changes) {
  if (!request.permission) return fail(Errc::kPermissionNotGiven);
  const PermissionGrant& grant = *request.permission;
  if (!is_valid_range(grant.key, grant.range_end)) return fail(Errc::kInvalidAuthManagement);
  const Role* before = find_role(request.role);
  if (before == nullptr) return fail(Errc::kRoleNotFound);
  Role role = *before;
  const auto first =
      std::lower_bound(role.permissions.begin(), role.permissions.end(), grant.key,
                       [](const Permission& permission, std::string_view key) { return permission.key < key; });
  if (first != role.permissions.end() && first->key == grant.key && first->range_end == grant.range_end) {
    first->type = grant.type;
  } else {
    insert_permission(role.permissions, {grant.type, std::string(grant.key), std::string(grant.range_end)});
  }
  put_role(std::move(role), changes);
  bump_revision(changes);
  return {};
}

Status Store::revoke_permission(const RoleRevokePermissionRequest& request, bolt::WriteBatch& changes) {
  const Role* before = find_role(request.role);
  if (before == nullptr) return fail(Errc::kRoleNotFound);
  Role role = *before;
  const std::size_t revoked = std::erase_if(role.permissions, [&](const Permission& permission) {
    return permission.key == request.key && permission.range_end == request.range_end;
  });
  if (revoked == 0) return fail(Errc::kPermissionNotGranted);
  put_role(std::move(role), changes);
  bump_revision(changes);
  return {};
}

}  // namespace etcd::auth
