// Any text as the body of any gateway request: cut into values, each taken as a message, and what was taken written
// again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "gateway/json_splitter.h"
#include "gateway/messages.h"
#include "gateway/routes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace etcd::gateway;
  static const Messages kMessages;
  if (size < 2) return 0;
  const MethodMessages& messages = kMessages.of(routes()[data[0] % routes().size()].method);
  const std::size_t step = data[1] + std::size_t{1};
  std::string_view text(reinterpret_cast<const char*>(data + 2), size - 2);
  JsonSplitter splitter;
  for (std::string_view value;;) {
    const auto found = splitter.next(value);
    if (found == JsonSplitter::Found::kEnd || found == JsonSplitter::Found::kError) return 0;
    if (found == JsonSplitter::Found::kNothingYet) {
      splitter.append(text.substr(0, step));
      text.remove_prefix(std::min(step, text.size()));
      if (text.empty()) splitter.end();
      continue;
    }
    const auto encoded = messages.request.encode(value);
    if (!encoded) continue;
    const auto json = messages.request.to_json(*encoded);
    CHECK(json.has_value(), value);
    const auto again = messages.request.encode(*json);
    CHECK(again.has_value() && *again == *encoded, value, *json);
  }
}
