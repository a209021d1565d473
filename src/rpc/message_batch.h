// MessageBatch: several messages on their way to one stream. They are framed as they are added, one behind the other, so
// that many small ones cost little more than their bytes.
//
// Owner: whoever fills it, until StreamCall::send().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace etcd::rpc {

class MessageBatch {
 public:
  // Begins a message of exactly `bytes` bytes (below 2^31), which the caller appends next.
  void begin(std::size_t bytes);
  void append(std::string_view bytes) { framed_.append(bytes); }
  // Shares what is large.
  void append(base::SharedBytes bytes) { framed_.append(std::move(bytes)); }

  bool empty() const { return count_ == 0; }
  std::uint32_t count() const { return count_; }
  // Of all messages, framing included.
  std::size_t size() const { return framed_.size(); }
  // Of the messages alone.
  std::size_t payload_size() const;

  // Each takes all that is in it: as one piece for the wire, or message by message.
  base::Rope take_framed();
  std::vector<base::Rope> take_messages();

 private:
  base::Rope framed_;
  std::uint32_t count_ = 0;
};

}  // namespace etcd::rpc
