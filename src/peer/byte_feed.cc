#include "peer/byte_feed.h"

#include <utility>

namespace etcd::peer {

namespace {

constexpr std::size_t kNumberBytes = 8;

}  // namespace

void ByteFeed::add(base::SharedBytes bytes) {
  if (size() == 0) {
    rest_ = std::move(bytes);
  } else {
    gathered_.append(bytes.view());
  }
}

std::optional<base::SharedBytes> ByteFeed::take(std::size_t count) {
  if (size() < count) {
    if (gathered_.empty()) {
      gathered_.assign(rest_.view());
      rest_ = {};
    }
    return std::nullopt;
  }
  if (rest_.size() < count) {
    gathered_.insert(0, rest_.view());
    rest_ = base::SharedBytes(std::exchange(gathered_, std::string()));
  }
  base::SharedBytes taken = rest_.slice(0, count);
  rest_ = rest_.slice(count, rest_.size() - count);
  return taken;
}

std::optional<std::uint64_t> ByteFeed::take_number() {
  const auto bytes = take(kNumberBytes);
  if (!bytes) return std::nullopt;
  std::uint64_t number = 0;
  for (const char byte : bytes->view()) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

base::SharedBytes ByteFeed::take_rest() { return *take(size()); }

void append_number(std::uint64_t number, base::Rope& out) {
  char bytes[kNumberBytes];
  for (std::size_t i = kNumberBytes; i-- > 0; number >>= 8) bytes[i] = static_cast<char>(number & 0xff);
  out.append(std::string_view(bytes, kNumberBytes));
}

}  // namespace etcd::peer
