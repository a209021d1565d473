// How a string that has grown large gives its memory back: assigning an empty one, or clear(), keeps it.
#pragma once

#include <string>

namespace etcd::base {

// Empties it.
inline void free_memory(std::string& text) { std::string().swap(text); }

}  // namespace etcd::base
