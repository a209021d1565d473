// The place of a new permission among those of a role: where Go's members put it.
#pragma once

#include <vector>

#include "auth/records.h"

namespace etcd::auth {

// Adds `added` to `permissions`, which are sorted by key.
//
// etcd appends and sorts by key with Go's sort.Sort, which is not stable. Where a role has several permissions of one key
// (a key and the prefix that begins with it), their order is what that algorithm happens to leave - and it is written to
// the db, shown to clients, and decides which of them a later grant replaces. So it must be the same here.
void insert_permission(std::vector<Permission>& permissions, Permission added);

}  // namespace etcd::auth
