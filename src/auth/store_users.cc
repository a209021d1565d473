// What changes users.
#include <algorithm>
#include <utility>

#include "auth/base64.h"
#include "auth/store.h"
#include "bolt/schema.h"

namespace etcd::auth {

namespace {

// What is stored of a password: its hash, made by the member that proposed it. A password as such is in the log only if
// a version before 3.5 wrote it; each of its members then made a hash of its own, so there is no right one.
Result<std::string> password_hash(std::string_view password, std::string_view hashed) {
  if (!password.empty() && hashed.empty()) return fail(Errc::kNoPasswordUser);
  auto hash = base64_decode(hashed);
  if (!hash) return fail(Errc::kNoPasswordUser);
  return std::move(*hash);
}

}  // namespace

Status Store::add_user(const UserAddRequest& request, bolt::WriteBatch& changes) {
  if (request.name.empty()) return fail(Errc::kUserEmpty);
  if (request.name.size() > kMaxNameBytes) return fail(Errc::kRequestTooLarge);
  if (find_user(request.name) != nullptr) return fail(Errc::kUserAlreadyExist);
  User user;
  user.name = request.name;
  user.options = request.options.value_or(UserOptions());
  if (!user.no_password()) {
    TRY_ASSIGN(user.password_hash, password_hash(request.password, request.hashed_password));
  }
  put_user(std::move(user), changes);
  bump_revision(changes);
  return {};
}

Status Store::delete_user(std::string_view name, bolt::WriteBatch& changes) {
  if (enabled_ && name == kRootUser) return fail(Errc::kInvalidAuthManagement);
  const auto user = users_.find(name);
  if (user == users_.end()) return fail(Errc::kUserNotFound);
  changes.erase(bolt::schema::kAuthUsers, user->first);
  changed_users_.insert(user->first);
  token_events_.emplace_back(UserTokensRevoked{user->first});
  users_.erase(user);
  bump_revision(changes);
  return {};
}

// A user without password keeps having none, whatever is asked for.
Status Store::change_password(const UserChangePasswordRequest& request, bolt::WriteBatch& changes) {
  const User* before = find_user(request.name);
  if (before == nullptr) return fail(Errc::kUserNotFound);
  User user = *before;
  user.password_hash.clear();
  if (!user.no_password()) {
    TRY_ASSIGN(user.password_hash, password_hash(request.password, request.hashed_password));
  }
  token_events_.emplace_back(UserTokensRevoked{user.name});
  put_user(std::move(user), changes);
  bump_revision(changes);
  return {};
}

Status Store::grant_role(const UserGrantRoleRequest& request, bolt::WriteBatch& changes) {
  const User* before = find_user(request.user);
  if (before == nullptr) return fail(Errc::kUserNotFound);
  if (request.role != kRootRole && find_role(request.role) == nullptr) return fail(Errc::kRoleNotFound);
  if (before->has_role(request.role)) return {};
  User user = *before;
  user.roles.emplace_back(request.role);
  std::sort(user.roles.begin(), user.roles.end());
  put_user(std::move(user), changes);
  bump_revision(changes);
  return {};
}

Status Store::revoke_role(const UserRevokeRoleRequest& request, bolt::WriteBatch& changes) {
  if (enabled_ && request.user == kRootUser && request.role == kRootRole) return fail(Errc::kInvalidAuthManagement);
  const User* before = find_user(request.user);
  if (before == nullptr) return fail(Errc::kUserNotFound);
  User user = *before;
  if (std::erase(user.roles, request.role) == 0) return fail(Errc::kRoleNotGranted);
  put_user(std::move(user), changes);
  bump_revision(changes);
  return {};
}

}  // namespace etcd::auth
