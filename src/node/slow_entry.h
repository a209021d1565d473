// What the log says of an entry that took too long to apply: etcd's fields. Values are only counted: they may be secrets.
#pragma once

#include <cstdint>

#include "apply/state_machine.h"
#include "base/log.h"
#include "raft/entries.h"

namespace etcd::node {

struct SlowEntry {
  const raft::Entry& entry;
  const apply::Applied& applied;
  std::int64_t took_ns = 0;
  std::int64_t expected_ns = 0;
};
base::Logger::Fields describe(const SlowEntry& slow);

}  // namespace etcd::node
