// Member records and conf change contexts come from disk and from other members.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "cluster/alarms.h"
#include "cluster/member.h"
#include "cluster/version.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto change = etcd::cluster::parse_member_change(bytes)) {
    // What was read is stored, and must be readable again.
    const auto again = etcd::cluster::parse_member(etcd::cluster::member_json(change->member));
    CHECK(again.has_value() && *again == change->member);
  }
  etcd::cluster::AlarmSet alarms;
  (void)alarms.load(bytes);
  (void)etcd::cluster::parse_version(bytes);
  return 0;
}
