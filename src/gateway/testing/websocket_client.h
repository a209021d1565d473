// The client's side of WebSocket, for tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/websocket_frames.h"

namespace etcd::gateway::testing {

// A masked frame.
inline std::string client_frame(Opcode opcode, std::string_view payload, bool is_last = true) {
  constexpr std::string_view kMask("\x12\x34\x56\x78", 4);
  std::string frame = websocket_frame(opcode, payload);
  const std::size_t head = frame.size() - payload.size();
  if (!is_last) frame[0] = static_cast<char>(frame[0] & 0x7f);
  frame[1] = static_cast<char>(frame[1] | 0x80);
  frame.insert(head, kMask);
  for (std::size_t i = 0; i < payload.size(); ++i) frame[head + 4 + i] = static_cast<char>(payload[i] ^ kMask[i % 4]);
  return frame;
}

// What the server's frames say: "text", and "close 1000" for its goodbye, "pong x" for an answer to a ping.
inline std::vector<std::string> server_says(std::string_view bytes) {
  std::vector<std::string> said;
  while (bytes.size() >= 2) {
    const auto opcode = static_cast<Opcode>(bytes[0] & 0x0f);
    std::size_t length = static_cast<std::uint8_t>(bytes[1]);
    std::size_t head = 2;
    if (length == 126) {
      length = static_cast<std::size_t>(static_cast<std::uint8_t>(bytes[2])) << 8 | static_cast<std::uint8_t>(bytes[3]);
      head = 4;
    }
    const std::string payload(bytes.substr(head, length));
    if (opcode == Opcode::kText) said.push_back(payload);
    if (opcode == Opcode::kPong) said.push_back("pong " + payload);
    if (opcode == Opcode::kClose)
      said.push_back("close " + std::to_string(static_cast<std::uint8_t>(payload[0]) << 8 |
                                               static_cast<std::uint8_t>(payload[1])));
    bytes.remove_prefix(std::min(bytes.size(), head + length));
  }
  return said;
}

}  // namespace etcd::gateway::testing
