// Options: the limits of a server. Times in nanoseconds, sizes in bytes; 0 means "none" only where it says so.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace etcd::rpc {

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kHour = 60 * kMinute;
inline constexpr std::uint32_t kUnlimitedStreams = 0xffffffff;

// What clients may do with HTTP/2 PINGs, as grpc-go's EnforcementPolicy: more than two pings too soon bring GOAWAY
// "too_many_pings".
struct KeepaliveEnforcement {
  std::int64_t min_time_ns = 5 * kSecond;  // between two pings while calls are running
  bool permit_without_stream = false;      // false: without calls, one ping in two hours
};

// The server's own pings on a connection that it hears nothing from.
struct KeepalivePings {
  std::int64_t after_ns = 2 * kHour;
  std::int64_t timeout_ns = 20 * kSecond;  // without an answer the connection is closed
};

// Resets by the client, a token bucket: a rapid-reset attack ends the connection, honest cancelling doesn't.
struct ResetLimit {
  std::uint64_t burst = 1000;
  std::uint64_t per_second = 100;
  std::int64_t rapid_ns = kSecond;  // streams that were open for so long may be reset in any number
};

struct Options {
  std::uint32_t max_concurrent_streams = kUnlimitedStreams;  // for each connection
  std::size_t max_receive_message_bytes = 4 * 1024 * 1024;   // after inflating, too
  std::size_t max_header_list_bytes = 64 * 1024;
  std::size_t max_http_body_bytes = 4 * 1024 * 1024;
  std::size_t max_connections = 0;  // 0: as many as descriptors; above it a connection waits unaccepted
  bool reuse_port = false;          // SO_REUSEPORT on listening TCP sockets (SO_REUSEADDR is always on, as in Go)

  // TLS handshakes: for how long each may last, and how many there may be at once, on all loops. While there are that
  // many, a new one takes the place of the one that has been silent longest.
  std::int64_t handshake_timeout_ns = 10 * kSecond;
  std::size_t max_handshakes = 2048;

  std::int64_t header_timeout_ns = 5 * kMinute;     // for the preface, or an HTTP/1.1 request's header
  std::int64_t http_idle_timeout_ns = 5 * kMinute;  // HTTP/1.1 keep-alive without a request; 0: none
  KeepaliveEnforcement keepalive_enforcement = {};
  KeepalivePings keepalive_pings = {};
  ResetLimit reset_limit = {};

  std::uint32_t stream_window_bytes = 1024 * 1024;
  std::uint32_t connection_window_bytes = 4 * 1024 * 1024;
  // A streaming call's queued output: send() returns false above the high mark, on_writable comes below the low one.
  std::size_t stream_high_water_bytes = 1024 * 1024;
  std::size_t stream_low_water_bytes = 256 * 1024;
  // Unary answers waiting on one connection; above it the connection's next requests wait undispatched. Those whose
  // answers are small have a mark of their own, above which the connection is not even read while its socket is full.
  std::size_t max_queued_output_bytes = 16 * 1024 * 1024;
  std::size_t max_queued_small_bytes = 64 * 1024 * 1024;
  // Parts of unfinished request messages on one connection; above it the message that grows is refused with
  // kResourceExhausted.
  std::size_t max_unfinished_request_bytes = 64 * 1024 * 1024;

  // HTTP/1.1 requests for which it is true go to the handler with their heads, and their bodies follow (HttpResponder::read): chunked
  // ones of any length, others up to max_http_body_bytes. Empty: none.
  std::function<bool(std::string_view method, std::string_view target)> streams_body = {};

  // Is told of each field of a request's HTTP/2 header as it is decoded, on the loops' threads: for debugging. Empty: nobody.
  std::function<void(std::string_view name, std::string_view value)> on_header_field = {};

  // Upper bounds, in seconds, of the buckets of Counters::handling; empty: calls are not timed.
  std::vector<double> handling_buckets = {};
};

}  // namespace etcd::rpc
