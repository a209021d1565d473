#include "api/errors.h"

#include <algorithm>
#include <string_view>

namespace etcd::api {

namespace {

using rpc::GrpcCode;

struct Row {
  Errc errc;
  GrpcCode code;
  std::string_view text;
};

// Two rows have code kUnknown where one expects another: etcd answers them with its client library's error objects, which lose their code.
constexpr Row kRows[] = {
    {Errc::kEmptyKey, GrpcCode::kInvalidArgument, "etcdserver: key is not provided"},
    {Errc::kKeyNotFound, GrpcCode::kInvalidArgument, "etcdserver: key not found"},
    {Errc::kValueProvided, GrpcCode::kInvalidArgument, "etcdserver: value is provided"},
    {Errc::kLeaseProvided, GrpcCode::kInvalidArgument, "etcdserver: lease is provided"},
    {Errc::kTooManyOps, GrpcCode::kInvalidArgument, "etcdserver: too many operations in txn request"},
    {Errc::kDuplicateKey, GrpcCode::kInvalidArgument, "etcdserver: duplicate key given in txn request"},
    {Errc::kInvalidClientApiVersion, GrpcCode::kInvalidArgument, "etcdserver: invalid client api version"},
    {Errc::kInvalidSortOption, GrpcCode::kInvalidArgument, "etcdserver: invalid sort option"},
    {Errc::kCompacted, GrpcCode::kOutOfRange, "etcdserver: mvcc: required revision has been compacted"},
    {Errc::kFutureRevision, GrpcCode::kOutOfRange, "etcdserver: mvcc: required revision is a future revision"},
    {Errc::kNoSpaceQuota, GrpcCode::kResourceExhausted, "etcdserver: mvcc: database space exceeded"},
    {Errc::kRangeStreamSort, GrpcCode::kUnimplemented, "RangeStream does not support custom sort orders"},
    {Errc::kRangeStreamRevisionFilter, GrpcCode::kUnimplemented, "RangeStream does not support revision filters"},

    {Errc::kLeaseNotFound, GrpcCode::kNotFound, "etcdserver: requested lease not found"},
    {Errc::kLeaseExists, GrpcCode::kFailedPrecondition, "etcdserver: lease already exists"},
    {Errc::kLeaseTtlTooLarge, GrpcCode::kOutOfRange, "etcdserver: too large lease TTL"},
    {Errc::kNotPrimaryLessor, GrpcCode::kUnknown, "not a primary lessor"},

    {Errc::kWatchCanceled, GrpcCode::kCanceled, "etcdserver: watch canceled"},
    {Errc::kEmptyWatcherRange, GrpcCode::kUnknown, "mvcc: watcher range is empty"},
    {Errc::kDuplicateWatchId, GrpcCode::kUnknown, "mvcc: duplicate watch ID provided on the WatchStream"},

    {Errc::kMemberExists, GrpcCode::kFailedPrecondition, "etcdserver: member ID already exist"},
    {Errc::kPeerUrlExists, GrpcCode::kFailedPrecondition, "etcdserver: Peer URLs already exists"},
    {Errc::kMemberNotEnoughStarted, GrpcCode::kUnknown, "etcdserver: re-configuration failed due to not enough started members"},
    {Errc::kMemberBadUrls, GrpcCode::kInvalidArgument, "etcdserver: given member URLs are invalid"},
    {Errc::kMemberNotFound, GrpcCode::kNotFound, "etcdserver: member not found"},
    {Errc::kMemberNotLearner, GrpcCode::kFailedPrecondition, "etcdserver: can only promote a learner member"},
    {Errc::kLearnerNotReady, GrpcCode::kFailedPrecondition,
     "etcdserver: can only promote a learner member which is in sync with leader"},
    {Errc::kTooManyLearners, GrpcCode::kFailedPrecondition, "etcdserver: too many learner members in cluster"},
    {Errc::kClusterIdMismatch, GrpcCode::kFailedPrecondition, "etcdserver: cluster ID mismatch"},
    {Errc::kNotCapable, GrpcCode::kFailedPrecondition, "etcdserver: not capable"},
    {Errc::kNotSupportedForLearner, GrpcCode::kFailedPrecondition, "etcdserver: rpc not supported for learner"},
    {Errc::kBadLeaderTransferee, GrpcCode::kFailedPrecondition, "etcdserver: bad leader transferee"},
    {Errc::kClusterVersionUnavailable, GrpcCode::kFailedPrecondition, "etcdserver: cluster version not found during downgrade"},
    {Errc::kWrongDowngradeVersionFormat, GrpcCode::kInvalidArgument, "etcdserver: wrong downgrade target version format"},
    {Errc::kInvalidDowngradeTargetVersion, GrpcCode::kInvalidArgument, "etcdserver: invalid downgrade target version"},
    {Errc::kDowngradeInProcess, GrpcCode::kFailedPrecondition, "etcdserver: cluster has a downgrade job in progress"},
    {Errc::kNoInflightDowngrade, GrpcCode::kFailedPrecondition, "etcdserver: no inflight downgrade job"},
    {Errc::kUnknownMethod, GrpcCode::kUnknown, "etcdserver: unknown method"},

    {Errc::kRequestTooLarge, GrpcCode::kInvalidArgument, "etcdserver: request is too large"},
    {Errc::kTooManyRequests, GrpcCode::kUnknown, "etcdserver: too many requests"},
    {Errc::kNoLeader, GrpcCode::kUnavailable, "etcdserver: no leader"},
    {Errc::kNotLeader, GrpcCode::kFailedPrecondition, "etcdserver: not leader"},
    {Errc::kLeaderChanged, GrpcCode::kUnavailable, "etcdserver: leader changed"},
    {Errc::kStopped, GrpcCode::kUnavailable, "etcdserver: server stopped"},
    {Errc::kTimeout, GrpcCode::kUnavailable, "etcdserver: request timed out"},
    {Errc::kTimeoutDueToLeaderFail, GrpcCode::kUnavailable, "etcdserver: request timed out, possibly due to previous leader failure"},
    {Errc::kTimeoutDueToConnectionLost, GrpcCode::kUnavailable, "etcdserver: request timed out, possibly due to connection lost"},
    {Errc::kTimeoutWaitAppliedIndex, GrpcCode::kUnavailable,
     "etcdserver: request timed out, waiting for the applied index took too long"},
    {Errc::kUnknownOutcome, GrpcCode::kUnavailable, "etcdserver: request timed out"},
    {Errc::kLeaderTransferTimeout, GrpcCode::kUnknown, "etcdserver: request timed out, leader transfer took too long"},
    {Errc::kCanceled, GrpcCode::kCanceled, "etcdserver: request canceled"},
    {Errc::kDeadlineExceeded, GrpcCode::kDeadlineExceeded, "context deadline exceeded"},
    {Errc::kUnhealthy, GrpcCode::kUnavailable, "etcdserver: unhealthy cluster"},
    {Errc::kCorruptCluster, GrpcCode::kDataLoss, "etcdserver: corrupt cluster"},

    {Errc::kRootUserNotExist, GrpcCode::kFailedPrecondition, "etcdserver: root user does not exist"},
    {Errc::kRootRoleNotExist, GrpcCode::kFailedPrecondition, "etcdserver: root user does not have root role"},
    {Errc::kUserAlreadyExist, GrpcCode::kFailedPrecondition, "etcdserver: user name already exists"},
    {Errc::kUserEmpty, GrpcCode::kInvalidArgument, "etcdserver: user name is empty"},
    {Errc::kUserNotFound, GrpcCode::kFailedPrecondition, "etcdserver: user name not found"},
    {Errc::kRoleAlreadyExist, GrpcCode::kFailedPrecondition, "etcdserver: role name already exists"},
    {Errc::kRoleNotFound, GrpcCode::kFailedPrecondition, "etcdserver: role name not found"},
    {Errc::kRoleEmpty, GrpcCode::kInvalidArgument, "etcdserver: role name is empty"},
    {Errc::kAuthFailed, GrpcCode::kInvalidArgument, "etcdserver: authentication failed, invalid user ID or password"},
    {Errc::kPermissionNotGiven, GrpcCode::kInvalidArgument, "etcdserver: permission not given"},
    {Errc::kPermissionDenied, GrpcCode::kPermissionDenied, "etcdserver: permission denied"},
    {Errc::kRoleNotGranted, GrpcCode::kFailedPrecondition, "etcdserver: role is not granted to the user"},
    {Errc::kPermissionNotGranted, GrpcCode::kFailedPrecondition, "etcdserver: permission is not granted to the role"},
    {Errc::kAuthNotEnabled, GrpcCode::kFailedPrecondition, "etcdserver: authentication is not enabled"},
    {Errc::kInvalidAuthToken, GrpcCode::kUnauthenticated, "etcdserver: invalid auth token"},
    {Errc::kInvalidAuthManagement, GrpcCode::kInvalidArgument, "etcdserver: invalid auth management"},
    {Errc::kAuthOldRevision, GrpcCode::kInvalidArgument, "etcdserver: revision of auth store is old"},
    {Errc::kNoPasswordUser, GrpcCode::kUnknown, "auth: authentication failed, password was given for no password user"},
};

const Row* find_row(Errc errc) {
  const Row* row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& candidate) { return candidate.errc == errc; });
  return row == std::end(kRows) ? nullptr : row;
}

}  // namespace

rpc::GrpcStatus to_status(const Error& error) {
  const Row* row = find_row(error.code);
  return row == nullptr ? rpc::GrpcStatus{GrpcCode::kUnknown, describe(error)} : rpc::GrpcStatus{row->code, std::string(row->text)};
}

std::string text_of(const Error& error) { return to_status(error).message; }

rpc::GrpcStatus malformed_request(const Error& error) {
  return {GrpcCode::kInternal, "grpc: error unmarshalling request: " + describe(error)};
}

}  // namespace etcd::api
