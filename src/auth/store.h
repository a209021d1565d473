// Store: the replicated users, roles and permissions; what decides about every change of them.
//
// Owned by the state machine (the apply stage), and touched by no other thread; those look at a View. Pure. Changes go
// out through the WriteBatch as Go's records (buckets auth, authUsers, authRoles), so that they reach the disk together
// with the index of the entry that made them.
//
// Invariants: equal on every member at equal index, and equal to what a Go member has; revision() >= 1 and +1 for each
// change of users, roles, permissions, and for disabling - but not for enabling, nor for what changes nothing; while
// enabled, the user root exists and has the role root. What fails changes nothing.
// Who may ask for a change is the caller's to check (View::check_admin).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "auth/records.h"
#include "auth/request.h"
#include "auth/token_event.h"
#include "auth/view.h"
#include "base/ids.h"
#include "base/result.h"
#include "bolt/read_tx.h"
#include "bolt/write_batch.h"

namespace etcd::auth {

// Longer names of users and roles are refused (kRequestTooLarge): they are keys of the db, which has no longer ones.
inline constexpr std::size_t kMaxNameBytes = 32768;

class Store {
 public:
  Store() = default;
  Store(Store&&) = default;
  Store& operator=(Store&&) = default;

  // The state that the db holds; in a new db revision 1, which is written to `changes`. kCorrupt.
  static Result<Store> load(const bolt::ReadTx& db, bolt::WriteBatch& changes);

  bool enabled() const { return enabled_; }
  std::uint64_t revision() const { return revision_; }
  // The present state; made when something has changed since the last call, else the same object.
  const std::shared_ptr<const View>& view();

  // Changes; called only while applying.

  // kRootUserNotExist, kRootRoleNotExist. Enabled already: nothing happens.
  Status enable(bolt::WriteBatch& changes);
  void disable(bolt::WriteBatch& changes);

  // kUserEmpty, kUserAlreadyExist, kNoPasswordUser (the hash is not base64, or there is a password but no hash).
  Status add_user(const UserAddRequest& request, bolt::WriteBatch& changes);
  // kInvalidAuthManagement (root, while enabled), kUserNotFound.
  Status delete_user(std::string_view name, bolt::WriteBatch& changes);
  // kUserNotFound, kNoPasswordUser.
  Status change_password(const UserChangePasswordRequest& request, bolt::WriteBatch& changes);
  // kUserNotFound, kRoleNotFound (root need not exist). A role that it has already: nothing happens.
  Status grant_role(const UserGrantRoleRequest& request, bolt::WriteBatch& changes);
  // kInvalidAuthManagement (root from root, while enabled), kUserNotFound, kRoleNotGranted.
  Status revoke_role(const UserRevokeRoleRequest& request, bolt::WriteBatch& changes);

  // kRoleEmpty, kRoleAlreadyExist.
  Status add_role(std::string_view name, bolt::WriteBatch& changes);
  // kInvalidAuthManagement (root, while enabled), kRoleNotFound. Takes it from its users, too.
  Status delete_role(std::string_view name, bolt::WriteBatch& changes);
  // kPermissionNotGiven, kInvalidAuthManagement (empty key or range), kRoleNotFound.
  Status grant_permission(const RoleGrantPermissionRequest& request, bolt::WriteBatch& changes);
  // kRoleNotFound, kPermissionNotGranted.
  Status revoke_permission(const RoleRevokePermissionRequest& request, bolt::WriteBatch& changes);

  // The user's password has been verified by the member that proposed this, at `index`. Returns the simple token, empty if
  // tokens are signed. kAuthNotEnabled, kAuthFailed (no such user any more, or one without password).
  Result<std::string> authenticate(const AuthenticateRequest& request, LogIndex index);

  // Questions.

  // Null if there is none. Valid until a change.
  const User* find_user(std::string_view name) const;
  const Role* find_role(std::string_view name) const;
  std::vector<std::string_view> user_names() const;  // sorted
  std::vector<std::string_view> role_names() const;  // sorted

  // What happened to tokens since the last call.
  std::vector<TokenEvent> take_token_events() { return std::exchange(token_events_, {}); }
  // This store takes the place of `before` (a snapshot was installed): tokens of users that are gone or have another
  // password since are void. Takes over its events.
  void succeed(Store& before);

 private:
  using Users = std::map<std::string, User, std::less<>>;
  using Roles = std::map<std::string, Role, std::less<>>;

  void bump_revision(bolt::WriteBatch& changes);
  void put_user(User user, bolt::WriteBatch& changes);
  void put_role(Role role, bolt::WriteBatch& changes);
  std::shared_ptr<const UserView> view_of(const User& user) const;

  bool enabled_ = false;
  std::uint64_t revision_ = 0;
  Users users_;
  Roles roles_;
  std::vector<TokenEvent> token_events_;

  std::shared_ptr<const View> view_;       // as of the last view()
  bool view_is_old_ = true;
  std::set<std::string, std::less<>> changed_users_;  // since then: their part of it is to be made again
};

}  // namespace etcd::auth
