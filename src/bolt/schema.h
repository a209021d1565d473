// The buckets of etcd's db file and the fixed keys in them.
#pragma once

#include <string_view>

namespace etcd::bolt::schema {

inline constexpr std::string_view kKey = "key";
inline constexpr std::string_view kMeta = "meta";
inline constexpr std::string_view kLease = "lease";
inline constexpr std::string_view kAlarm = "alarm";
inline constexpr std::string_view kCluster = "cluster";
inline constexpr std::string_view kMembers = "members";
inline constexpr std::string_view kMembersRemoved = "members_removed";
inline constexpr std::string_view kAuth = "auth";
inline constexpr std::string_view kAuthUsers = "authUsers";
inline constexpr std::string_view kAuthRoles = "authRoles";
// Every bucket, in the order in which etcd creates them.
inline constexpr std::string_view kAll[] = {kKey,     kMeta,           kLease, kAlarm,     kCluster,
                                            kMembers, kMembersRemoved, kAuth,  kAuthUsers, kAuthRoles};

// In kMeta.
inline constexpr std::string_view kConsistentIndex = "consistent_index";          // 8 bytes big endian
inline constexpr std::string_view kTerm = "term";                                 // 8 bytes big endian
inline constexpr std::string_view kConfState = "confState";                       // JSON
inline constexpr std::string_view kStorageVersion = "storageVersion";             // "3.7.0"
inline constexpr std::string_view kScheduledCompactRev = "scheduledCompactRev";   // 17 byte revision
inline constexpr std::string_view kFinishedCompactRev = "finishedCompactRev";     // 17 byte revision
// In kCluster.
inline constexpr std::string_view kClusterVersion = "clusterVersion";  // "3.7.0"
inline constexpr std::string_view kDowngrade = "downgrade";            // JSON
// In kAuth.
inline constexpr std::string_view kAuthEnabled = "authEnabled";    // one byte, 0 or 1
inline constexpr std::string_view kAuthRevision = "authRevision";  // 8 bytes big endian

}  // namespace etcd::bolt::schema
