// Counters: what a server has done so far, for metrics. grpc_server_* of go-grpc-prometheus can be read off
// MethodCounters one to one.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "rpc/status.h"

namespace etcd::rpc {

struct Method;

struct MethodCounters {
  const Method* method = nullptr;
  std::uint64_t started = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t messages_sent = 0;
  std::array<std::uint64_t, kGrpcCodes> handled = {};  // by code
  // Only with Options::handling_buckets: calls by bucket (not cumulative, the last is +Inf), and the sum of their
  // durations.
  std::vector<std::uint64_t> handling = {};
  double handling_seconds = 0;
};

struct Counters {
  std::vector<MethodCounters> methods;  // in the order of ServiceTable::methods()
  std::uint64_t connections_open = 0;
  std::uint64_t connections_accepted = 0;
  std::uint64_t bytes_received = 0;  // of gRPC messages, without framing
  std::uint64_t bytes_sent = 0;
};

}  // namespace etcd::rpc
