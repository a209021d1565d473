#include "rpc/message_reader.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "rpc/gzip.h"

namespace etcd::rpc {

namespace {
constexpr std::size_t kFirstBlock = 64 * 1024;
}  // namespace

void MessageReader::reset(std::size_t max_message_bytes, Encoding encoding) {
  max_message_bytes_ = max_message_bytes;
  encoding_ = encoding;
  prefix_filled_ = 0;
  length_ = 0;
  block_.reset();
  block_bytes_ = filled_ = 0;
  error_.reset();
}

std::optional<base::SharedBytes> MessageReader::take(std::string_view& input) {
  CHECK(!error_, error_->message);
  if (prefix_filled_ < kPrefixBytes) {
    take_prefix(input);
    if (prefix_filled_ < kPrefixBytes || error_) return std::nullopt;
  }
  if (filled_ == 0 && input.size() >= length_) {  // all here: one copy
    const std::string_view whole = input.substr(0, length_);
    input.remove_prefix(length_);
    return finish(copy_to_block(whole));
  }
  gather(input);
  if (filled_ < length_) return std::nullopt;
  const std::string_view whole(block_.get(), length_);
  return finish(base::SharedBytes(std::move(block_), whole));
}

void MessageReader::take_prefix(std::string_view& input) {
  const std::size_t count = std::min(input.size(), kPrefixBytes - prefix_filled_);
  std::copy_n(input.data(), count, prefix_.data() + prefix_filled_);
  input.remove_prefix(count);
  prefix_filled_ = static_cast<std::uint8_t>(prefix_filled_ + count);
  if (prefix_filled_ == kPrefixBytes) check_prefix();
}

void MessageReader::check_prefix() {
  length_ = static_cast<std::uint32_t>(prefix_[1]) << 24 | static_cast<std::uint32_t>(prefix_[2]) << 16 |
            static_cast<std::uint32_t>(prefix_[3]) << 8 | static_cast<std::uint32_t>(prefix_[4]);
  if (length_ > max_message_bytes_) {
    error_ = message_too_large(length_, max_message_bytes_);
  } else if (prefix_[0] == 1 && encoding_ == Encoding::kIdentity) {
    error_ = {GrpcCode::kInternal, "grpc: compressed flag set with identity or empty encoding"};
  } else if (prefix_[0] > 1) {
    error_ = {GrpcCode::kInternal, "grpc: received unexpected payload format " + std::to_string(prefix_[0])};
  }
}

void MessageReader::gather(std::string_view& input) {
  const std::size_t count = std::min<std::size_t>(input.size(), length_ - filled_);
  if (count == 0) return;
  if (filled_ + count > block_bytes_) {
    block_bytes_ = std::min<std::size_t>(length_, std::max({filled_ + count, kFirstBlock, block_bytes_ * 4}));
    auto larger = std::make_shared_for_overwrite<char[]>(block_bytes_);
    if (filled_ > 0) std::memcpy(larger.get(), block_.get(), filled_);
    block_ = std::move(larger);
  }
  std::memcpy(block_.get() + filled_, input.data(), count);
  filled_ += count;
  input.remove_prefix(count);
}

std::optional<base::SharedBytes> MessageReader::finish(base::SharedBytes message) {
  const bool compressed = prefix_[0] == 1;
  prefix_filled_ = 0;
  length_ = 0;
  block_.reset();
  block_bytes_ = filled_ = 0;
  if (!compressed) return message;
  auto inflated = gunzip(message.view(), max_message_bytes_);
  if (!inflated) {
    error_ = {GrpcCode::kInternal, "grpc: failed to decompress the message: " + inflated.error().detail};
    return std::nullopt;
  }
  if (inflated->size() > max_message_bytes_) {
    error_ = {GrpcCode::kResourceExhausted,
              "grpc: received message after decompression larger than max " + std::to_string(max_message_bytes_)};
    return std::nullopt;
  }
  return base::SharedBytes(std::move(*inflated));
}

base::SharedBytes copy_to_block(std::string_view bytes) {
  if (bytes.empty()) return {};
  auto block = std::make_shared_for_overwrite<char[]>(bytes.size());
  std::memcpy(block.get(), bytes.data(), bytes.size());
  const std::string_view view(block.get(), bytes.size());
  return base::SharedBytes(std::move(block), view);
}

std::array<char, 5> message_prefix(std::size_t length) {
  CHECK(length <= UINT32_MAX, length);
  return {0, static_cast<char>(length >> 24), static_cast<char>(length >> 16), static_cast<char>(length >> 8),
          static_cast<char>(length)};
}

GrpcStatus message_too_large(std::uint64_t bytes, std::uint64_t most) {
  return {GrpcCode::kResourceExhausted,
          "grpc: received message larger than max (" + std::to_string(bytes) + " vs. " + std::to_string(most) + ")"};
}

}  // namespace etcd::rpc
