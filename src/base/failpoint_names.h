// The failpoints that there are, by etcd's names: each is a place in this server where the name means what it means in etcd. docs/compat.md says which of
// etcd's have no such place, and why. Sorted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#define ETCD_FAILPOINTS_BY_NAME(X)          \
  X(afterCommit)                            \
  X(afterStartDBTxn)                        \
  X(afterWritebackBuf)                      \
  X(applyAfterOpenSnapshot)                 \
  X(applyBeforeOpenSnapshot)                \
  X(beforeApplyOneConfChange)               \
  X(beforeApplyOneEntryNormal)              \
  X(beforeBucketPut)                        \
  X(beforeCheckpointInLeaseRenew)           \
  X(beforeCommit)                           \
  X(beforeLookupWhenForwardLeaseTimeToLive) \
  X(beforeLookupWhenLeaseTimeToLive)        \
  X(beforePublishing)                       \
  X(beforeRangeStreamChunk)                 \
  X(beforeSendWatchResponse)                \
  X(beforeServeHTTPLeaseRenew)              \
  X(beforeStartDBTxn)                       \
  X(beforeSyncDataPages)                    \
  X(beforeSyncMetaPage)                     \
  X(beforeWriteMetaError)                   \
  X(beforeWritebackBuf)                     \
  X(commitAfterPreCommitHook)               \
  X(commitBeforePreCommitHook)              \
  X(compactAfterAcquiredBatchTxLock)        \
  X(compactAfterCommitBatch)                \
  X(compactAfterCommitScheduledCompact)     \
  X(compactAfterSetFinishedCompact)         \
  X(compactBeforeCommitBatch)               \
  X(compactBeforeCommitScheduledCompact)    \
  X(compactBeforeSetFinishedCompact)        \
  X(defragBeforeCopy)                       \
  X(defragBeforeRename)                     \
  X(defragOpenFileError)                    \
  X(defragdbFail)                           \
  X(lackOfDiskSpace)                        \
  X(mapError)                               \
  X(raftAfterApplySnap)                     \
  X(raftAfterSave)                          \
  X(raftAfterSaveSnap)                      \
  X(raftAfterWALRelease)                    \
  X(raftBeforeAdvance)                      \
  X(raftBeforeApplySnap)                    \
  X(raftBeforeFollowerSend)                 \
  X(raftBeforeLeaderSend)                   \
  X(raftBeforeSave)                         \
  X(raftBeforeSaveSnap)                     \
  X(raftBeforeWALSaveSnaphot)               \
  X(raftDropHeartbeat)                      \
  X(resizeFileError)                        \
  X(snapDBDirSyncError)                     \
  X(snapDBRenameBeforeDirSync)              \
  X(walAfterSync)                           \
  X(walBeforeSync)

namespace etcd::base {

#define ETCD_FAILPOINT_ENUMERATOR(name) name,
enum class FailpointName : std::uint8_t { ETCD_FAILPOINTS_BY_NAME(ETCD_FAILPOINT_ENUMERATOR) };
#undef ETCD_FAILPOINT_ENUMERATOR

#define ETCD_FAILPOINT_TEXT(name) std::string_view(#name),
inline constexpr std::array kFailpointNames = {ETCD_FAILPOINTS_BY_NAME(ETCD_FAILPOINT_TEXT)};
#undef ETCD_FAILPOINT_TEXT

}  // namespace etcd::base
