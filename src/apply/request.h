// The requests that change or read the replicated state, decoded from protobuf without building message objects.
//
// Every decoded struct is a set of views into the bytes it was decoded from (for a TxnRequest also into its arena):
// keep those alive. Decoding is proto3's: the last value of a scalar wins, repeated parts of a sub-message merge,
// unknown fields are passed over, enums are open (a checked request has only known values: see apply/check.h).
// Malformed bytes give kInvalid; memory is at most a small multiple of the input. The api decodes with the same
// functions what it received, so that both sides of the log see the same request.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "auth/identity.h"
#include "auth/request.h"
#include "base/ids.h"
#include "base/result.h"
#include "cluster/alarms.h"

namespace etcd::apply {

enum class SortOrder : std::int32_t { kNone = 0, kAscend = 1, kDescend = 2 };
enum class SortTarget : std::int32_t { kKey = 0, kVersion = 1, kCreate = 2, kMod = 3, kValue = 4 };

struct RangeRequest {
  std::string_view key;
  std::string_view range_end;  // empty: one key; one zero byte: every key from `key` on
  std::int64_t limit = 0;
  std::int64_t revision = 0;
  SortOrder sort_order = SortOrder::kNone;
  SortTarget sort_target = SortTarget::kKey;
  bool serializable = false;
  bool keys_only = false;
  bool count_only = false;
  std::int64_t min_mod_revision = 0;
  std::int64_t max_mod_revision = 0;
  std::int64_t min_create_revision = 0;
  std::int64_t max_create_revision = 0;
};

struct PutRequest {
  std::string_view key;
  std::string_view value;
  LeaseId lease;
  bool prev_kv = false;
  bool ignore_value = false;
  bool ignore_lease = false;
};

struct DeleteRangeRequest {
  std::string_view key;
  std::string_view range_end;
  bool prev_kv = false;
};

enum class CompareResult : std::int32_t { kEqual = 0, kGreater = 1, kLess = 2, kNotEqual = 3 };
enum class CompareTarget : std::int32_t { kVersion = 0, kCreate = 1, kMod = 2, kValue = 3, kLease = 4 };

struct Compare {
  CompareResult result = CompareResult::kEqual;
  CompareTarget target = CompareTarget::kVersion;
  std::string_view key;
  std::string_view range_end;
  // The operand, as the member of the union that was sent; etcd takes zero for `target` when another member was.
  enum class Operand : std::uint8_t { kNone, kVersion, kCreate, kMod, kValue, kLease } operand = Operand::kNone;
  std::int64_t number = 0;
  std::string_view value;
};

// One operation of a transaction: its kind, and its place in the list of that kind in the TxnRequest.
struct TxnOp {
  enum class Kind : std::uint8_t { kNone, kRange, kPut, kDeleteRange, kTxn } kind = Kind::kNone;
  std::uint32_t place = 0;
};

// A transaction with all transactions nested in it, flat: `parts[0]` is the outermost, and the others are referred to
// by operations of kind kTxn. Sequences are [begin, end) of the lists. A nested part comes after the part it belongs
// to, in the order of the operations.
struct TxnRequest {
  struct Slice {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t size() const { return end - begin; }
  };
  struct Part {
    Slice compares;
    Slice success;
    Slice failure;
  };

  std::vector<Part> parts;
  std::vector<Compare> compares;
  std::vector<TxnOp> ops;
  std::vector<RangeRequest> ranges;
  std::vector<PutRequest> puts;
  std::vector<DeleteRangeRequest> deletes;
  std::deque<std::string> arena;  // where split sub-messages were joined

