#include "gateway/websocket_frames.h"

#include <algorithm>
#include <utility>

namespace etcd::gateway {

namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kReserved = 0x70;
constexpr std::uint8_t kOpcodeBits = 0x0f;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::size_t kMaskBytes = 4;
constexpr std::uint64_t kMaxControlBytes = 125;
constexpr std::uint64_t kShortLength = 126;  // two bytes of length follow
constexpr std::uint64_t kLongLength = 127;   // eight

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

void put_big_endian(std::string& out, std::uint64_t value, int bytes) {
  while (bytes-- > 0) out += static_cast<char>(value >> (8 * bytes) & 0xff);
}

std::size_t length_bytes(std::uint8_t code) {
  return code == kShortLength ? 2 : code == kLongLength ? 8 : 0;
}

bool is_known(std::uint8_t opcode) {
  return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

}  // namespace

std::optional<WebSocketEvent> WebSocketReader::take(std::string_view& input) {
  while (!error_ && (in_frame_ || !input.empty())) {
    if (!in_frame_) {
      in_frame_ = take_head(input);
      continue;
    }
    take_payload(input);
    if (taken_ < head_.length) break;
    if (auto event = finish_frame()) return event;
  }
  return std::nullopt;
}

// True once the frame's head is complete and good.
bool WebSocketReader::take_head(std::string_view& input) {
  const auto want = [&](std::size_t bytes) {
    const std::size_t count = std::min(input.size(), bytes - std::min(bytes, head_bytes_.size()));
    head_bytes_.append(input.substr(0, count));
    input.remove_prefix(count);
    return head_bytes_.size() >= bytes;
  };
  if (!want(2)) return false;
  const auto flags = static_cast<std::uint8_t>(head_bytes_[0]);
  const auto second = static_cast<std::uint8_t>(head_bytes_[1]);
  const std::uint8_t code = second & 0x7f;
  const bool is_masked = (second & kMasked) != 0;
  const std::size_t extra = length_bytes(code);
  if (!want(2 + extra + (is_masked ? kMaskBytes : 0))) return false;
  const std::string_view head = head_bytes_;
  check_head(flags, extra == 0 ? code : big_endian(head.substr(2, extra)), is_masked);
  if (error_) return false;
  std::copy_n(head.substr(2 + extra).data(), kMaskBytes, mask_);
  head_bytes_.clear();
  taken_ = 0;
  return true;
}

void WebSocketReader::check_head(std::uint8_t flags, std::uint64_t length, bool is_masked) {
  const std::uint8_t opcode = flags & kOpcodeBits;
  if ((flags & kReserved) != 0 || !is_known(opcode) || !is_masked) {
    error_ = CloseCode::kProtocolError;
    return;
  }
  head_ = {static_cast<Opcode>(opcode), (flags & kFin) != 0, 0};
  const bool continues = head_.opcode == Opcode::kContinuation;
  if (is_control() ? !head_.is_last || length > kMaxControlBytes : continues != message_opcode_.has_value()) {
    error_ = CloseCode::kProtocolError;
  } else if (!is_control() && length > max_message_bytes_ - message_.size()) {
    error_ = CloseCode::kTooBig;
  } else {
    head_.length = static_cast<std::size_t>(length);
    if (!is_control() && !continues) message_opcode_ = head_.opcode;
  }
}

void WebSocketReader::take_payload(std::string_view& input) {
  const std::size_t count = std::min(input.size(), head_.length - taken_);
  std::string& to = payload();
  for (std::size_t i = 0; i < count; ++i) to += static_cast<char>(input[i] ^ mask_[(taken_ + i) % kMaskBytes]);
  input.remove_prefix(count);
  taken_ += count;
}

std::optional<WebSocketEvent> WebSocketReader::finish_frame() {
  in_frame_ = false;
  if (is_control()) return WebSocketEvent{head_.opcode, std::exchange(control_, {})};
  if (!head_.is_last) return std::nullopt;
  return WebSocketEvent{*std::exchange(message_opcode_, std::nullopt), std::exchange(message_, {})};
}

std::string websocket_frame(Opcode opcode, std::string_view payload) {
  std::string frame;
  frame.reserve(payload.size() + 10);
  frame += static_cast<char>(kFin | static_cast<std::uint8_t>(opcode));
  if (payload.size() < kShortLength) {
    frame += static_cast<char>(payload.size());
  } else if (payload.size() <= 0xffff) {
    frame += static_cast<char>(kShortLength);
    put_big_endian(frame, payload.size(), 2);
  } else {
    frame += static_cast<char>(kLongLength);
    put_big_endian(frame, payload.size(), 8);
  }
  return frame.append(payload);
}

std::string close_frame(CloseCode code) {
  std::string payload;
  put_big_endian(payload, static_cast<std::uint64_t>(code), 2);
  return websocket_frame(Opcode::kClose, payload);
}

}  // namespace etcd::gateway
