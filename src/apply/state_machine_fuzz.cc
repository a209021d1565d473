// Any sequence of entries: what passes the checks of the api is applied, and what can't be applied changes nothing.
#include <cstdint>
#include <string>
#include <string_view>

#include "apply/check.h"
#include "apply/state_machine.h"
#include "base/check.h"
#include "base/testing/crash_fs.h"
#include "bolt/db.h"

namespace {

using namespace etcd;

// The api lets only such requests into the log.
bool passes_the_api(const apply::AnyRequest& request) {
  if (const auto* range = std::get_if<apply::RangeRequest>(&request)) return apply::check_range(*range).has_value();
  if (const auto* put = std::get_if<apply::PutRequest>(&request)) return apply::check_put(*put).has_value();
  if (const auto* del = std::get_if<apply::DeleteRangeRequest>(&request))
    return apply::check_delete_range(*del).has_value();
  if (const auto* txn = std::get_if<apply::TxnRequest>(&request)) return apply::check_txn(*txn, 128).has_value();
  return true;
}

bool may_be_in_the_log(std::string_view data) {
  const auto decoded = apply::decode_internal(data);
  return !decoded || passes_the_api(decoded->request);
}

}  // namespace

// The input is a sequence of entries: a byte for type and options, one for the length, the data.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  base::CrashFs disk;
  bolt::Options options;
  options.map_bytes = 64 << 20;
  options.growth_bytes = 64 * 1024;
  auto db = bolt::Db::open(disk, "/db", options);
  CHECK(db.has_value());
  auto machine = apply::StateMachine::open((*db)->begin_read(), {.cluster = ClusterId(1), .member = MemberId(1)});
  CHECK(machine.has_value());
  while (rest.size() >= 2) {
    const auto kind = static_cast<unsigned char>(rest[0]);
    const std::size_t length = std::min<std::size_t>(static_cast<unsigned char>(rest[1]), rest.size() - 2);
    raft::Entry entry;
    entry.index = (*machine)->applied().next();
    entry.term = Term(1);
    entry.type = static_cast<raft::EntryType>(kind % 3);
    entry.data = base::SharedBytes(std::string(rest.substr(2, length)));
    rest.remove_prefix(2 + length);
    if (entry.type == raft::EntryType::kNormal && !may_be_in_the_log(entry.data.view())) continue;
    const LogIndex before = (*machine)->applied();
    const auto applied = (*machine)->apply(entry, {.wants_reply = (kind & 64) != 0, .now_ns = kind});
    CHECK((*machine)->applied() == (applied ? entry.index : before));
    if ((kind & 128) != 0) (*machine)->publish();
  }
  apply::Flush flush = (*machine)->take_flush();
  auto tx = (*db)->begin_write();
  CHECK(tx && flush.write_to(*tx) && tx->commit());
  CHECK((*machine)->flushed(std::move(flush), (*db)->begin_read(), 0).has_value());
  const auto again = apply::StateMachine::open((*db)->begin_read(), {.cluster = ClusterId(1), .member = MemberId(1)});
  CHECK(again && (*again)->applied() == (*machine)->applied() &&
        (*again)->store().revision() == (*machine)->store().revision());
  return 0;
}
