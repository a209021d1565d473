// Header texts of any bytes: what is encoded comes back, what is accepted is in range.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/wire.h"
#include "rpc/grpc_text.h"
#include "rpc/http_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace etcd::rpc;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto timeout = parse_timeout(text)) CHECK(*timeout >= 0);
  const std::string encoded = encode_message(text);
  for (const char c : encoded) CHECK(c >= ' ' && c <= '~');
  if (etcd::base::is_utf8(text)) CHECK(decode_message(encoded) == text);
  (void)decode_message(text);
  CHECK(*decode_binary(encode_binary(text)) == text);
  (void)decode_binary(text);
  (void)content_subtype(text);
  HttpRequest request;
  if (set_target(request, text)) (void)request.query_values("a");
  return 0;
}
