// KvWriter: one write transaction on the key space and the leases, with the responses of its operations.
//
// Owner: the state machine, for the length of one request. Everything that can be refused has been (apply/branches.h)
// before one is made: from here on there is no way back, and damage of the db found in the middle ends the process
// (CHECK), since half a transaction is no state that any other member has.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "apply/branches.h"
#include "apply/operation_counts.h"
#include "apply/request.h"
#include "apply/response.h"
#include "base/bytes.h"
#include "lease/lessor.h"
#include "mvcc/key_value.h"
#include "mvcc/store.h"

namespace etcd::apply {

class KvWriter {
 public:
  // Without `wants_responses` ranges do not run and every Rope returned is empty.
  KvWriter(mvcc::Store& store, lease::Lessor& lessor, bool wants_responses)
      : txn_(store.begin()), lessor_(lessor), wants_responses_(wants_responses) {}

  // The encoded responses; their header is `header` with the revision of the moment.
  base::Rope put(const PutRequest& request, ResponseHeader header);
  base::Rope delete_range(const DeleteRangeRequest& request, ResponseHeader header);
  base::Rope txn(const TxnRequest& request, const Branches& branches, ResponseHeader header);
  // Deletes each of the keys. They may be views of the lessor's.
  void delete_keys(const std::vector<std::string_view>& keys);

  // Ends the transaction; must be called.
  Revision commit() { return txn_.commit(); }
  // What was done so far; the ranges with those for previous values. Of these, how many were for puts.
  const OperationCounts& counts() const { return counts_; }
  std::uint64_t looks_before_puts() const { return looks_before_puts_; }

 private:
  struct Previous {
    std::string_view bytes;
    mvcc::KeyValue kv;
  };

  base::Rope range(const RangeRequest& request, ResponseHeader header);
  base::Rope run_part(const TxnRequest& request, const Branches& branches, std::uint32_t part);
  base::Rope run_op(const TxnRequest& request, const Branches& branches, const TxnOp& op);
  std::optional<Previous> previous(std::string_view key) const;
  std::string_view read(RevisionPair revision) const;

  mvcc::WriteTxn txn_;
  lease::Lessor& lessor_;
  bool wants_responses_;
  OperationCounts counts_;
  std::uint64_t looks_before_puts_ = 0;
};

}  // namespace etcd::apply
