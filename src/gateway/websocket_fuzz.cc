// Any bytes as a WebSocket client's: the same is understood however they are cut, and never more than was sent.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "gateway/websocket_frames.h"

namespace {

std::vector<std::string> read(std::string_view bytes, std::size_t step) {
  etcd::gateway::WebSocketReader reader(64 * 1024);
  std::vector<std::string> events;
  for (; !bytes.empty() && !reader.error(); bytes.remove_prefix(std::min(step, bytes.size()))) {
    std::string_view piece = bytes.substr(0, step);
    while (auto event = reader.take(piece))
      events.push_back(std::to_string(static_cast<int>(event->opcode)) + event->payload);
  }
  if (reader.error()) events.push_back("error " + std::to_string(static_cast<int>(*reader.error())));
  return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = read(bytes, size + 1);
  CHECK(whole == read(bytes, 1));
  CHECK(whole == read(bytes, 7));
  std::size_t said = 0;
  for (const std::string& event : whole) said += event.starts_with("error") ? 0 : event.size() - 1;
  CHECK(said <= size, said, size);
  return 0;
}
