// The transactions of the Lock and Election services: each compares when one key was created.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace etcd::api {

// Encoded RequestOps.
std::string put_op(std::string_view key, std::string_view value, LeaseId lease);
std::string get_op(std::string_view key);
std::string delete_op(std::string_view key);
// The key under `prefix` that was created first.
std::string oldest_op(std::string_view prefix);

// An encoded TxnRequest: `success` if `key` was created at `created` (0: does not exist), else `failure`.
struct CreatedTxn {
  std::string_view key;
  Revision created;
  std::vector<std::string> success;
  std::vector<std::string> failure;
};
std::string encode(const CreatedTxn& txn);

// What is of interest in a TxnResponse. The views lie in `bytes`.
struct TxnAnswer {
  base::SharedBytes bytes;
  std::string_view header;  // encoded ResponseHeader
  Revision revision;        // the header's
  bool succeeded = false;
  std::vector<std::string_view> first_kvs;  // of each operation: the first KeyValue of a range's answer, else empty
};
// kCorrupt if it is none.
Result<TxnAnswer> decode_txn_answer(base::SharedBytes response);

// The end of the range of all keys that begin with `prefix`, as clients give it.
std::string prefix_end(std::string_view prefix);
// "name/1f": where a contender with that lease puts its key.
std::string contender_key(std::string_view prefix, LeaseId lease);

}  // namespace etcd::api
