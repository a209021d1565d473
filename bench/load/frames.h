// HTTP/2 frames by hand, as far as the load generators write and read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace etcd::bench {

inline constexpr std::size_t kFrameHeader = 9;
inline constexpr std::size_t kMaxFrame = 16384;
inline constexpr std::uint8_t kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6, kGoAway = 7, kWindowUpdate = 8, kContinuation = 9;
inline constexpr std::uint8_t kEndStream = 1, kAck = 1, kEndHeaders = 4;
inline constexpr std::uint32_t kWindow = 0x7fffffff;
inline constexpr std::size_t kWindowRefresh = 1u << 24;  // received bytes after which a window is opened again

inline void put32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

inline std::uint32_t get32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = (value << 8) | static_cast<std::uint8_t>(bytes[static_cast<std::size_t>(i)]);
  return value;
}

inline void put_frame_header(std::string& out, std::size_t length, std::uint8_t type, std::uint8_t flags, std::uint32_t stream) {
  for (int shift = 16; shift >= 0; shift -= 8) out.push_back(static_cast<char>(length >> shift));
  out.push_back(static_cast<char>(type));
  out.push_back(static_cast<char>(flags));
  put32(out, stream);
}

// A literal header field without indexing: the same bytes are valid on every stream.
inline void put_literal(std::string& out, std::string_view name, std::string_view value) {
  out.push_back(0);
  out.push_back(static_cast<char>(name.size()));
  out.append(name);
  out.push_back(static_cast<char>(value.size()));
  out.append(value);
}

// The header block of a gRPC call of the method at `path`.
inline std::string call_headers(std::string_view path, std::string_view authority) {
  std::string block;
  put_literal(block, ":method", "POST");
  put_literal(block, ":scheme", "http");
  put_literal(block, ":path", path);
  put_literal(block, ":authority", authority);
  put_literal(block, "te", "trailers");
  put_literal(block, "content-type", "application/grpc");
  return block;
}

// Preface and settings: windows as wide as they get.
inline std::string client_preface() {
  std::string out = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  put_frame_header(out, 6, kSettings, 0, 0);
  out.append({0, 4});  // SETTINGS_INITIAL_WINDOW_SIZE
  put32(out, kWindow);
  put_frame_header(out, 4, kWindowUpdate, 0, 0);
  put32(out, kWindow - 65535);
  return out;
}

}  // namespace etcd::bench
