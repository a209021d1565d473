// Any bytes, cut any way: the messages must be those of the same bytes in one piece, and never larger than allowed.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "rpc/message_reader.h"

namespace {

constexpr std::size_t kMax = 100'000;

struct Outcome {
  std::vector<std::string> messages;
  std::string error;
  bool operator==(const Outcome&) const = default;
};

Outcome read_all(std::string_view bytes, std::size_t chunk, etcd::rpc::Encoding encoding) {
  etcd::rpc::MessageReader reader;
  reader.reset(kMax, encoding);
  Outcome outcome;
  while (!bytes.empty()) {
    std::string_view part = bytes.substr(0, chunk);
    bytes.remove_prefix(part.size());
    while (!part.empty()) {
      if (const auto message = reader.take(part)) {
        CHECK(message->size() <= kMax);
        outcome.messages.emplace_back(message->view());
      }
      if (reader.error()) {
        outcome.error = reader.error()->message;
        return outcome;
      }
    }
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto encoding = data[0] % 2 == 0 ? etcd::rpc::Encoding::kIdentity : etcd::rpc::Encoding::kGzip;
  CHECK(read_all(bytes, bytes.size() + 1, encoding) == read_all(bytes, 1 + data[1], encoding));
  return 0;
}
