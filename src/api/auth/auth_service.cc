#include "api/auth/auth_service.h"

#include <memory>
#include <utility>

#include "api/errors.h"
#include "auth/base64.h"
#include "auth/request.h"

namespace etcd::api {

namespace {

constexpr const char* kService = "etcdserverpb.Auth";

using node::RequestKind;

}  // namespace

void AuthService::register_methods(Methods& methods) {
  methods.add(kService, "Authenticate", Rule::kAnybody, [this](rpc::UnaryCall call) { authenticate(std::move(call)); });
  methods.add(kService, "UserAdd", Rule::kByLog, [this](rpc::UnaryCall call) { user_add(std::move(call)); });
  methods.add(kService, "UserChangePassword", Rule::kByLog, [this](rpc::UnaryCall call) { user_change_password(std::move(call)); });

  // The names are those that etcd's metrics know.
  add(methods, "AuthStatus", Rule::kAnybody, {RequestKind::kAuthStatus, "AuthStatus"});
  const auto add_by_log = [&](const char* method, RequestKind kind, const char* name) { add(methods, method, Rule::kByLog, {kind, name}); };
  add_by_log("AuthEnable", RequestKind::kAuthEnable, "AuthEnable");
  add_by_log("AuthDisable", RequestKind::kAuthDisable, "AuthDisable");
  add_by_log("UserGet", RequestKind::kAuthUserGet, "AuthUserGet");
  add_by_log("UserList", RequestKind::kAuthUserList, "AuthUserList");
  add_by_log("UserDelete", RequestKind::kAuthUserDelete, "AuthUserDelete");
  add_by_log("UserGrantRole", RequestKind::kAuthUserGrantRole, "AuthUserGrantRole");
  add_by_log("UserRevokeRole", RequestKind::kAuthUserRevokeRole, "AuthUserRevokeRole");
  add_by_log("RoleAdd", RequestKind::kAuthRoleAdd, "AuthRoleAdd");
  add_by_log("RoleGet", RequestKind::kAuthRoleGet, "AuthRoleGet");
  add_by_log("RoleList", RequestKind::kAuthRoleList, "AuthRoleList");
  add_by_log("RoleDelete", RequestKind::kAuthRoleDelete, "AuthRoleDelete");
  add_by_log("RoleGrantPermission", RequestKind::kAuthRoleGrantPermission, "AuthRoleGrantPermission");
  add_by_log("RoleRevokePermission", RequestKind::kAuthRoleRevokePermission, "AuthRoleRevokePermission");
}

// The state machine must be able to read what is proposed.
void AuthService::add(Methods& methods, const char* method, Rule rule, const Kind& kind) {
  methods.add(kService, method, rule, [this, kind](rpc::UnaryCall call) {
    if (const auto decoded = auth::decode_request(static_cast<std::uint32_t>(kind.kind), call.request().view()); !decoded) {
      return parts_.replies.refuse(std::move(call), malformed_request(decoded.error()));
    }
    if (!admit(call)) return;
    base::SharedBytes bytes = call.request();
    propose(std::move(call), kind, std::move(bytes));
  });
}

bool AuthService::admit(rpc::UnaryCall& call) {
  const Status admitted = parts_.gate.admit_unary(call.info(), ForLearner::kRefused);
  if (!admitted) parts_.replies.refuse(std::move(call), admitted.error());
  return admitted.has_value();
}

void AuthService::authenticate(rpc::UnaryCall call) {
  const auto request = auth::decode_authenticate(call.request().view());
  if (!request) return parts_.replies.refuse(std::move(call), malformed_request(request.error()));
  if (!admit(call)) return;
  const Login::Parts parts{parts_.context, parts_.replies, parts_.passwords, parts_.tokens};
  std::make_shared<Login>(parts, std::string(request->name), std::string(request->password), std::move(call))->start();
}

// A user without a password has none in the log either, whatever was sent.
void AuthService::user_add(rpc::UnaryCall call) {
  const auto request = auth::decode_user_add(call.request().view());
  if (!request) return parts_.replies.refuse(std::move(call), malformed_request(request.error()));
  if (!admit(call)) return;
  constexpr Kind kKind{RequestKind::kAuthUserAdd, "AuthUserAdd"};
  if (request->options && request->options->no_password) {
    auth::UserAddRequest proposed = *request;
    proposed.password = {};
    base::SharedBytes bytes(auth::encode(proposed));
    return propose(std::move(call), kKind, std::move(bytes));
  }
  for_admin(std::move(call), [this, kKind](rpc::UnaryCall admins) {
    const auto again = auth::decode_user_add(admins.request().view());
    hash(std::move(admins), std::string(again->password), [this, kKind](rpc::UnaryCall hashed, const std::string& hash) {
      auth::UserAddRequest proposed = *auth::decode_user_add(hashed.request().view());
      proposed.password = {};
      proposed.hashed_password = hash;
      base::SharedBytes bytes(auth::encode(proposed));
      propose(std::move(hashed), kKind, std::move(bytes));
    });
  });
}

// Without a password a hash is taken as it comes: so etcd lets one be set that was made elsewhere.
void AuthService::user_change_password(rpc::UnaryCall call) {
  const auto request = auth::decode_user_change_password(call.request().view());
  if (!request) return parts_.replies.refuse(std::move(call), malformed_request(request.error()));
  if (!admit(call)) return;
  constexpr Kind kKind{RequestKind::kAuthUserChangePassword, "AuthUserChangePassword"};
  if (request->password.empty()) {
    base::SharedBytes bytes = call.request();
    return propose(std::move(call), kKind, std::move(bytes));
  }
  for_admin(std::move(call), [this, kKind](rpc::UnaryCall admins) {
    const auto again = auth::decode_user_change_password(admins.request().view());
    hash(std::move(admins), std::string(again->password), [this, kKind](rpc::UnaryCall hashed, const std::string& hash) {
      auth::UserChangePasswordRequest proposed = *auth::decode_user_change_password(hashed.request().view());
      proposed.password = {};
      proposed.hashed_password = hash;
      base::SharedBytes bytes(auth::encode(proposed));
      propose(std::move(hashed), kKind, std::move(bytes));
    });
  });
}

// Who is none here may have become one at another member just now.
void AuthService::for_admin(rpc::UnaryCall call, base::UniqueFunction<void(rpc::UnaryCall)> next) {
  if (parts_.callers.check_admin(call.info())) return next(std::move(call));
  rpc::Loop& loop = parts_.context.lanes.here().loop();
  const std::int64_t deadline_ns = call.info().deadline_ns;
  auto asked = [this, &loop, call = std::move(call), next = std::move(next)](Status barrier) mutable {
    loop.post([this, call = std::move(call), next = std::move(next), barrier = std::move(barrier)]() mutable {
      const Status may = barrier ? parts_.callers.check_admin(call.info()) : std::move(barrier);
      may ? next(std::move(call)) : parts_.replies.answer(std::move(call), RequestType::kOther, fail(may.error()));
    });
  };
  parts_.context.node.read_barrier(deadline_ns, std::move(asked));
}

void AuthService::hash(rpc::UnaryCall call, std::string password,
                       base::UniqueFunction<void(rpc::UnaryCall, const std::string& hash)> propose_with) {
  auto done = [this, call = std::move(call), propose_with = std::move(propose_with)](Result<std::string> hash) mutable {
    if (!hash) return parts_.replies.answer(std::move(call), RequestType::kOther, fail(hash.error()));
    propose_with(std::move(call), auth::base64_encode(*hash));
  };
  parts_.passwords.hash(std::move(password), parts_.context.lanes.here().loop(), std::move(done));
}

void AuthService::propose(rpc::UnaryCall call, const Kind& kind, base::SharedBytes request) {
  auto who = parts_.callers.identity(call.info());
  if (!who) return parts_.replies.refuse(std::move(call), who.error());
  const std::int64_t deadline_ns = call.info().deadline_ns;
  auto done = [this, name = kind.name, call = std::move(call)](Result<base::Rope> response) mutable {
    parts_.context.metrics.observe_auth(name, response.has_value(), parts_.replies.since_start_ns(call));
    parts_.replies.answer(std::move(call), RequestType::kOther, std::move(response));
  };
  parts_.context.lanes.here().propose({.kind = kind.kind,
                                       .request = std::move(request),
                                       .deadline_ns = deadline_ns,
                                       .done = std::move(done),
                                       .who = std::move(*who)});
}

}  // namespace etcd::api
