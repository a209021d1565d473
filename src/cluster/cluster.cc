#include "cluster/cluster.h"

#include <algorithm>
#include <functional>

#include "bolt/read_tx.h"
#include "bolt/schema.h"
#include "cluster/json.h"
#include "cluster/json_reader.h"

namespace etcd::cluster {

namespace {

namespace schema = bolt::schema;

using Visit = std::function<Status(std::string_view key, std::string_view value)>;

// Calls `visit` for each record of a bucket; a missing bucket has none.
Status for_each(const bolt::ReadTx& db, std::string_view bucket, const Visit& visit) {
  TRY_ASSIGN(const auto found, db.bucket(bucket));
  if (!found) return {};
  bolt::Cursor cursor = found->cursor();
  for (cursor.first(); cursor.valid(); cursor.next()) TRY(visit(cursor.key(), cursor.value()));
  return cursor.status();
}

std::string downgrade_json(const Downgrade& downgrade) {
  std::string out;
  JsonObject object(out);
  object.text("target-version", downgrade.target_version);
  object.flag("enabled", downgrade.enabled);
  object.end();
  return out;
}

Result<Downgrade> parse_downgrade(std::string_view json) {
  Downgrade downgrade;
  const auto object = JsonReader::parse(json);
  if (!object || !object->read("target-version", downgrade.target_version) ||
      !object->read("enabled", downgrade.enabled) || (downgrade.enabled && !parse_version(downgrade.target_version))) {
    return fail(Errc::kCorrupt, "cluster bucket: the downgrade record can't be read");
  }
  return downgrade;
}

}  // namespace

const Member* View::find(MemberId id) const {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const Member& member) { return member.id == id; });
  return found == members.end() ? nullptr : &*found;
}

Result<Cluster> Cluster::load(const bolt::ReadTx& db) {
  Cluster cluster;
  TRY(for_each(db, schema::kMembers,
               [&](auto key, auto value) { return cluster.membership_.load_member(key, value); }));
  TRY(for_each(db, schema::kMembersRemoved, [&](auto key, auto) { return cluster.membership_.load_removed(key); }));
  TRY(for_each(db, schema::kAlarm, [&](auto key, auto) { return cluster.alarms_.load(key); }));
  TRY(for_each(db, schema::kCluster, [&](std::string_view key, std::string_view value) -> Status {
    if (key == schema::kClusterVersion) {
      cluster.version_ = parse_version(value);
      if (!cluster.version_) return fail(Errc::kCorrupt, "cluster bucket: the cluster version can't be read");
    }
    if (key == schema::kDowngrade) {
      TRY_ASSIGN(cluster.downgrade_, parse_downgrade(value));
    }
    return {};
  }));
  return cluster;
}

Membership& Cluster::change_membership() {
  view_.reset();
  return membership_;
}

AlarmSet& Cluster::change_alarms() {
  view_.reset();
  return alarms_;
}

void Cluster::set_version(const Version& version, bolt::WriteBatch& changes) {
  view_.reset();
  version_ = version;
  changes.put(schema::kCluster, std::string(schema::kClusterVersion), to_string(version));
}

void Cluster::set_downgrade(Downgrade downgrade, bolt::WriteBatch& changes) {
  view_.reset();
  downgrade_ = std::move(downgrade);
  changes.put(schema::kCluster, std::string(schema::kDowngrade), downgrade_json(downgrade_));
}

std::shared_ptr<const View> Cluster::view() {
  if (!view_) {
    auto view = std::make_shared<View>();
    view->members = membership_.list();
    view->removed.assign(membership_.removed().begin(), membership_.removed().end());
    view->alarms = alarms_.list(AlarmType::kNone);
    if (version_) view->cluster_version = to_string(*version_);
    view->downgrade = downgrade_;
    view_ = std::move(view);
  }
  return view_;
}

}  // namespace etcd::cluster
