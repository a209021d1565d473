#include "rpc/message_batch.h"

#include <limits>

#include "base/check.h"
#include "rpc/message_reader.h"
#include "rpc/output.h"

namespace etcd::rpc {

void MessageBatch::begin(std::size_t bytes) {
  CHECK(bytes <= std::numeric_limits<std::int32_t>::max(), bytes);
  const auto prefix = message_prefix(bytes);
  framed_.append(std::string_view(prefix.data(), prefix.size()));
  ++count_;
}

std::size_t MessageBatch::payload_size() const {
  return framed_.size() - count_ * OutputQueue::kHeadBytes;
}

base::Rope MessageBatch::take_framed() {
  count_ = 0;
  return std::exchange(framed_, {});
}

std::vector<base::Rope> MessageBatch::take_messages() {
  const std::string all = take_framed().flatten();
  std::vector<base::Rope> messages;
  MessageReader reader;
  reader.reset(std::numeric_limits<std::int32_t>::max(), Encoding::kIdentity);
  for (std::string_view rest = all; auto message = reader.take(rest);) {
    messages.emplace_back().append(std::move(*message));
  }
  return messages;
}

}  // namespace etcd::rpc
