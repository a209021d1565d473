#include "apply/request_text.h"

#include <cstdio>

#include "base/go_text.h"

namespace etcd::apply {

namespace {

// "key:\"a\" limit:5": fields between spaces, those that are zero left out.
class Fields {
 public:
  void bytes(std::string_view name, std::string_view value) {
    if (!value.empty()) add(name, base::go_quote(value));
  }
  void number(std::string_view name, std::int64_t value) {
    if (value != 0) add(name, std::to_string(value));
  }
  void flag(std::string_view name, bool value) {
    if (value) add(name, "true");
  }
  void word(std::string_view name, std::string_view value) {
    if (!value.empty()) add(name, std::string(value));
  }
  void message(std::string_view name, std::string inside) { add(name, "<" + std::move(inside) + ">"); }
  std::string take() { return std::move(text_); }

 private:
  void add(std::string_view name, const std::string& value) {
    if (!text_.empty()) text_ += ' ';
    text_.append(name).append(":").append(value);
  }

  std::string text_;
};

// The name of an enum's value; "" for the first, which is its zero.
template <typename Enum, std::size_t kCount>
std::string_view name_of(Enum value, const std::string_view (&names)[kCount]) {
  const auto number = static_cast<std::size_t>(value);
  return number < kCount ? names[number] : "UNKNOWN";
}

constexpr std::string_view kSortOrders[] = {"", "ASCEND", "DESCEND"};
constexpr std::string_view kSortTargets[] = {"", "VERSION", "CREATE", "MOD", "VALUE"};
constexpr std::string_view kCompareResults[] = {"", "GREATER", "LESS", "NOT_EQUAL"};
constexpr std::string_view kCompareTargets[] = {"", "CREATE", "MOD", "VALUE", "LEASE"};

std::string describe_compare(const Compare& compare) {
  using Operand = Compare::Operand;
  Fields fields;
  fields.word("result", name_of(compare.result, kCompareResults));
  fields.word("target", name_of(compare.target, kCompareTargets));
  fields.bytes("key", compare.key);
  switch (compare.operand) {
    case Operand::kNone: break;
    case Operand::kVersion: fields.number("version", compare.number); break;
    case Operand::kCreate: fields.number("create_revision", compare.number); break;
    case Operand::kMod: fields.number("mod_revision", compare.number); break;
    case Operand::kLease: fields.number("lease", compare.number); break;
    case Operand::kValue: fields.number("value_size", static_cast<std::int64_t>(compare.value.size())); break;
  }
  fields.bytes("range_end", compare.range_end);
  return fields.take();
}

// Describes a transaction part by part; what is nested deeper than anyone reads is left out.
class TxnText {
 public:
  explicit TxnText(const TxnRequest& request) : request_(request) {}

  std::string part(std::size_t place, int depth) const {
    const TxnRequest::Part& part = request_.parts[place];
    std::string compares;
    for (std::uint32_t i = part.compares.begin; i < part.compares.end; ++i) {
      append(compares, describe_compare(request_.compares[i]));
    }
    Fields fields;
    fields.message("compare", std::move(compares));
    fields.message("success", ops(part.success, depth));
    fields.message("failure", ops(part.failure, depth));
    return fields.take();
  }

 private:
  static constexpr int kMaxDepth = 8;

  static void append(std::string& out, const std::string& text) {
    if (!out.empty()) out += ' ';
    out += text;
  }

  std::string ops(const TxnRequest::Slice& slice, int depth) const {
    std::string out;
    for (std::uint32_t i = slice.begin; i < slice.end; ++i) append(out, op(request_.ops[i], depth));
    return out;
  }

