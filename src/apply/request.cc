#include "apply/request.h"

#include <algorithm>
#include <utility>

#include "base/wire_fields.h"

namespace etcd::apply {

namespace {

using base::malformed;
using base::read_message;
using base::WireField;
using base::WireReader;
using base::WireType;

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
    } else if (field->number == kRequestHeaderField && field->type == WireType::kBytes) {
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

}  // namespace etcd::apply
