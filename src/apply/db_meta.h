// What the db says about itself: which entry its state belongs to, the format it has, and whether this program may work
// on it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "bolt/read_tx.h"
#include "bolt/write_tx.h"
#include "cluster/version.h"
#include "raft/types.h"

namespace etcd::apply {

struct DbMeta {
  LogIndex index;  // of the last entry in the state; 0 in a new db
  Term term;
  std::optional<cluster::Version> storage_version;  // nothing: 3.5's, or new
};

// Errors: kCorrupt for a value of the wrong form.
Result<DbMeta> read_db_meta(const bolt::ReadTx& db);
// kUnsupported if the db is of a storage version that can't be brought to this program's.
Status check_supported(const DbMeta& meta);

Status write_storage_version(bolt::Bucket& meta, const std::optional<cluster::Version>& version);
// {"voters":[1],"learners":[2],"auto_leave":false}: as Go writes it.
std::string conf_state_json(const raft::ConfState& state);

std::string big_endian(std::uint64_t number);
// kCorrupt unless it is 8 bytes.
Result<std::uint64_t> parse_big_endian(std::string_view bytes);

}  // namespace etcd::apply
