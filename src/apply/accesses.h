// What a request reads and writes, as ranges of keys: all that decides who may ask for it.
//
// One list for the api and for apply, judged by one function (auth::View::check). A transaction's list has every compare
// and every operation of both branches, at any depth, whichever of them will run: what may be asked for must not depend
// on what the keys hold.
#pragma once

#include <vector>

#include "apply/request.h"
#include "auth/identity.h"

namespace etcd::lease {
class Lessor;
}

namespace etcd::apply {

// Borrows the request's bytes, and the lessor's for keys of leases: valid as long as neither changes.
using Accesses = std::vector<auth::Access>;

inline auth::Access access_of(const RangeRequest& request) {
  return {.kind = auth::Access::Kind::kRead, .key = request.key, .range_end = request.range_end};
}

// These append to `out`. `lessor` tells the keys attached to a lease: who attaches one more must be able to write those,
// since it could not end the lease otherwise. Null: leases are not looked at (a request that only reads names none).
void append_accesses(const RangeRequest& request, Accesses& out);
void append_accesses(const PutRequest& request, const lease::Lessor* lessor, Accesses& out);
void append_accesses(const DeleteRangeRequest& request, Accesses& out);
void append_accesses(const TxnRequest& request, const lease::Lessor* lessor, Accesses& out);
void append_accesses(const LeaseRevokeRequest& request, const lease::Lessor* lessor, Accesses& out);
// Of any entry's request; those about other things than keys have none.
void append_accesses(const AnyRequest& request, const lease::Lessor* lessor, Accesses& out);

}  // namespace etcd::apply
