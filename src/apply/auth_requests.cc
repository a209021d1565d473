#include "apply/auth_requests.h"

#include <array>
#include <variant>

namespace etcd::apply {

namespace {

using base::Rope;

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

// What to do with each request. Changes answer with nothing but a header.
class Execution {
 public:
  explicit Execution(const AuthCall& call) : store_(call.store), changes_(call.changes), call_(call) {}

  Result<Rope> operator()(const auth::EnableRequest&) { return changed(store_.enable(changes_)); }
  Result<Rope> operator()(const auth::DisableRequest&) {
    store_.disable(changes_);
    return changed({});
  }
  Result<Rope> operator()(const auth::StatusRequest&) {
    return encode_auth_status_response(call_.header, store_.enabled(), store_.revision());
  }
  Result<Rope> operator()(const auth::AuthenticateRequest& request) {
    TRY_ASSIGN(const std::string token, store_.authenticate(request, call_.index));
    return encode_authenticate_response(call_.header, token);
  }

  Result<Rope> operator()(const auth::UserAddRequest& request) { return changed(store_.add_user(request, changes_)); }
  Result<Rope> operator()(const auth::UserDeleteRequest& request) {
    return changed(store_.delete_user(request.name, changes_));
  }
  Result<Rope> operator()(const auth::UserChangePasswordRequest& request) {
    return changed(store_.change_password(request, changes_));
  }
  Result<Rope> operator()(const auth::UserGrantRoleRequest& request) {
    return changed(store_.grant_role(request, changes_));
  }
  Result<Rope> operator()(const auth::UserRevokeRoleRequest& request) {
    return changed(store_.revoke_role(request, changes_));
  }
  Result<Rope> operator()(const auth::UserGetRequest& request) {
    const auth::User* user = store_.find_user(request.name);
    if (user == nullptr) return fail(Errc::kUserNotFound);
    return encode_names_response(call_.header, {user->roles.begin(), user->roles.end()});
  }
  Result<Rope> operator()(const auth::UserListRequest&) {
    return encode_names_response(call_.header, store_.user_names());
  }

  Result<Rope> operator()(const auth::RoleAddRequest& request) {
    return changed(store_.add_role(request.role, changes_));
  }
  Result<Rope> operator()(const auth::RoleDeleteRequest& request) {
    return changed(store_.delete_role(request.role, changes_));
  }
  Result<Rope> operator()(const auth::RoleGrantPermissionRequest& request) {
    return changed(store_.grant_permission(request, changes_));
  }
  Result<Rope> operator()(const auth::RoleRevokePermissionRequest& request) {
    return changed(store_.revoke_permission(request, changes_));
  }
  // Whatever else the role root was given, it is shown as what it is worth.
  Result<Rope> operator()(const auth::RoleGetRequest& request) {
    const auth::Role* role = store_.find_role(request.role);
    if (role == nullptr) return fail(Errc::kRoleNotFound);
    if (role->name != auth::kRootRole) return encode_role_get_response(call_.header, role->permissions);
    return encode_role_get_response(call_.header, {{auth::PermissionType::kReadWrite, "", std::string(1, '\0')}});
  }
  Result<Rope> operator()(const auth::RoleListRequest&) {
    return encode_names_response(call_.header, store_.role_names());
  }

 private:
  Result<Rope> changed(const Status& status) const {
    if (!status) return fail(status.error());
    return encode_header_response(call_.header);
  }

  auth::Store& store_;
  bolt::WriteBatch& changes_;
  const AuthCall& call_;
};

}  // namespace

// In the order of auth::Request. etcd has no name for AuthStatus.
std::string_view auth_operation_name(const auth::Request& request) {
  static constexpr std::array<std::string_view, std::variant_size_v<auth::Request>> kNames = {
      "AuthEnable",       "AuthDisable",            "unknown",           "Authenticate",
      "AuthUserAdd",      "AuthUserDelete",         "AuthUserGet",       "AuthUserChangePassword",
      "AuthUserGrantRole", "AuthUserRevokeRole",    "AuthUserList",      "AuthRoleList",
      "AuthRoleAdd",      "AuthRoleDelete",         "AuthRoleGet",       "AuthRoleGrantPermission",
      "AuthRoleRevokePermission"};
  return kNames[request.index()];
}

Status check_auth_permissions(const auth::Request& request, const auth::View& view, const auth::Who& who) {
  return std::visit(Overloaded{[](const auth::StatusRequest&) { return Status(); },
                               [](const auth::AuthenticateRequest&) { return Status(); },
                               [&](const auth::UserGetRequest& get) { return view.check_may_see_user(who, get.name); },
                               [&](const auth::RoleGetRequest& get) { return view.check_may_see_role(who, get.role); },
                               [&](const auto&) { return view.check_admin(who); }},
                    request);
}

Result<Rope> execute_auth(const auth::Request& request, const AuthCall& call) {
  return std::visit(Execution(call), request);
}

}  // namespace etcd::apply