  std::string op(const TxnOp& op, int depth) const {
    Fields fields;
    switch (op.kind) {
      case TxnOp::Kind::kNone: break;
      case TxnOp::Kind::kRange: fields.message("request_range", describe(request_.ranges[op.place])); break;
      case TxnOp::Kind::kPut: fields.message("request_put", describe(request_.puts[op.place])); break;
      case TxnOp::Kind::kDeleteRange: fields.message("request_delete_range", describe(request_.deletes[op.place])); break;
      case TxnOp::Kind::kTxn: fields.message("request_txn", depth < kMaxDepth ? part(op.place, depth + 1) : "..."); break;
    }
    return fields.take();
  }

  const TxnRequest& request_;
};

}  // namespace

std::string describe(const RangeRequest& request) {
  Fields fields;
  fields.bytes("key", request.key);
  fields.bytes("range_end", request.range_end);
  fields.number("limit", request.limit);
  fields.number("revision", request.revision);
  fields.word("sort_order", name_of(request.sort_order, kSortOrders));
  fields.word("sort_target", name_of(request.sort_target, kSortTargets));
  fields.flag("serializable", request.serializable);
  fields.flag("keys_only", request.keys_only);
  fields.flag("count_only", request.count_only);
  fields.number("min_mod_revision", request.min_mod_revision);
  fields.number("max_mod_revision", request.max_mod_revision);
  fields.number("min_create_revision", request.min_create_revision);
  fields.number("max_create_revision", request.max_create_revision);
  return fields.take();
}

std::string describe(const PutRequest& request) {
  Fields fields;
  fields.bytes("key", request.key);
  fields.number("value_size", static_cast<std::int64_t>(request.value.size()));
  fields.number("lease", request.lease.value);
  fields.flag("prev_kv", request.prev_kv);
  fields.flag("ignore_value", request.ignore_value);
  fields.flag("ignore_lease", request.ignore_lease);
  return fields.take();
}

std::string describe(const DeleteRangeRequest& request) {
  Fields fields;
  fields.bytes("key", request.key);
  fields.bytes("range_end", request.range_end);
  fields.flag("prev_kv", request.prev_kv);
  return fields.take();
}

std::string describe(const TxnRequest& request) { return request.parts.empty() ? "" : TxnText(request).part(0, 0); }

namespace {

std::string hex16(LeaseId id) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(id.value));
  return text;
}

std::string describe_one(const RangeRequest& request) { return "range:<" + describe(request) + ">"; }
std::string describe_one(const PutRequest& request) { return "put:<" + describe(request) + ">"; }
std::string describe_one(const DeleteRangeRequest& request) { return "delete_range:<" + describe(request) + ">"; }
std::string describe_one(const TxnRequest& request) { return "txn:<" + describe(request) + ">"; }
std::string describe_one(const CompactionRequest& request) {
  Fields fields;
  fields.number("revision", request.revision);
  fields.flag("physical", request.physical);
  return "compaction:<" + fields.take() + ">";
}
std::string describe_one(const LeaseGrantRequest& request) {
  return "lease_grant:<ttl:" + std::to_string(request.ttl_s) + "-second id:" + hex16(request.id) + ">";
}
std::string describe_one(const LeaseRevokeRequest& request) { return "lease_revoke:<id:" + hex16(request.id) + ">"; }
std::string describe_one(const LeaseCheckpointRequest&) { return "lease_checkpoint"; }
std::string describe_one(const AlarmRequest&) { return "alarm"; }
std::string describe_one(const ClusterVersionSetRequest&) { return "cluster_version_set"; }
std::string describe_one(const ClusterMemberAttrSetRequest&) { return "cluster_member_attr_set"; }
std::string describe_one(const DowngradeInfoSetRequest&) { return "downgrade_info_set"; }
std::string describe_one(const DowngradeVersionTestRequest&) { return "downgrade_version_test"; }
std::string describe_one(const auth::Request&) { return "auth"; }
std::string describe_one(std::monostate) { return "unknown"; }

}  // namespace

std::string describe(const InternalRaftRequest& request) {
  return "header:<ID:" + std::to_string(request.id) + "> " + std::visit([](const auto& one) { return describe_one(one); }, request.request);
}

}  // namespace etcd::apply
