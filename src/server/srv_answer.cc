#include "server/srv_answer.h"

#include <arpa/nameser.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <utility>

namespace etcd::server {

namespace {

constexpr std::size_t kMaxMessageBytes = 64 * 1024;

tl::unexpected<Error> malformed() { return fail(Errc::kInvalid, "cannot unmarshal DNS message"); }

// The record's data: priority, weight, port, target.
Result<std::pair<SrvRecord, std::uint16_t>> read_record(const ns_msg& message, const ns_rr& record) {
  constexpr std::size_t kHeadBytes = 6;
  if (ns_rr_rdlen(record) <= kHeadBytes) return malformed();
  const unsigned char* const data = ns_rr_rdata(record);
  const auto number = [&](std::size_t at) { return static_cast<std::uint16_t>(data[at] << 8 | data[at + 1]); };
  std::array<char, NS_MAXDNAME> name{};
  const int target_bytes = ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), data + kHeadBytes, name.data(), name.size());
  if (target_bytes < 0 || kHeadBytes + static_cast<std::size_t>(target_bytes) != ns_rr_rdlen(record)) return malformed();
  return std::pair(SrvRecord{name.data(), number(4)}, number(0));
}

}  // namespace

Result<std::vector<SrvRecord>> read_srv_answer(std::span<const unsigned char> answer) {
  ns_msg message;
  if (answer.size() > kMaxMessageBytes || ns_initparse(answer.data(), static_cast<int>(answer.size()), &message) < 0) return malformed();
  std::vector<std::pair<SrvRecord, std::uint16_t>> records;
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    ns_rr record;
    if (ns_parserr(&message, ns_s_an, i, &record) < 0) return malformed();
    if (ns_rr_type(record) != ns_t_srv) continue;
    TRY_ASSIGN(auto one, read_record(message, record));
    records.push_back(std::move(one));
  }
  std::ranges::stable_sort(records, {}, &std::pair<SrvRecord, std::uint16_t>::second);
  std::vector<SrvRecord> out;
  for (auto& [record, priority] : records) out.push_back(std::move(record));
  return out;
}

}  // namespace etcd::server
