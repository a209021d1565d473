// What the members agree on about themselves: membership, alarms, cluster version, downgrade.
//
// Owned by the state machine; other threads look at the View, which is replaced whole when something changes. Persisted
// in the buckets members, members_removed, cluster and alarm in Go's encodings (spec: docs/formats.md).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "bolt/write_batch.h"
#include "cluster/alarms.h"
#include "cluster/member.h"
#include "cluster/membership.h"
#include "cluster/version.h"

namespace etcd::bolt {
class ReadTx;
}

namespace etcd::cluster {

struct Downgrade {
  bool enabled = false;
  std::string target_version;  // "3.6.0"; empty unless enabled

  friend bool operator==(const Downgrade&, const Downgrade&) = default;
};

// Membership, alarms and versions as of one applied index. Immutable, shared between threads.
struct View {
  std::vector<Member> members;    // by id
  std::vector<MemberId> removed;  // by id
  std::vector<Alarm> alarms;      // by type, then member
  std::string cluster_version;    // "3.7.0"; empty: not decided
  Downgrade downgrade;

  // Null if there is no such member.
  const Member* find(MemberId id) const;
};

class Cluster {
 public:
  Cluster() = default;
  // Everything the db holds about the cluster; of a fresh db: nothing. kCorrupt for a record that cannot be read.
  static Result<Cluster> load(const bolt::ReadTx& db);

  const Membership& membership() const { return membership_; }
  const AlarmSet& alarms() const { return alarms_; }
  const std::optional<Version>& version() const { return version_; }
  const Downgrade& downgrade() const { return downgrade_; }

  // For changes: the next view() differs.
  Membership& change_membership();
  AlarmSet& change_alarms();
  void set_version(const Version& version, bolt::WriteBatch& changes);
  void set_downgrade(Downgrade downgrade, bolt::WriteBatch& changes);

  // The present state; made when something has changed since the last call, else the same object.
  std::shared_ptr<const View> view();

 private:
  Membership membership_;
  AlarmSet alarms_;
  std::optional<Version> version_;
  Downgrade downgrade_;
  std::shared_ptr<const View> view_;  // null: out of date
};

}  // namespace etcd::cluster
