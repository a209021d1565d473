// Model: etcd's KV and lease semantics as simply as they can be: the whole history, maps, and no care for speed.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "apply/request.h"
#include "base/result.h"

namespace etcd::apply::testing {

class Model {
 public:
  // Each applies a request and returns what testing/describe.h makes of the response, or of the error.
  std::string range(const RangeRequest& request) const;
  std::string put(const PutRequest& request);
  std::string delete_range(const DeleteRangeRequest& request);
  std::string txn(const TxnRequest& request);
  std::string compact(std::int64_t revision);
  std::string grant(std::int64_t id, std::int64_t ttl_s);
  std::string revoke(std::int64_t id);

  std::int64_t revision() const { return revision_; }

 private:
  struct Value {
    std::string value;
    std::int64_t create = 0, mod = 0, version = 0, lease = 0;
  };
  using Keys = std::map<std::string, Value>;

  static std::string text(const std::string& key, const Value& value);
  static bool in_range(std::string_view key, std::string_view begin, std::string_view end);
  static bool holds(const Compare& compare, const Value& value);
  bool all_hold(const TxnRequest& request, const TxnRequest::Part& part) const;
  // Runs a branch on copies; the error of its first operation that can't be done.
  Status check(const TxnRequest& request, std::uint32_t part) const;
  std::string run(const TxnRequest& request, std::uint32_t part, bool outermost);
  std::string run_put(const PutRequest& request);
  std::string run_delete(const DeleteRangeRequest& request);
  std::string run_range(const RangeRequest& request) const;
  Status check_put(const PutRequest& request) const;
  std::int64_t current() const { return changed_ ? revision_ + 1 : revision_; }
  // Ends a write: what changed becomes the next revision.
  void commit();

  std::int64_t revision_ = 1;
  std::int64_t compacted_ = -1;
  bool changed_ = false;
  Keys keys_;
  std::map<std::int64_t, Keys> history_{{1, {}}};
  std::map<std::int64_t, std::int64_t> leases_;  // id -> ttl
  std::map<std::uint32_t, bool> way_;            // of the transaction at work: part -> succeeded
};

}  // namespace etcd::apply::testing
