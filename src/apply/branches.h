// What a transaction decides before it does anything: which branch each of its parts takes, and whether everything on
// that way can be done.
#pragma once

#include <cstdint>
#include <vector>

#include "apply/request.h"
#include "base/result.h"

namespace etcd::lease {
class Lessor;
}
namespace etcd::mvcc {
class ReadView;
}

namespace etcd::apply {

// How a transaction will run. Parts that are nested in a branch not taken keep kUnreached.
class Branches {
 public:
  enum class Way : std::uint8_t { kUnreached, kSuccess, kFailure };

  // Evaluates the compares of every part on the way, on the state before the transaction. Errors: kCorrupt (the db is
  // damaged).
  static Result<Branches> choose(const mvcc::ReadView& state, const TxnRequest& request);

  bool succeeded(std::uint32_t part) const { return ways_[part] == Way::kSuccess; }
  // The operations of `part` that run.
  const TxnRequest::Slice& taken(const TxnRequest& request, std::uint32_t part) const {
    return succeeded(part) ? request.parts[part].success : request.parts[part].failure;
  }
  // How many compares were evaluated: of each part those up to the first that does not hold.
  std::uint64_t compares() const { return compares_; }

 private:
  explicit Branches(std::size_t parts) : ways_(parts, Way::kUnreached) {}

  std::vector<Way> ways_;
  std::uint64_t compares_ = 0;
};

// Whether the operations on the way can all be done, in their order: kLeaseNotFound, kKeyNotFound (ignore_value or
// ignore_lease on a key that is not there), kCompacted, kFutureRevision. Every member answers alike, before any effect.
Status check_operations(const mvcc::ReadView& state, const lease::Lessor& lessor, const TxnRequest& request,
                        const Branches& branches);
Status check_operation(const mvcc::ReadView& state, const lease::Lessor& lessor, const PutRequest& put);

}  // namespace etcd::apply
