#include "apply/request.h"

#include <algorithm>
#include <utility>

#include "base/wire.h"

namespace etcd::apply {

namespace {

using base::WireField;
using base::WireReader;
using base::WireType;

tl::unexpected<Error> malformed(std::string_view message) {
  return fail(Errc::kInvalid, "malformed " + std::string(message));
}

// Setters: a field of another wire type is an unknown field, and passed over.
void set(std::string_view& out, const WireField& field) {
  if (field.type == WireType::kBytes) out = field.bytes;
}
void set(std::int64_t& out, const WireField& field) {
  if (field.type == WireType::kVarint) out = field.as_int64();
}
void set(std::uint64_t& out, const WireField& field) {
  if (field.type == WireType::kVarint) out = field.varint;
}
void set(bool& out, const WireField& field) {
  if (field.type == WireType::kVarint) out = field.as_bool();
}
template <typename Enum>
requires std::is_enum_v<Enum>
void set(Enum& out, const WireField& field) {
  if (field.type == WireType::kVarint) out = static_cast<Enum>(field.as_int32());
}
template <typename Tag, typename Number>
void set(Id<Tag, Number>& out, const WireField& field) {
  set(out.value, field);
}

// Calls on_field for each field of a message; kInvalid if the bytes are malformed.
template <typename OnField>
Status read_message(std::string_view name, std::string_view bytes, OnField on_field) {
  WireReader reader(bytes);
  while (const auto field = reader.next()) on_field(*field);
  if (reader.failed()) return malformed(name);
  return {};
}

Status read_compare(std::string_view bytes, Compare& out) {
  const auto set_number = [&](Compare::Operand operand, const WireField& field) {
    if (field.type != WireType::kVarint) return;
    out.operand = operand;
    out.number = field.as_int64();
  };
  return read_message("Compare", bytes, [&](const WireField& field) {
    switch (field.number) {
      case 1:
        return set(out.result, field);
      case 2:
        return set(out.target, field);
      case 3:
        return set(out.key, field);
      case 4:
        return set_number(Compare::Operand::kVersion, field);
      case 5:
        return set_number(Compare::Operand::kCreate, field);
      case 6:
        return set_number(Compare::Operand::kMod, field);
      case 7:
        if (field.type != WireType::kBytes) return;
        out.operand = Compare::Operand::kValue;
        return set(out.value, field);
      case 8:
        return set_number(Compare::Operand::kLease, field);
      case 64:
        return set(out.range_end, field);
      default:
        return;
    }
  });
}

// Decodes one TxnRequest with everything nested in it.
class TxnDecoder {
 public:
  explicit TxnDecoder(std::size_t input_bytes) : arena_limit_(input_bytes * 4) {}

  Status read_part(std::string_view bytes, int depth);
  TxnRequest take() { return std::move(txn_); }

 private:
  static std::uint32_t size_of(const auto& list) { return static_cast<std::uint32_t>(list.size()); }

  Status read_op(std::string_view bytes, int depth, std::uint32_t slot);
  Result<std::string_view> join(const std::vector<std::string_view>& pieces);
  template <typename Request>
  static std::uint32_t append(std::vector<Request>& list, Request request) {
    list.push_back(request);
    return size_of(list) - 1;
  }

  TxnRequest txn_;
  std::size_t arena_limit_;
  std::size_t arena_bytes_ = 0;
};

Status TxnDecoder::read_part(std::string_view bytes, int depth) {
  if (depth > kMaxTxnDepth) return fail(Errc::kInvalid, "malformed TxnRequest: nested too deep");
  // The operations of a part lie together, before those of parts nested in it: first their number, then each.
  TxnRequest::Part part;
  part.compares.begin = size_of(txn_.compares);
  std::uint32_t successes = 0;
  std::uint32_t failures = 0;
  Status compares_read;
  TRY(read_message("TxnRequest", bytes, [&](const WireField& field) {
    if (field.type != WireType::kBytes) return;
    if (field.number == 1 && compares_read) compares_read = read_compare(field.bytes, txn_.compares.emplace_back());
    if (field.number == 2) ++successes;
    if (field.number == 3) ++failures;
  }));
  TRY(std::move(compares_read));
  part.compares.end = size_of(txn_.compares);
  part.success = {size_of(txn_.ops), size_of(txn_.ops) + successes};
  part.failure = {part.success.end, part.success.end + failures};
  txn_.ops.resize(part.failure.end);
  txn_.parts.push_back(part);

  std::uint32_t success = part.success.begin;
  std::uint32_t failure = part.failure.begin;
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->type != WireType::kBytes) continue;
    if (field->number == 2) TRY(read_op(field->bytes, depth, success++));
    if (field->number == 3) TRY(read_op(field->bytes, depth, failure++));
  }
  return {};
}

