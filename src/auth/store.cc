#include "auth/store.h"

#include <functional>
#include <utility>

#include "base/check.h"
#include "bolt/schema.h"

namespace etcd::auth {

namespace {

namespace schema = bolt::schema;

constexpr std::size_t kRevisionBytes = 8;
constexpr char kEnabledByte = 1;
constexpr char kDisabledByte = 0;

std::string big_endian(std::uint64_t number) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
  return bytes;
}

Result<std::uint64_t> parse_revision(std::string_view bytes) {
  if (bytes.size() != kRevisionBytes) return fail(Errc::kCorrupt, "auth bucket: the revision is not 8 bytes long");
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

// Calls `visit` for each record of a bucket; a missing bucket has none.
Status for_each(const bolt::ReadTx& db, std::string_view bucket,
                const std::function<Status(std::string_view key, std::string_view value)>& visit) {
  TRY_ASSIGN(const auto found, db.bucket(bucket));
  if (!found) return {};
  bolt::Cursor cursor = found->cursor();
  for (cursor.first(); cursor.valid(); cursor.next()) TRY(visit(cursor.key(), cursor.value()));
  return cursor.status();
}

template <typename Records>
auto* find_in(Records& records, std::string_view name) {
  const auto found = records.find(name);
  return found == records.end() ? nullptr : &found->second;
}

template <typename Records>
std::vector<std::string_view> names_of(const Records& records) {
  std::vector<std::string_view> names;
  names.reserve(records.size());
  for (const auto& [name, record] : records) names.push_back(name);
  return names;
}

}  // namespace

Result<Store> Store::load(const bolt::ReadTx& db, bolt::WriteBatch& changes) {
  Store store;
  TRY(for_each(db, schema::kAuth, [&](std::string_view key, std::string_view value) -> Status {
    if (key == schema::kAuthEnabled) store.enabled_ = value == std::string_view(&kEnabledByte, 1);
    if (key == schema::kAuthRevision) {
      TRY_ASSIGN(store.revision_, parse_revision(value));
    }
    return {};
  }));
  TRY(for_each(db, schema::kAuthUsers, [&](std::string_view key, std::string_view value) -> Status {
    TRY_ASSIGN(store.users_[std::string(key)], decode_user(value));
    return {};
  }));
  TRY(for_each(db, schema::kAuthRoles, [&](std::string_view key, std::string_view value) -> Status {
    TRY_ASSIGN(store.roles_[std::string(key)], decode_role(value));
    return {};
  }));
  if (store.revision_ == 0) store.bump_revision(changes);
  for (const auto& [name, user] : store.users_) store.changed_users_.insert(name);
  return store;
}

const std::shared_ptr<const View>& Store::view() {
  if (!view_is_old_) return view_;
  auto next = view_ ? std::make_shared<View>(*view_) : std::make_shared<View>();
  next->enabled_ = enabled_;
  next->revision_ = revision_;
  for (const std::string& name : changed_users_) {
    if (const User* user = find_user(name)) {
      next->users_[name] = view_of(*user);
    } else {
      next->users_.erase(name);
    }
  }
  changed_users_.clear();
  view_is_old_ = false;
  return view_ = std::move(next);
}

std::shared_ptr<const UserView> Store::view_of(const User& user) const {
  auto view = std::make_shared<UserView>();
  view->name = user.name;
  view->password_hash = user.password_hash;
  view->no_password = user.no_password();
  view->roles = user.roles;
  view->is_root = user.has_role(kRootRole);
  for (const std::string& name : user.roles) {
    const Role* role = find_role(name);
    if (role == nullptr) continue;
    for (const Permission& permission : role->permissions) {
      const bool both = permission.type == PermissionType::kReadWrite;
      if (both || permission.type == PermissionType::kRead) view->reads.add(permission.key, permission.range_end);
      if (both || permission.type == PermissionType::kWrite) view->writes.add(permission.key, permission.range_end);
    }
  }
  view->reads.merge();
  view->writes.merge();
  return view;
}

const User* Store::find_user(std::string_view name) const { return find_in(users_, name); }
const Role* Store::find_role(std::string_view name) const { return find_in(roles_, name); }
std::vector<std::string_view> Store::user_names() const { return names_of(users_); }
std::vector<std::string_view> Store::role_names() const { return names_of(roles_); }

void Store::bump_revision(bolt::WriteBatch& changes) {
  ++revision_;
  view_is_old_ = true;
  changes.put(schema::kAuth, std::string(schema::kAuthRevision), big_endian(revision_));
}

void Store::put_user(User user, bolt::WriteBatch& changes) {
  changed_users_.insert(user.name);
  changes.put(schema::kAuthUsers, user.name, encode(user));
  std::string name = user.name;
  users_.insert_or_assign(std::move(name), std::move(user));
}

// What a role permits shows in all who have it.
void Store::put_role(Role role, bolt::WriteBatch& changes) {
  for (const auto& [name, user] : users_) {
    if (user.has_role(role.name)) changed_users_.insert(name);
  }
  changes.put(schema::kAuthRoles, role.name, encode(role));
  std::string name = role.name;
  roles_.insert_or_assign(std::move(name), std::move(role));
}

Status Store::enable(bolt::WriteBatch& changes) {
  if (enabled_) return {};
  const User* root = find_user(kRootUser);
  if (root == nullptr) return fail(Errc::kRootUserNotExist);
  if (!root->has_role(kRootRole)) return fail(Errc::kRootRoleNotExist);
  enabled_ = true;
  view_is_old_ = true;
  changes.put(schema::kAuth, std::string(schema::kAuthEnabled), std::string(1, kEnabledByte));
  return {};
}

void Store::disable(bolt::WriteBatch& changes) {
  if (!enabled_) return;
  enabled_ = false;
  changes.put(schema::kAuth, std::string(schema::kAuthEnabled), std::string(1, kDisabledByte));
  bump_revision(changes);
  token_events_.emplace_back(AllTokensRevoked{});
}

Result<std::string> Store::authenticate(const AuthenticateRequest& request, LogIndex index) {
  if (!enabled_) return fail(Errc::kAuthNotEnabled);
  const User* user = find_user(request.name);
  if (user == nullptr || user->no_password()) return fail(Errc::kAuthFailed);
  // Without its random part a token could be guessed.
  if (request.simple_token.empty()) return std::string();
  // etcd's number is that of the entry before: the last one that is applied at that moment.
  std::string token = std::string(request.simple_token) + '.' + std::to_string(index.value - 1);
  token_events_.emplace_back(TokenAssigned{user->name, token});
  return token;
}

void Store::succeed(Store& before) {
  token_events_ = before.take_token_events();
  if (!enabled_) {
    token_events_.emplace_back(AllTokensRevoked{});
    return;
  }
  for (const auto& [name, user] : before.users_) {
    const User* now = find_user(name);
    const bool same = now != nullptr && now->password_hash == user.password_hash;
    if (!same) token_events_.emplace_back(UserTokensRevoked{name});
  }
}

}  // namespace etcd::auth
