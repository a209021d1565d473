// Reading many records of a view at once.
#pragma once

#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace etcd::mvcc {

class ReadView;

// The encoded KeyValues at `revisions`, in their order, valid as long as the view. Keys that lie beside each other were
// rarely written one after the other: many revisions are looked up in order of revision, so that the walk over the db
// goes forward. Errors: kCorrupt if one is missing.
Result<std::vector<std::string_view>> read_records(const ReadView& view, const std::vector<RevisionPair>& revisions);

}  // namespace etcd::mvcc