// Parts of one sub-message merge by being read one after the other.
Result<std::string_view> TxnDecoder::join(const std::vector<std::string_view>& pieces) {
  if (pieces.size() == 1) return pieces.front();
  std::string joined;
  for (const std::string_view piece : pieces) joined += piece;
  arena_bytes_ += joined.size();
  if (arena_bytes_ > arena_limit_) return malformed("TxnRequest: too many split operations");
  return txn_.arena.emplace_back(std::move(joined));
}

Status TxnDecoder::read_op(std::string_view bytes, int depth, std::uint32_t slot) {
  TxnOp op;
  std::vector<std::string_view> pieces;
  TRY(read_message("RequestOp", bytes, [&](const WireField& field) {
    if (field.type != WireType::kBytes || field.number < 1 || field.number > 4) return;
    const auto kind = static_cast<TxnOp::Kind>(field.number);
    if (kind != op.kind) pieces.clear();  // the last member of a union stands
    op.kind = kind;
    pieces.push_back(field.bytes);
  }));
  if (op.kind != TxnOp::Kind::kNone) {
    TRY_ASSIGN(const std::string_view request, join(pieces));
    switch (op.kind) {
      case TxnOp::Kind::kNone:
        break;
      case TxnOp::Kind::kRange: {
        TRY_ASSIGN(const RangeRequest range, decode_range(request));
        op.place = append(txn_.ranges, range);
        break;
      }
      case TxnOp::Kind::kPut: {
        TRY_ASSIGN(const PutRequest put, decode_put(request));
        op.place = append(txn_.puts, put);
        break;
      }
      case TxnOp::Kind::kDeleteRange: {
        TRY_ASSIGN(const DeleteRangeRequest del, decode_delete_range(request));
        op.place = append(txn_.deletes, del);
        break;
      }
      case TxnOp::Kind::kTxn:
        op.place = size_of(txn_.parts);
        TRY(read_part(request, depth + 1));
        break;
    }
  }
  txn_.ops[slot] = op;
  return {};
}

Status read_attributes(std::string_view bytes, ClusterMemberAttrSetRequest& out) {
  return read_message("Attributes", bytes, [&](const WireField& field) {
    if (field.number == 1) set(out.name, field);
    if (field.number == 2 && field.type == WireType::kBytes) out.client_urls.push_back(field.bytes);
  });
}

Result<ClusterVersionSetRequest> decode_cluster_version_set(std::string_view bytes) {
  ClusterVersionSetRequest out;
  TRY(read_message("ClusterVersionSetRequest", bytes, [&](const WireField& field) {
    if (field.number == 1) set(out.version, field);
  }));
  if (!base::is_utf8(out.version)) return malformed("ClusterVersionSetRequest");
  return out;
}

Result<ClusterMemberAttrSetRequest> decode_cluster_member_attr_set(std::string_view bytes) {
  ClusterMemberAttrSetRequest out;
  Status attributes;
  TRY(read_message("ClusterMemberAttrSetRequest", bytes, [&](const WireField& field) {
    if (field.number == 1) set(out.member, field);
    if (field.number == 2 && field.type == WireType::kBytes && attributes)
      attributes = read_attributes(field.bytes, out);
  }));
  TRY(std::move(attributes));
  const bool valid =
      base::is_utf8(out.name) && std::all_of(out.client_urls.begin(), out.client_urls.end(), base::is_utf8);
  if (!valid) return malformed("ClusterMemberAttrSetRequest");
  return out;
}

Result<DowngradeInfoSetRequest> decode_downgrade_info_set(std::string_view bytes) {
  DowngradeInfoSetRequest out;
  TRY(read_message("DowngradeInfoSetRequest", bytes, [&](const WireField& field) {
    if (field.number == 1) set(out.enabled, field);
    if (field.number == 2) set(out.version, field);
  }));
  if (!base::is_utf8(out.version)) return malformed("DowngradeInfoSetRequest");
  return out;
}

Status read_header(std::string_view bytes, InternalRaftRequest& out) {
  TRY(read_message("RequestHeader", bytes, [&](const WireField& field) {
    if (field.number == 1) set(out.id, field);
    if (field.number == 2) set(out.who.name, field);
    if (field.number == 3) set(out.who.revision, field);
  }));
  if (!base::is_utf8(out.who.name)) return malformed("RequestHeader");
  return {};
}

constexpr std::uint32_t kDowngradeVersionTest = 9900;
constexpr std::uint32_t kHeader = 100;

template <typename Request>
Result<AnyRequest> any(Result<Request> decoded) {
  if (!decoded) return fail(std::move(decoded).error());
  return AnyRequest(std::move(*decoded));
}

