// OperationCounts: operations on the key space, counted as etcd counts them (etcd_mvcc_*_total).
//
// etcd counts within each of its transactions on the key space. A transaction request makes two of them if it writes:
// one that compares and checks, and one that does the work. A compare and a look at a previous value is a range, too.
#pragma once

#include <cstdint>

namespace etcd::apply {

struct OperationCounts {
  std::uint64_t ranges = 0;
  std::uint64_t puts = 0;
  std::uint64_t deletes = 0;       // requests, whatever they hit
  std::uint64_t transactions = 0;  // those that had more than one operation
  std::uint64_t put_bytes = 0;     // of keys and values

  // Adds what one transaction did.
  void add_transaction(const OperationCounts& one) {
    ranges += one.ranges;
    puts += one.puts;
    deletes += one.deletes;
    put_bytes += one.put_bytes;
    if (one.ranges + one.puts + one.deletes > 1) ++transactions;
  }

  friend bool operator==(const OperationCounts&, const OperationCounts&) = default;
};

}  // namespace etcd::apply
