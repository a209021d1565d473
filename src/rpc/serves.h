// Serves: what a listening socket is for.
#pragma once

#include <cstdint>

namespace etcd::rpc {

// Which protocols a listening socket serves (etcd can move HTTP to sockets of its own).
enum class Serves : std::uint8_t { kBoth, kGrpcOnly, kHttpOnly };

}  // namespace etcd::rpc
