// The frames of WebSocket (RFC 6455), read as a server reads them and written as it writes them. No extensions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace etcd::gateway {

enum class Opcode : std::uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

// Why a connection ends.
enum class CloseCode : std::uint16_t { kNormal = 1000, kGoingAway = 1001, kProtocolError = 1002, kTooBig = 1009 };

// What a client has said: a message put together from its frames (kText or kBinary), or a control frame.
struct WebSocketEvent {
  Opcode opcode = Opcode::kText;
  std::string payload;  // unmasked
};

// Events out of a connection's bytes, however they were cut.
//
// A pure core. Owner: one connection. Invariants: holds at most one message and one frame; allots memory as bytes
// arrive, not as a length promises. After error() it is not to be used again.
class WebSocketReader {
 public:
  explicit WebSocketReader(std::size_t max_message_bytes) : max_message_bytes_(max_message_bytes) {}

  // Takes bytes off the front of `input` until something was said or input is empty.
  std::optional<WebSocketEvent> take(std::string_view& input);
  const std::optional<CloseCode>& error() const { return error_; }

 private:
  struct Head {
    Opcode opcode = Opcode::kText;
    bool is_last = true;
    std::size_t length = 0;
  };

  bool take_head(std::string_view& input);
  void check_head(std::uint8_t flags, std::uint64_t length, bool is_masked);
  void take_payload(std::string_view& input);
  std::optional<WebSocketEvent> finish_frame();
  bool is_control() const { return head_.opcode >= Opcode::kClose; }
  // Where the bytes of the frame under way belong.
  std::string& payload() { return is_control() ? control_ : message_; }

  const std::size_t max_message_bytes_;
  std::string head_bytes_;  // of a frame whose head is not complete
  bool in_frame_ = false;
  Head head_;
  char mask_[4] = {};
  std::size_t taken_ = 0;  // of the frame's payload
  std::string control_;
  std::string message_;
  std::optional<Opcode> message_opcode_;  // while a message is under way
  std::optional<CloseCode> error_;
};

// A whole frame of the server.
std::string websocket_frame(Opcode opcode, std::string_view payload);
std::string close_frame(CloseCode code);

}  // namespace etcd::gateway
