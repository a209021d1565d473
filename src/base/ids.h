// Strong ids: numbers of different meaning that the compiler keeps apart.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <ostream>

namespace etcd {

// A number with a meaning. Explicit both ways, so that a Term never becomes a LogIndex by accident.
template <typename Tag, typename Number>
struct Id {
  Number value = 0;

  constexpr Id() = default;
  constexpr explicit Id(Number number) : value(number) {}
  friend constexpr auto operator<=>(Id, Id) = default;
  constexpr Id next() const { return Id(static_cast<Number>(value + 1)); }
  constexpr Id prev() const { return Id(static_cast<Number>(value - 1)); }
  friend std::ostream& operator<<(std::ostream& out, Id id) { return out << id.value; }
};

// Raft's election term; 0 before the first election.
using Term = Id<struct TermTag, std::uint64_t>;
// Position in the raft log; the first entry has index 1, 0 means "none".
using LogIndex = Id<struct LogIndexTag, std::uint64_t>;
// Raft node id of a member; printed in lower hex without padding. 0 means "none".
using MemberId = Id<struct MemberIdTag, std::uint64_t>;
using ClusterId = Id<struct ClusterIdTag, std::uint64_t>;
// Lease id; any int64 but 0, which means "no lease".
using LeaseId = Id<struct LeaseIdTag, std::int64_t>;
// Page number in a bolt file.
using PageId = Id<struct PageIdTag, std::uint64_t>;
// Main revision of the key-value store: 1 for an empty store, one more for each transaction that changes it.
using Revision = Id<struct RevisionTag, std::int64_t>;

// The place of one change: the transaction's revision and the change's number within it, from 0.
struct RevisionPair {
  Revision main;
  std::int64_t sub = 0;
  friend constexpr auto operator<=>(const RevisionPair&, const RevisionPair&) = default;
};

}  // namespace etcd

template <typename Tag, typename Number>
struct std::hash<etcd::Id<Tag, Number>> {
  std::size_t operator()(etcd::Id<Tag, Number> id) const noexcept { return std::hash<Number>{}(id.value); }
};
