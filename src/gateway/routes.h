// Which path of the JSON gateway calls which gRPC method: etcd's 51 paths, all of them POST.
#pragma once

#include <span>
#include <string_view>

namespace etcd::gateway {

struct Route {
  std::string_view path;    // "/v3/kv/range"
  std::string_view method;  // "/etcdserverpb.KV/Range"
};

std::span<const Route> routes();

}  // namespace etcd::gateway
