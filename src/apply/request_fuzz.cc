// Requests come from clients and entries from other members: every decoder and every check on any bytes.
#include <cstdint>
#include <string_view>

#include "apply/check.h"
#include "apply/request.h"
#include "base/check.h"

namespace {

bool lies_in(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace etcd::apply;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto range = decode_range(bytes)) (void)check_range_stream(*range);
  if (const auto put = decode_put(bytes)) {
    CHECK(lies_in(put->key, bytes) && lies_in(put->value, bytes));
    (void)check_put(*put);
  }
  if (const auto del = decode_delete_range(bytes)) (void)check_delete_range(*del);
  if (const auto txn = decode_txn(bytes)) {
    CHECK(!txn->parts.empty());
    CHECK(check_txn(*txn, 128).has_value() || quota_cost(*txn) >= 0);
    (void)txn->is_serializable();
  }
  (void)decode_compaction(bytes);
  (void)decode_lease_grant(bytes);
  (void)decode_lease_checkpoint(bytes);
  (void)decode_alarm(bytes);
  (void)decode_internal(bytes);
  return 0;
}
