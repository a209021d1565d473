// PLANTED(name): a bug that is there on purpose. In a build with ETCD_PLANTS the simulator switches one on and has to find it (sim/plants.h lists them);
// in every other build this is the constant false, and what depends on it is not there.
#pragma once

#ifdef ETCD_PLANTS
#include <string_view>

namespace etcd::base {

// The one that is switched on; empty for none.
inline std::string_view& planted_bug() {
  static std::string_view name;
  return name;
}

}  // namespace etcd::base

#define PLANTED(name) (::etcd::base::planted_bug() == #name)
#else
#define PLANTED(name) false
#endif
