// Which version a cluster goes to next: etcd's rules, as functions of what is known. Pure; the leader asks the members (node/duties) and proposes.
#pragma once

#include <optional>

#include "cluster/cluster.h"
#include "cluster/version.h"

namespace etcd::cluster {

// The versions of the members' servers, all of which said theirs.
struct VersionSpan {
  Version lowest;
  Version highest;
};

// The cluster version to be proposed, patch 0; nothing if it stays as it is. Without one the cluster begins at the lowest member's, or at 3.0.0 while a
// member (`members` is nothing) does not say its own. It rises to what all members can do. While a downgrade is under way it goes to the downgrade's
// target at once, if that is one minor version below both the cluster's and the lowest member's, and never rises.
std::optional<Version> next_cluster_version(const std::optional<Version>& present, const std::optional<VersionSpan>& members,
                                            const Downgrade& downgrade);

// A downgrade is under way, and every member's server is of its target.
bool is_downgraded(const Downgrade& downgrade, const std::optional<VersionSpan>& members);

// One minor version below `version` is the only way down.
bool is_one_minor_lower(const Version& target, const Version& version);

// Whether a server of this program may join a cluster that runs at `cluster`: at most its own minor version, or one above while the cluster is on its way
// down.
bool may_join(const Version& cluster, bool downgrade_enabled);

}  // namespace etcd::cluster