// The request in field `number`; monostate if this version knows no such field.
Result<AnyRequest> decode_any(std::uint32_t number, std::string_view bytes) {
  if (auth::is_request(number)) return any(auth::decode_request(number, bytes));
  if (number == kDowngradeVersionTest) return AnyRequest(DowngradeVersionTestRequest{});
  switch (static_cast<RequestKind>(number)) {
    case RequestKind::kRange:
      return any(decode_range(bytes));
    case RequestKind::kPut:
      return any(decode_put(bytes));
    case RequestKind::kDeleteRange:
      return any(decode_delete_range(bytes));
    case RequestKind::kTxn:
      return any(decode_txn(bytes));
    case RequestKind::kCompaction:
      return any(decode_compaction(bytes));
    case RequestKind::kLeaseGrant:
      return any(decode_lease_grant(bytes));
    case RequestKind::kLeaseRevoke:
      return any(decode_lease_revoke(bytes));
    case RequestKind::kAlarm:
      return any(decode_alarm(bytes));
    case RequestKind::kLeaseCheckpoint:
      return any(decode_lease_checkpoint(bytes));
    case RequestKind::kClusterVersionSet:
      return any(decode_cluster_version_set(bytes));
    case RequestKind::kClusterMemberAttrSet:
      return any(decode_cluster_member_attr_set(bytes));
    case RequestKind::kDowngradeInfoSet:
      return any(decode_downgrade_info_set(bytes));
    default:
      return AnyRequest(std::monostate{});
  }
}

}  // namespace

bool TxnRequest::is_serializable() const {
  return is_read_only() &&
         std::all_of(ranges.begin(), ranges.end(), [](const RangeRequest& range) { return range.serializable; });
}

Result<RangeRequest> decode_range(std::string_view bytes) {
  RangeRequest out;
  TRY(read_message("RangeRequest", bytes, [&](const WireField& field) {
    switch (field.number) {
      case 1:
        return set(out.key, field);
      case 2:
        return set(out.range_end, field);
      case 3:
        return set(out.limit, field);
      case 4:
        return set(out.revision, field);
      case 5:
        return set(out.sort_order, field);
      case 6:
        return set(out.sort_target, field);
      case 7:
        return set(out.serializable, field);
      case 8:
        return set(out.keys_only, field);
      case 9:
        return set(out.count_only, field);
      case 10:
        return set(out.min_mod_revision, field);
      case 11:
        return set(out.max_mod_revision, field);
      case 12:
        return set(out.min_create_revision, field);
      case 13:
        return set(out.max_create_revision, field);
      default:
        return;
    }
  }));
  return out;
}

Result<PutRequest> decode_put(std::string_view bytes) {
  PutRequest out;
  TRY(read_message("PutRequest", bytes, [&](const WireField& field) {
    switch (field.number) {
      case 1:
        return set(out.key, field);
      case 2:
        return set(out.value, field);
      case 3:
        return set(out.lease, field);
      case 4:
        return set(out.prev_kv, field);
      case 5:
        return set(out.ignore_value, field);
      case 6:
        return set(out.ignore_lease, field);
      default:
        return;
    }
  }));
  return out;
}

Result<DeleteRangeRequest> decode_delete_range(std::string_view bytes) {
  DeleteRangeRequest out;
  TRY(read_message("DeleteRangeRequest", bytes, [&](const WireField& field) {
    switch (field.number) {
      case 1:
        return set(out.key, field);
      case 2:
        return set(out.range_end, field);
      case 3:
        return set(out.prev_kv, field);
      default:
        return;
    }
  }));
  return out;
}

Result<TxnRequest> decode_txn(std::string_view bytes) {
  TxnDecoder decoder(bytes.size());
  TRY(decoder.read_part(bytes, 1));
  return decoder.take();
}

Result<CompactionRequest> decode_compaction(std::string_view bytes) {
  CompactionRequest out;
  TRY(read_message("CompactionRequest", bytes, [&](const WireField& field) {
    if (field.number == 1) set(out.revision, field);
    if (field.number == 2) set(out.physical, field);
  }));
  return out;
}

Result<LeaseGrantRequest> decode_lease_grant(std::string_view bytes) {
  LeaseGrantRequest out;
  TRY(read_message("LeaseGrantRequest", bytes, [&](const WireField& field) {
    if (field.number == 1) set(out.ttl_s, field);
    if (field.number == 2) set(out.id, field);
  }));
  return out;
}

Result<LeaseRevokeRequest> decode_lease_revoke(std::string_view bytes) {
  LeaseRevokeRequest out;
  TRY(read_message("LeaseRevokeRequest", bytes, [&](const WireField& field) {
    if (field.number == 1) set(out.id, field);
  }));
  return out;
}

