// What a power cut leaves of the changes that were not synced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "base/rng.h"

namespace etcd::base {

// Something that changed since it was last synced, and may be found after a crash as it was after any of its changes or before them all.
struct Unsynced {
  enum class What : std::uint8_t {
    kSector,  // 512 bytes of a file, at `offset`
    kSize,    // the size of a file
    kName,    // an entry of a folder, with the names that renames tie it to
  };
  What what;
  std::string path;
  std::uint64_t offset;
  std::size_t changes;  // at least 1
};

// How many of the changes, oldest first, survive: 0 .. changes.
using CrashPolicy = std::function<std::size_t(const Unsynced&)>;

inline CrashPolicy lose_all() {
  return [](const Unsynced&) { return std::size_t{0}; };
}
inline CrashPolicy keep_all() {
  return [](const Unsynced& item) { return item.changes; };
}
// Each thing for itself. `rng` must outlive the policy.
inline CrashPolicy survive_at_random(Rng& rng) {
  return [&rng](const Unsynced& item) { return static_cast<std::size_t>(rng.below(item.changes + 1)); };
}

}  // namespace etcd::base
