// File descriptors of this process: the limit on them, and how many of them clients may have.
#pragma once

#include <cstddef>
#include <cstdint>

namespace etcd::server {

// Kept for the files, the other members and the listeners, as in etcd: a client must not be able to take what the next segment of the log needs.
inline constexpr std::uint64_t kReservedDescriptors = 150;

// Lets the process have as many as the system allows it, as Go's runtime does: the limit that it starts with is often 1,024. Returns the limit then in
// force. Call before there are threads.
std::uint64_t raise_descriptor_limit();

// Connections that a port may have open under this limit; 0: it is too low for any.
std::size_t connections_under(std::uint64_t descriptor_limit);

}  // namespace etcd::server
