#include "auth/view.h"

#include <algorithm>

namespace etcd::auth {

bool UserView::may(const Access& access) const {
  const KeyRanges& permitted = access.kind == Access::Kind::kRead ? reads : writes;
  return is_root || permitted.covers(access.key, access.range_end);
}

bool UserView::has_role(std::string_view role) const {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

const UserView* View::find_user(std::string_view name) const {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : found->second.get();
}

// The revision is looked at only when something is to be permitted: a root that touches nothing but keys of a lease passes
// at any, and an empty list needs nobody.
Status View::check(const Who& who, std::span<const Access> accesses) const {
  if (!enabled_) return {};
  const UserView* user = find_user(who.name);
  for (const Access& access : accesses) {
    if (access.of_lease && user != nullptr && user->is_root) continue;
    if (who.revision == 0) return fail(Errc::kUserEmpty);
    if (who.revision < revision_) return fail(Errc::kAuthOldRevision);
    if (user == nullptr || !user->may(access)) return fail(Errc::kPermissionDenied);
  }
  return {};
}

Status View::check_admin(const Who& who) const {
  if (!enabled_) return {};
  if (who.name.empty()) return fail(Errc::kUserEmpty);
  const UserView* user = find_user(who.name);
  if (user == nullptr) return fail(Errc::kUserNotFound);
  if (!user->is_root) return fail(Errc::kPermissionDenied);
  return {};
}

Status View::check_may_see_user(const Who& who, std::string_view user) const {
  Status admin = check_admin(who);
  return admin || who.name == user ? Status() : admin;
}

Status View::check_may_see_role(const Who& who, std::string_view role) const {
  Status admin = check_admin(who);
  if (admin) return {};
  const UserView* user = find_user(who.name);
  return user != nullptr && user->has_role(role) ? Status() : admin;
}

}  // namespace etcd::auth
