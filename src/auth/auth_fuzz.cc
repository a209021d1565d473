// Any bytes as a record or as a request: never undefined, and what is read is written again as the same.
#include <cstdint>
#include <string_view>

#include "auth/base64.h"
#include "auth/records.h"
#include "auth/request.h"
#include "base/check.h"

namespace {

using namespace etcd;

constexpr std::uint32_t kFields[] = {1000, 1011, 1012, 1013, 1100, 1101, 1102, 1103, 1104,
                                     1105, 1106, 1107, 1200, 1201, 1202, 1203, 1204};

void try_records(std::string_view bytes) {
  if (const auto user = auth::decode_user(bytes)) {
    const auto again = auth::decode_user(auth::encode(*user));
    CHECK(again && *again == *user);
  }
  if (const auto role = auth::decode_role(bytes)) {
    const auto again = auth::decode_role(auth::encode(*role));
    CHECK(again && *again == *role);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try_records(bytes);
  for (const std::uint32_t field : kFields) {
    CHECK(auth::is_request(field), field);
    (void)auth::decode_request(field, bytes);
  }
  (void)auth::decode_authenticate(bytes);
  if (const auto decoded = auth::base64_decode(bytes)) CHECK(auth::base64_decode(auth::base64_encode(*decoded)) == *decoded);
  return 0;
}
