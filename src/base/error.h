// Outcomes that a caller can act on. One list for the whole program; api/errors maps it to gRPC codes and etcd's texts.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace etcd {

enum class Errc : std::uint8_t {
  // The world beneath.
  kIo,           // a system call failed; the text names file and errno
  kNoSpace,      // ENOSPC
  kCorrupt,      // bytes on disk or from a peer that cannot be what they claim to be
  kNotExist,     // file or folder is not there
  kExists,       // file or folder is there already
  kLocked,       // another process holds the lock
  kInvalid,      // malformed input; the text says what
  kTruncated,    // input ends too early
  kUnsupported,  // understood, but not done here

  // The fate of a proposal.
  kUnknownOutcome,  // it may or may not be applied later
  kTimeout,
  kTimeoutDueToLeaderFail,
  kTimeoutDueToConnectionLost,
  kTimeoutWaitAppliedIndex,
  kLeaderTransferTimeout,
  kStopped,
  kCanceled,
  kDeadlineExceeded,
  kNoLeader,
  kNotLeader,
  kLeaderChanged,
  kTooManyRequests,
  kRequestTooLarge,
  kUnhealthy,
  kCorruptCluster,

  // KV.
  kEmptyKey,
  kKeyNotFound,
  kValueProvided,
  kLeaseProvided,
  kTooManyOps,
  kDuplicateKey,
  kInvalidClientApiVersion,
  kInvalidSortOption,
  kCompacted,
  kFutureRevision,
  kNoSpaceQuota,
  kRangeStreamSort,
  kRangeStreamRevisionFilter,

  // Lease.
  kLeaseNotFound,
  kLeaseExists,
  kLeaseTtlTooLarge,
  kNotPrimaryLessor,

  // Watch.
  kWatchCanceled,
  kEmptyWatcherRange,
  kDuplicateWatchId,

  // Cluster.
  kMemberExists,
  kPeerUrlExists,
  kMemberNotEnoughStarted,
  kMemberBadUrls,
  kMemberNotFound,
  kMemberNotLearner,
  kLearnerNotReady,
  kTooManyLearners,
  kClusterIdMismatch,
  kNotCapable,
  kNotSupportedForLearner,
  kBadLeaderTransferee,
  kClusterVersionUnavailable,
  kWrongDowngradeVersionFormat,
  kInvalidDowngradeTargetVersion,
  kDowngradeInProcess,
  kNoInflightDowngrade,
  kUnknownMethod,

  // Auth.
  kRootUserNotExist,
  kRootRoleNotExist,
  kUserAlreadyExist,
  kUserEmpty,
  kUserNotFound,
  kRoleAlreadyExist,
  kRoleNotFound,
  kRoleEmpty,
  kAuthFailed,
  kPermissionNotGiven,
  kPermissionDenied,
  kRoleNotGranted,
  kPermissionNotGranted,
  kAuthNotEnabled,
  kInvalidAuthToken,
  kInvalidAuthManagement,
  kAuthOldRevision,
  kNoPasswordUser,
};

// What happened, and for the codes of the world beneath the details as text (empty where the code says all).
struct Error {
  Errc code;
  std::string detail = {};

  friend bool operator==(const Error& a, const Error& b) { return a.code == b.code; }
};

// For logs and tests: the detail, else the code's number. What clients see is made by api/errors.
std::string describe(const Error& error);

}  // namespace etcd