Result<LeaseCheckpointRequest> decode_lease_checkpoint(std::string_view bytes) {
  LeaseCheckpointRequest out;
  Status items;
  TRY(read_message("LeaseCheckpointRequest", bytes, [&](const WireField& field) {
    if (field.number != 1 || field.type != WireType::kBytes || !items) return;
    LeaseCheckpointRequest::Item& item = out.checkpoints.emplace_back();
    items = read_message("LeaseCheckpoint", field.bytes, [&](const WireField& inner) {
      if (inner.number == 1) set(item.id, inner);
      if (inner.number == 2) set(item.remaining_ttl_s, inner);
    });
  }));
  TRY(std::move(items));
  return out;
}

Result<AlarmRequest> decode_alarm(std::string_view bytes) {
  AlarmRequest out;
  TRY(read_message("AlarmRequest", bytes, [&](const WireField& field) {
    switch (field.number) {
      case 1:
        return set(out.action, field);
      case 2:
        return set(out.member, field);
      case 3:
        return set(out.alarm, field);
      default:
        return;
    }
  }));
  return out;
}

Result<InternalRaftRequest> decode_internal(std::string_view bytes) {
  InternalRaftRequest out;
  std::uint64_t legacy_id = 0;
  WireField request;
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->number == 1) {
      set(legacy_id, *field);
    } else if (field->number == kHeader && field->type == WireType::kBytes) {
      TRY(read_header(field->bytes, out));
    } else if (field->type == WireType::kBytes) {
      if (request.number != 0) return malformed("InternalRaftRequest: more than one request");
      request = *field;
    }
  }
  if (reader.failed()) return malformed("InternalRaftRequest");
  if (legacy_id != 0) out.id = legacy_id;
  TRY_ASSIGN(out.request, decode_any(request.number, request.bytes));
  return out;
}

std::string encode_internal(std::uint64_t id, const auth::Who& who, RequestKind kind, std::string_view request) {
  std::string header;
  base::WireWriter header_writer(header);
  header_writer.varint_if(1, id);
  header_writer.bytes_if(2, who.name);
  header_writer.varint_if(3, who.revision);
  const auto number = static_cast<std::uint32_t>(kind);
  std::string out;
  out.reserve(request.size() + header.size() + 16);
  base::WireWriter writer(out);
  if (number > kHeader) writer.bytes(kHeader, header);
  writer.bytes(number, request);
  if (number < kHeader) writer.bytes(kHeader, header);
  return out;
}

std::string encode_alarm(const AlarmRequest& request) {
  std::string out;
  base::WireWriter writer(out);
  writer.int64_if(1, static_cast<std::int64_t>(request.action));
  writer.varint_if(2, request.member.value);
  writer.int64_if(3, static_cast<std::int64_t>(request.alarm));
  return out;
}

std::string encode_compaction(const CompactionRequest& request) {
  std::string out;
  base::WireWriter writer(out);
  writer.int64_if(1, request.revision);
  writer.bool_if(2, request.physical);
  return out;
}

std::string encode_lease_grant(const LeaseGrantRequest& request) {
  std::string out;
  base::WireWriter writer(out);
  writer.int64_if(1, request.ttl_s);
  writer.int64_if(2, request.id.value);
  return out;
}

std::string encode_lease_revoke(LeaseId id) {
  std::string out;
  base::WireWriter(out).int64_if(1, id.value);
  return out;
}

std::string encode_lease_checkpoint(const LeaseCheckpointRequest& request) {
  std::string out;
  for (const LeaseCheckpointRequest::Item& checkpoint : request.checkpoints) {
    std::string item;
    base::WireWriter writer(item);
    writer.int64_if(1, checkpoint.id.value);
    writer.int64_if(2, checkpoint.remaining_ttl_s);
    base::WireWriter(out).bytes(1, item);
  }
  return out;
}

std::string encode_cluster_version_set(std::string_view version) {
  std::string out;
  base::WireWriter(out).bytes_if(1, version);
  return out;
}

std::string encode_cluster_member_attr_set(MemberId member, std::string_view name,
                                           const std::vector<std::string>& client_urls) {
  std::string attributes;
  base::WireWriter inner(attributes);
  inner.bytes_if(1, name);
  for (const std::string& url : client_urls) inner.bytes(2, url);
  std::string out;
  base::WireWriter writer(out);
  writer.varint_if(1, member.value);
  writer.bytes(2, attributes);
  return out;
}

std::string encode_downgrade_info_set(bool enabled, std::string_view version) {
  std::string out;
  base::WireWriter writer(out);
  writer.bool_if(1, enabled);
  writer.bytes_if(2, version);
  return out;
}

}  // namespace etcd::apply
