// Bytes that a member, or whoever answers in its place, sends back over HTTP/1.x, cut as the first byte says.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "rpc/h1_response_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using etcd::rpc::H1ResponseParser;
  using State = H1ResponseParser::State;
  constexpr std::size_t kMaxHeadBytes = 1000;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = std::max<std::size_t>(1, data[0]);
  H1ResponseParser parser(kMaxHeadBytes);
  State state = State::kHead;
  std::string rest;
  std::size_t body_bytes = 0;
  for (std::size_t at = 0; at < bytes.size() && state != State::kComplete && state != State::kFailed; at += step) {
    rest += bytes.substr(at, step);
    std::string_view input = rest;
    state = parser.feed(input);
    rest = std::string(input);
    if (state == State::kFailed) return 0;
    body_bytes += parser.take_body().size();
    CHECK(state != State::kHead || rest.size() <= kMaxHeadBytes, rest.size());
    if (rest.size() > kMaxHeadBytes) return 0;  // as HttpClientCall ends it: the line before a chunk has no bound of Beast's
  }
  CHECK(body_bytes <= bytes.size(), body_bytes, bytes.size());
  if (state == State::kBody || state == State::kComplete) {
    (void)parser.status();
    (void)parser.fields();
  }
  if (state != State::kComplete) (void)parser.input_ended();
  return 0;
}
