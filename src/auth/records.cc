#include "auth/records.h"

#include <algorithm>

#include "base/wire.h"

namespace etcd::auth {

namespace {

using base::WireField;
using base::WireReader;
using base::WireType;
using base::WireWriter;

tl::unexpected<Error> damaged(std::string_view record) {
  return fail(Errc::kCorrupt, "the record of a " + std::string(record) + " can't be read");
}

template <typename OnField>
Status read_record(std::string_view name, std::string_view bytes, OnField on_field) {
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (!on_field(*field)) return damaged(name);
  }
  if (reader.failed()) return damaged(name);
  return {};
}

bool read_options(std::string_view bytes, UserOptions& out) {
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->number == 1 && field->type == WireType::kVarint) out.no_password = field->as_bool();
  }
  return !reader.failed();
}

bool read_permission(std::string_view bytes, Permission& out) {
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->number == 1 && field->type == WireType::kVarint) out.type = static_cast<PermissionType>(field->as_int32());
    if (field->number == 2 && field->type == WireType::kBytes) out.key = field->bytes;
    if (field->number == 3 && field->type == WireType::kBytes) out.range_end = field->bytes;
  }
  return !reader.failed();
}

}  // namespace

bool User::has_role(std::string_view role) const { return std::find(roles.begin(), roles.end(), role) != roles.end(); }

std::string encode(const User& user) {
  std::string out;
  WireWriter writer(out);
  writer.bytes_if(1, user.name);
  writer.bytes_if(2, user.password_hash);
  for (const std::string& role : user.roles) writer.bytes(3, role);
  if (user.options) {
    std::string options;
    WireWriter(options).bool_if(1, user.options->no_password);
    writer.bytes(4, options);
  }
  return out;
}

std::string encode(const Role& role) {
  std::string out;
  WireWriter writer(out);
  writer.bytes_if(1, role.name);
  for (const Permission& permission : role.permissions) writer.bytes(2, encode(permission));
  return out;
}

std::string encode(const Permission& permission) {
  std::string out;
  WireWriter writer(out);
  writer.int64_if(1, static_cast<std::int64_t>(permission.type));
  writer.bytes_if(2, permission.key);
  writer.bytes_if(3, permission.range_end);
  return out;
}

Result<User> decode_user(std::string_view bytes) {
  User out;
  TRY(read_record("user", bytes, [&](const WireField& field) {
    if (field.type != WireType::kBytes) return true;
    if (field.number == 1) out.name = field.bytes;
    if (field.number == 2) out.password_hash = field.bytes;
    if (field.number == 3) {
      out.roles.emplace_back(field.bytes);
      return base::is_utf8(field.bytes);
    }
    if (field.number != 4) return true;
    if (!out.options) out.options.emplace();
    return read_options(field.bytes, *out.options);
  }));
  return out;
}

Result<Role> decode_role(std::string_view bytes) {
  Role out;
  TRY(read_record("role", bytes, [&](const WireField& field) {
    if (field.type != WireType::kBytes) return true;
    if (field.number == 1) out.name = field.bytes;
    return field.number != 2 || read_permission(field.bytes, out.permissions.emplace_back());
  }));
  return out;
}

}  // namespace etcd::auth
