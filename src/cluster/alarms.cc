#include "cluster/alarms.h"

#include "base/wire.h"
#include "bolt/schema.h"

namespace etcd::cluster {

namespace {

// AlarmMember {memberID 1, alarm 2}: the whole alarm is the record's key, its value is empty.
std::string stored_key(const Alarm& alarm) {
  std::string key;
  base::WireWriter writer(key);
  writer.varint_if(1, alarm.member.value);
  writer.int64_if(2, static_cast<std::int64_t>(alarm.type));
  return key;
}

}  // namespace

Status AlarmSet::load(std::string_view stored) {
  Alarm alarm;
  base::WireReader reader(stored);
  while (const auto field = reader.next()) {
    if (field->number == 1 && field->type == base::WireType::kVarint) alarm.member = MemberId(field->varint);
    if (field->number == 2 && field->type == base::WireType::kVarint)
      alarm.type = static_cast<AlarmType>(field->as_int32());
  }
  if (reader.failed()) return fail(Errc::kCorrupt, "alarm bucket: a key is no alarm");
  alarms_.insert(alarm);
  return {};
}

bool AlarmSet::activate(Alarm alarm, bolt::WriteBatch& changes) {
  if (alarm.type == AlarmType::kNone || !alarms_.insert(alarm).second) return false;
  changes.put(bolt::schema::kAlarm, stored_key(alarm), std::string());
  return true;
}

bool AlarmSet::deactivate(Alarm alarm, bolt::WriteBatch& changes) {
  if (alarms_.erase(alarm) == 0) return false;
  changes.erase(bolt::schema::kAlarm, stored_key(alarm));
  return true;
}

bool AlarmSet::any(AlarmType type) const {
  const auto first = alarms_.lower_bound(Alarm{.member = MemberId(0), .type = type});
  return first != alarms_.end() && first->type == type;
}

std::vector<Alarm> AlarmSet::list(AlarmType type) const {
  std::vector<Alarm> found;
  for (const Alarm& alarm : alarms_) {
    if (type == AlarmType::kNone || alarm.type == type) found.push_back(alarm);
  }
  return found;
}

}  // namespace etcd::cluster
