// View: users, roles and what they permit, as of one applied index. The one judge of permissions, for the api before a
// read and for apply before every request.
//
// Immutable; shared between threads. The store makes a new one only when something has changed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/identity.h"
#include "auth/key_ranges.h"
#include "base/result.h"

namespace etcd::auth {

// A user with all that its roles permit, unified.
struct UserView {
  std::string name;
  std::string password_hash;       // bcrypt's text
  bool no_password = false;        // comes in by certificate alone
  std::vector<std::string> roles;  // sorted
  bool is_root = false;            // has the role root: may do everything
  KeyRanges reads;
  KeyRanges writes;

  bool may(const Access& access) const;
  bool has_role(std::string_view role) const;
};

class View {
 public:
  bool enabled() const { return enabled_; }
  // Counts the changes of users and roles; 0 only before the first state is loaded.
  std::uint64_t revision() const { return revision_; }
  // Null if there is no such user. As long as the View lives.
  const UserView* find_user(std::string_view name) const;

  // Whether `who` may do all of it; always, while auth is disabled, and for an empty list. In etcd's order: kUserEmpty
  // (nobody, revision 0), kAuthOldRevision, kPermissionDenied (unknown user, or not permitted). O(accesses * log of the
  // user's ranges), allocates nothing on success.
  Status check(const Who& who, std::span<const Access> accesses) const;
  Status check(const Who& who, const Access& access) const { return check(who, std::span(&access, 1)); }
  // Whether `who` has the role root, at whatever revision; always, while auth is disabled. kUserEmpty, kUserNotFound,
  // kPermissionDenied.
  Status check_admin(const Who& who) const;
  // UserGet's rule: root, or the user itself. The errors of check_admin.
  Status check_may_see_user(const Who& who, std::string_view user) const;
  // RoleGet's rule: root, or who has the role. The errors of check_admin.
  Status check_may_see_role(const Who& who, std::string_view role) const;

 private:
  friend class Store;

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };

  bool enabled_ = false;
  std::uint64_t revision_ = 0;
  std::unordered_map<std::string, std::shared_ptr<const UserView>, TextHash, std::equal_to<>> users_;
};

}  // namespace etcd::auth
