// Planted bugs: each is a mistake that this code could have, switched on by name in a build with ETCD_PLANTS. The simulator must find each of them within
// some seeds, or it is the simulator that is broken.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace etcd::sim {

std::vector<std::string_view> planted_bugs();
// False if there is no such bug, or none in this build.
bool plant(std::string_view name);

// Runs `try_seed` in a process of its own for each bug, with seeds from `first` on until it returns what is wrong, or the process aborts. Prints a line of
// a table for each: how many seeds it took, and what was seen. Returns how many were not found.
int find_planted_bugs(std::uint64_t first, std::uint64_t last, const std::function<std::string(std::uint64_t seed)>& try_seed);

}  // namespace etcd::sim
