// The alarms that are raised: a set of (member, type).
#pragma once

#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "bolt/write_batch.h"

namespace etcd::cluster {

enum class AlarmType : std::int32_t { kNone = 0, kNoSpace = 1, kCorrupt = 2 };

struct Alarm {
  MemberId member;
  AlarmType type = AlarmType::kNone;

  friend constexpr bool operator==(const Alarm&, const Alarm&) = default;
  // By type, then member.
  friend constexpr auto operator<=>(const Alarm& a, const Alarm& b) {
    if (auto order = a.type <=> b.type; order != 0) return order;
    return a.member <=> b.member;
  }
};

// Owned by the state machine. Each change goes to memory and, in etcd's encoding, to `changes`.
class AlarmSet {
 public:
  // Adds a stored alarm: the key of a record of the alarm bucket. kCorrupt if it is none.
  Status load(std::string_view stored);

  // True if it was not there before. Raising one that is there, or type kNone, changes nothing.
  bool activate(Alarm alarm, bolt::WriteBatch& changes);
  // True if it was there.
  bool deactivate(Alarm alarm, bolt::WriteBatch& changes);

  bool any(AlarmType type) const;
  // Those of one type, or all of them for kNone; by type, then member.
  std::vector<Alarm> list(AlarmType type) const;

 private:
  std::set<Alarm> alarms_;
};

}  // namespace etcd::cluster
