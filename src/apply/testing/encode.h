// Requests for tests, encoded as clients do.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "apply/request.h"
#include "base/wire.h"

namespace etcd::apply::testing {

inline std::string encode(const RangeRequest& request) {
  std::string out;
  base::WireWriter writer(out);
  writer.bytes_if(1, request.key);
  writer.bytes_if(2, request.range_end);
  writer.int64_if(3, request.limit);
  writer.int64_if(4, request.revision);
  writer.int64_if(5, static_cast<std::int64_t>(request.sort_order));
  writer.int64_if(6, static_cast<std::int64_t>(request.sort_target));
  writer.bool_if(7, request.serializable);
  writer.bool_if(8, request.keys_only);
  writer.bool_if(9, request.count_only);
  writer.int64_if(10, request.min_mod_revision);
  writer.int64_if(11, request.max_mod_revision);
  writer.int64_if(12, request.min_create_revision);
  writer.int64_if(13, request.max_create_revision);
  return out;
}

inline std::string encode(const PutRequest& request) {
  std::string out;
  base::WireWriter writer(out);
  writer.bytes_if(1, request.key);
  writer.bytes_if(2, request.value);
  writer.int64_if(3, request.lease.value);
  writer.bool_if(4, request.prev_kv);
  writer.bool_if(5, request.ignore_value);
  writer.bool_if(6, request.ignore_lease);
  return out;
}

inline std::string encode(const DeleteRangeRequest& request) {
  std::string out;
  base::WireWriter writer(out);
  writer.bytes_if(1, request.key);
  writer.bytes_if(2, request.range_end);
  writer.bool_if(3, request.prev_kv);
  return out;
}

inline std::string encode(const CompactionRequest& request) {
  std::string out;
  base::WireWriter writer(out);
  writer.int64_if(1, request.revision);
  writer.bool_if(2, request.physical);
  return out;
}

inline std::string encode(const LeaseGrantRequest& request) {
  std::string out;
  base::WireWriter writer(out);
  writer.int64_if(1, request.ttl_s);
  writer.int64_if(2, request.id.value);
  return out;
}

inline std::string encode(const Compare& compare) {
  std::string out;
  base::WireWriter writer(out);
  writer.int64_if(1, static_cast<std::int64_t>(compare.result));
  writer.int64_if(2, static_cast<std::int64_t>(compare.target));
  writer.bytes_if(3, compare.key);
  // The members of the union are written even when zero.
  switch (compare.operand) {
    case Compare::Operand::kNone:
      break;
    case Compare::Operand::kVersion:
      writer.int64(4, compare.number);
      break;
    case Compare::Operand::kCreate:
      writer.int64(5, compare.number);
      break;
    case Compare::Operand::kMod:
      writer.int64(6, compare.number);
      break;
    case Compare::Operand::kValue:
      writer.bytes(7, compare.value);
      break;
    case Compare::Operand::kLease:
      writer.int64(8, compare.number);
      break;
  }
  writer.bytes_if(64, compare.range_end);
  return out;
}

// Puts a TxnRequest together.
class TxnBuilder {
 public:
  TxnBuilder& compare(const Compare& compare) { return field(1, encode(compare)); }
  template <typename Request>
  TxnBuilder& success(const Request& request) {
    return field(2, op(request));
  }
  template <typename Request>
  TxnBuilder& failure(const Request& request) {
    return field(3, op(request));
  }
  const std::string& bytes() const { return bytes_; }

  static std::string op(const RangeRequest& request) { return member(1, encode(request)); }
  static std::string op(const PutRequest& request) { return member(2, encode(request)); }
  static std::string op(const DeleteRangeRequest& request) { return member(3, encode(request)); }
  static std::string op(const TxnBuilder& nested) { return member(4, nested.bytes()); }
  // A RequestOp that is encoded already.
  static std::string op(std::string encoded) { return encoded; }

 private:
  static std::string member(std::uint32_t number, std::string_view request) {
    std::string out;
    base::WireWriter(out).bytes(number, request);
    return out;
  }
  TxnBuilder& field(std::uint32_t number, std::string_view bytes) {
    base::WireWriter(bytes_).bytes(number, bytes);
    return *this;
  }

  std::string bytes_;
};

// A compare of one key: name the operand by the target.
inline Compare compare_value(std::string_view key, std::string_view value) {
  Compare compare;
  compare.target = CompareTarget::kValue;
  compare.key = key;
  compare.operand = Compare::Operand::kValue;
  compare.value = value;
  return compare;
}

inline Compare compare_number(CompareTarget target, std::string_view key, CompareResult result, std::int64_t number) {
  constexpr Compare::Operand kOperands[] = {Compare::Operand::kVersion, Compare::Operand::kCreate,
                                            Compare::Operand::kMod, Compare::Operand::kNone, Compare::Operand::kLease};
  Compare compare;
  compare.result = result;
  compare.target = target;
  compare.key = key;
  compare.operand = kOperands[static_cast<std::size_t>(target)];
  compare.number = number;
  return compare;
}

}  // namespace etcd::apply::testing
