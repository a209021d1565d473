#include "api/unsupported.h"

#include <utility>

#include "api/errors.h"

namespace etcd::api {

void Unsupported::add_unary(rpc::ServiceTable& table, const char* service, const char* method, const char* what) const {
  table.add(service, method, [&gate = gate_, &replies = replies_, what](rpc::UnaryCall call) {
    if (const Status admitted = gate.admit_unary(call.info(), ForLearner::kRefused); !admitted) {
      return replies.refuse(std::move(call), admitted.error());
    }
    replies.refuse(std::move(call), not_supported(what));
  });
}

void Unsupported::add_services(rpc::ServiceTable& table) const {
  for (const char* method :
       {"AuthEnable", "AuthDisable", "AuthStatus", "Authenticate", "UserAdd", "UserGet", "UserList", "UserDelete", "UserChangePassword",
        "UserGrantRole", "UserRevokeRole", "RoleAdd", "RoleGet", "RoleList", "RoleDelete", "RoleGrantPermission", "RoleRevokePermission"}) {
    add_unary(table, "etcdserverpb.Auth", method, "Auth");
  }
}

}  // namespace etcd::api
