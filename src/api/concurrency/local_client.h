// LocalClient: what the Lock and Election services ask of their own server, as a client would: transactions, leases, and the wait for keys to go.
//
// On the loops; each callback runs once, on the loop it was asked on, or within the call. A request passes the checks that a client's passes, and is made
// on behalf of whoever has called the service.
#pragma once

#include <cstdint>
#include <string>

#include "api/auth/callers.h"
#include "api/concurrency/txn.h"
#include "api/context.h"
#include "base/unique_function.h"

namespace etcd::api {

class LocalClient {
 public:
  // `context` and `callers` must outlive it.
  LocalClient(Context& context, Callers& callers, Caller caller) : context_(context), callers_(callers), caller_(std::move(caller)) {}

  using TxnCallback = base::UniqueFunction<void(Result<TxnAnswer>)>;
  // `deadline_ns` as in node::Proposal.
  void txn(const CreatedTxn& txn, std::int64_t deadline_ns, TxnCallback done) const;
  // Nobody waits for the outcome.
  void txn(const CreatedTxn& txn) const;
  // Calls back with the encoded header of the response.
  void erase(std::string_view key, std::int64_t deadline_ns, base::UniqueFunction<void(Result<std::string>)> done) const;
  // `lease`, or if that is 0 a new one that lives for a minute unless somebody renews it.
  void lease_or_new(LeaseId lease, std::int64_t deadline_ns, base::UniqueFunction<void(Result<LeaseId>)> done) const;
  // Whether the caller may read all keys under `prefix`; to be asked after the view was taken that they are read of.
  Status check_read(std::string_view prefix) const;
  // Calls back once the newest view is linearizable as of the call; at once where it is already.
  void when_linearizable(std::int64_t deadline_ns, base::UniqueFunction<void(Status)> done) const;

 private:
  void propose(node::RequestKind kind, std::string request, std::int64_t deadline_ns, node::ProposeCallback done) const;

  Context& context_;
  Callers& callers_;
  Caller caller_;
};

// The encoded KeyValue under `prefix` that was created first; empty if there is none.
Result<std::string> oldest_under(const mvcc::ReadView& view, std::string_view prefix);
// Of those created up to `limit`, the one that was created last.
Result<std::string> newest_under(const mvcc::ReadView& view, std::string_view prefix, Revision limit);
// As the client library that these services are made of in etcd hands errors on: the text stays, the code is lost.
rpc::GrpcStatus client_status(const Error& error);
// An encoded ResponseHeader.
std::string header_at(Context& context, Revision revision);

}  // namespace etcd::api
