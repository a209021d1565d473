// AuthWorld: users for tests of the services: what the node shows of them, and tokens that stand for them.
//
// root (role root), keeper (role keeper: may read and write the keys under "k"), weak (no role), certified (no password, role keeper). Passwords are the
// names. Their tokens are "<name>.5".
#pragma once

#include <string>

#include "api/testing/api_rig.h"
#include "auth/store.h"

namespace etcd::api::testing {

class AuthWorld {
 public:
  // Auth is enabled.
  explicit AuthWorld(ApiRig& rig);

  auth::Store store;
  bolt::WriteBatch changes;

  // Has the node show what the store holds now, and tells of what happened to tokens.
  void publish();
  static rpc::testing::Fields as(const std::string& user) { return {{"token", user + ".5"}}; }

 private:
  void add_user(const std::string& name, const std::string& role);

  ApiRig& rig_;
};

}  // namespace etcd::api::testing
