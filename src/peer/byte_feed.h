// ByteFeed: bytes that arrive cut anywhere, taken in pieces whose lengths the taker knows. Pure.
//
// What lies whole in one arrival is shared with it, not copied; only a piece that was cut is put together. Memory grows with the bytes that came,
// never with a length that somebody claimed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace etcd::peer {

class ByteFeed {
 public:
  void add(base::SharedBytes bytes);
  // The next `count` bytes; nothing until so many have come.
  std::optional<base::SharedBytes> take(std::size_t count);
  // The same for a big-endian 64-bit number.
  std::optional<std::uint64_t> take_number();
  // All that is left.
  base::SharedBytes take_rest();
  std::size_t size() const { return rest_.size() + gathered_.size(); }

 private:
  base::SharedBytes rest_;  // of the last arrival
  std::string gathered_;    // follows rest_; the parts of a piece that was cut
};

// Appends `number` as eight bytes, the highest first.
void append_number(std::uint64_t number, base::Rope& out);

}  // namespace etcd::peer
