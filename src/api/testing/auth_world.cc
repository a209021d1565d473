#include "api/testing/auth_world.h"

#include "auth/base64.h"
#include "auth/bcrypt.h"
#include "base/check.h"

namespace etcd::api::testing {

AuthWorld::AuthWorld(ApiRig& rig) : rig_(rig) {
  CHECK(store.add_role("keeper", changes).has_value());
  const auth::RoleGrantPermissionRequest::Grant grant{.type = auth::PermissionType::kReadWrite, .key = "k", .range_end = "l"};
  CHECK(store.grant_permission({.role = "keeper", .permission = grant}, changes).has_value());
  add_user("root", "root");
  add_user("keeper", "keeper");
  add_user("weak", "");
  CHECK(store.add_user({.name = "certified", .password = {}, .options = auth::UserOptions{.no_password = true}, .hashed_password = {}}, changes)
            .has_value());
  CHECK(store.grant_role({.user = "certified", .role = "keeper"}, changes).has_value());
  CHECK(store.enable(changes).has_value());
  publish();
  for (const char* user : {"root", "keeper", "weak"}) rig.node.token_listener(auth::TokenAssigned{user, std::string(user) + ".5"});
}

void AuthWorld::add_user(const std::string& name, const std::string& role) {
  const std::string hash = auth::base64_encode(*auth::bcrypt_hash(name, auth::kMinBcryptCost, {}));
  CHECK(store.add_user({.name = name, .password = {}, .options = {}, .hashed_password = hash}, changes).has_value());
  if (!role.empty()) CHECK(store.grant_role({.user = name, .role = role}, changes).has_value());
}

void AuthWorld::publish() {
  rig_.node.auth_cell.store(store.view());
  for (const auth::TokenEvent& event : store.take_token_events()) rig_.node.token_listener(event);
}

}  // namespace etcd::api::testing
