// Who asks, and for what: the vocabulary of every permission check.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace etcd::auth {

inline constexpr std::string_view kRootUser = "root";
inline constexpr std::string_view kRootRole = "root";

// Somebody whose password, token or certificate has been verified, as of a revision of the users and roles. Empty and 0:
// nobody. It travels with a proposal in the header of its entry, so that every member judges by the same.
struct Identity {
  std::string name;
  std::uint64_t revision = 0;

  friend bool operator==(const Identity&, const Identity&) = default;
};

// The same, borrowed.
struct Who {
  std::string_view name;
  std::uint64_t revision = 0;

  Who() = default;
  Who(std::string_view a_name, std::uint64_t a_revision) : name(a_name), revision(a_revision) {}
  Who(const Identity& identity) : name(identity.name), revision(identity.revision) {}  // NOLINT: meant to be implicit
};

// One key or range that a request reads or writes. Borrows the bytes of the request.
struct Access {
  enum class Kind : std::uint8_t { kRead, kWrite } kind = Kind::kRead;
  std::string_view key = {};
  std::string_view range_end = {};  // empty: the key alone; one zero byte: every key from `key` on
  // A key that the request touches because it is attached to a lease that the request names. As in etcd, root passes
  // here whatever its revision: leases must end also while users and roles change.
  bool of_lease = false;

  friend bool operator==(const Access&, const Access&) = default;
};

}  // namespace etcd::auth