  // True if every operation of both branches is a range; a nested transaction counts as a write.
  bool is_read_only() const {
    return puts.empty() && deletes.empty() && parts.size() == 1 && ranges.size() == ops.size();
  }
  // True if, besides, every range is serializable.
  bool is_serializable() const;
};

// Transactions nested deeper are refused as malformed. etcd's limit is --max-txn-ops, by default 128.
inline constexpr int kMaxTxnDepth = 256;

struct CompactionRequest {
  std::int64_t revision = 0;
  bool physical = false;
};

struct LeaseGrantRequest {
  std::int64_t ttl_s = 0;
  LeaseId id;
};

struct LeaseRevokeRequest {
  LeaseId id;
};

struct LeaseCheckpointRequest {
  struct Item {
    LeaseId id;
    std::int64_t remaining_ttl_s = 0;
  };
  std::vector<Item> checkpoints;
};

enum class AlarmAction : std::int32_t { kGet = 0, kActivate = 1, kDeactivate = 2 };

struct AlarmRequest {
  AlarmAction action = AlarmAction::kGet;
  MemberId member;
  cluster::AlarmType alarm = cluster::AlarmType::kNone;  // unchecked
};

struct ClusterVersionSetRequest {
  std::string_view version;
};

struct ClusterMemberAttrSetRequest {
  MemberId member;
  std::string_view name;
  std::vector<std::string_view> client_urls;
};

struct DowngradeInfoSetRequest {
  bool enabled = false;
  std::string_view version;
};

// An entry that a test of etcd puts into the log: does nothing.
struct DowngradeVersionTestRequest {};

using AnyRequest =
    std::variant<std::monostate, RangeRequest, PutRequest, DeleteRangeRequest, TxnRequest, CompactionRequest,
                 LeaseGrantRequest, LeaseRevokeRequest, LeaseCheckpointRequest, AlarmRequest, ClusterVersionSetRequest,
                 ClusterMemberAttrSetRequest, DowngradeInfoSetRequest, DowngradeVersionTestRequest, auth::Request>;

// What a normal entry of the log holds.
struct InternalRaftRequest {
  std::uint64_t id = 0;  // of the proposer, who waits for it
  auth::Who who;         // on whose behalf it was proposed
  AnyRequest request;  // monostate: none that this version knows
};

Result<RangeRequest> decode_range(std::string_view bytes);
Result<PutRequest> decode_put(std::string_view bytes);
Result<DeleteRangeRequest> decode_delete_range(std::string_view bytes);
Result<TxnRequest> decode_txn(std::string_view bytes);
Result<CompactionRequest> decode_compaction(std::string_view bytes);
Result<LeaseGrantRequest> decode_lease_grant(std::string_view bytes);
Result<LeaseRevokeRequest> decode_lease_revoke(std::string_view bytes);
Result<LeaseCheckpointRequest> decode_lease_checkpoint(std::string_view bytes);
Result<AlarmRequest> decode_alarm(std::string_view bytes);
Result<InternalRaftRequest> decode_internal(std::string_view bytes);

// Field numbers of InternalRaftRequest: what an entry asks for.
enum class RequestKind : std::uint32_t {
  kRange = 3,
  kPut = 4,
  kDeleteRange = 5,
  kTxn = 6,
  kCompaction = 7,
  kLeaseGrant = 8,
  kLeaseRevoke = 9,
  kAlarm = 10,
  kLeaseCheckpoint = 11,
  kAuthEnable = 1000,
  kAuthDisable = 1011,
  kAuthenticate = 1012,
  kAuthStatus = 1013,
  kAuthUserAdd = 1100,
  kAuthUserDelete = 1101,
  kAuthUserGet = 1102,
  kAuthUserChangePassword = 1103,
  kAuthUserGrantRole = 1104,
  kAuthUserRevokeRole = 1105,
  kAuthUserList = 1106,
  kAuthRoleList = 1107,
  kAuthRoleAdd = 1200,
  kAuthRoleDelete = 1201,
  kAuthRoleGet = 1202,
  kAuthRoleGrantPermission = 1203,
  kAuthRoleRevokePermission = 1204,
  kClusterVersionSet = 1300,
  kClusterMemberAttrSet = 1301,
  kDowngradeInfoSet = 1302,
};

// The field of InternalRaftRequest with id and proposer: between the oldest requests and all others.
inline constexpr std::uint32_t kRequestHeaderField = 100;

// The bytes of an entry: the request as field `kind` around the given bytes, and the rest in the header. Equal to what Go
// makes of the same request if `request` is (fields ascending, no unknown ones).
std::string encode_internal(std::uint64_t id, const auth::Who& who, RequestKind kind, std::string_view request);
// On nobody's behalf.
inline std::string encode_internal(std::uint64_t id, RequestKind kind, std::string_view request) {
  return encode_internal(id, auth::Who(), kind, request);
}

// Requests that the node makes itself.
std::string encode_alarm(const AlarmRequest& request);
std::string encode_compaction(const CompactionRequest& request);
std::string encode_lease_grant(const LeaseGrantRequest& request);
std::string encode_lease_revoke(LeaseId id);
std::string encode_lease_checkpoint(const LeaseCheckpointRequest& request);
std::string encode_cluster_version_set(std::string_view version);
std::string encode_cluster_member_attr_set(MemberId member, std::string_view name,
                                           const std::vector<std::string>& client_urls);
std::string encode_downgrade_info_set(bool enabled, std::string_view version);

}  // namespace etcd::apply
