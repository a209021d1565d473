// MessageReader: gRPC's length-prefixed messages out of the DATA of one stream, however the client cut it.
//
// Format: 1 byte flag (0 plain, 1 compressed), 4 bytes big-endian length, the message. A pure core: bytes in, messages
// out. Owner: one exchange. Invariants: never holds more than one message; allots memory as bytes arrive, not as the
// prefix promises. Errors are grpc-go's, code and text; after one the reader is not to be used again.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "rpc/status.h"

namespace etcd::rpc {

// What the request's grpc-encoding says.
enum class Encoding : std::uint8_t { kIdentity, kGzip };

class MessageReader {
 public:
  // Ready for a new stream. `max_message_bytes` bounds a message as sent and as inflated.
  void reset(std::size_t max_message_bytes, Encoding encoding);

  // Takes bytes off the front of `input` until a message is complete (then it is returned and the rest of `input` left)
  // or input is empty.
  std::optional<base::SharedBytes> take(std::string_view& input);
  // Set once a message was not acceptable.
  const std::optional<GrpcStatus>& error() const { return error_; }
  // Bytes of an unfinished message that are held here.
  std::size_t held_bytes() const { return block_ ? filled_ : prefix_filled_; }
  bool is_empty() const { return prefix_filled_ == 0; }

 private:
  static constexpr std::size_t kPrefixBytes = 5;

  void take_prefix(std::string_view& input);
  void check_prefix();
  void gather(std::string_view& input);
  std::optional<base::SharedBytes> finish(base::SharedBytes message);

  std::size_t max_message_bytes_ = 0;
  Encoding encoding_ = Encoding::kIdentity;
  std::array<unsigned char, kPrefixBytes> prefix_{};
  std::uint8_t prefix_filled_ = 0;
  std::uint32_t length_ = 0;       // of the message under way
  std::shared_ptr<char[]> block_;  // its bytes so far
  std::size_t block_bytes_ = 0;
  std::size_t filled_ = 0;
  std::optional<GrpcStatus> error_;
};

// `bytes` in a block of exactly their size.
base::SharedBytes copy_to_block(std::string_view bytes);
// grpc-go's refusal of a message of `bytes` where at most `most` are taken.
GrpcStatus message_too_large(std::uint64_t bytes, std::uint64_t most);
// The prefix of an uncompressed message of `length` bytes (at most 2^32 - 1).
std::array<char, 5> message_prefix(std::size_t length);

}  // namespace etcd::rpc
