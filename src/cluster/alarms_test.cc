#include "cluster/alarms.h"

#include <gtest/gtest.h>

#include "bolt/schema.h"

namespace etcd::cluster {
namespace {

constexpr Alarm kNoSpaceOf1{.member = MemberId(1), .type = AlarmType::kNoSpace};

TEST(AlarmSet, StoresAnAlarmAsItsEncodingWithAnEmptyValue) {
  AlarmSet alarms;
  bolt::WriteBatch changes;
  EXPECT_TRUE(alarms.activate({.member = MemberId(300), .type = AlarmType::kCorrupt}, changes));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes.writes()[0].bucket, bolt::schema::kAlarm);
  EXPECT_EQ(changes.writes()[0].key, "\x08\xac\x02\x10\x02");
  EXPECT_TRUE(changes.writes()[0].value->empty());
}

TEST(AlarmSet, IsASetOfMemberAndType) {
  AlarmSet alarms;
  bolt::WriteBatch changes;
  EXPECT_TRUE(alarms.activate(kNoSpaceOf1, changes));
  EXPECT_FALSE(alarms.activate(kNoSpaceOf1, changes));
  EXPECT_TRUE(alarms.activate({.member = MemberId(0), .type = AlarmType::kNoSpace}, changes));
  EXPECT_TRUE(alarms.activate({.member = MemberId(1), .type = AlarmType::kCorrupt}, changes));
  EXPECT_EQ(changes.size(), 3u);
  EXPECT_EQ(alarms.list(AlarmType::kNone).size(), 3u);
  EXPECT_EQ(alarms.list(AlarmType::kNoSpace).size(), 2u);
  EXPECT_TRUE(alarms.deactivate(kNoSpaceOf1, changes));
  EXPECT_FALSE(alarms.deactivate(kNoSpaceOf1, changes));
  EXPECT_EQ(changes.size(), 4u);
  EXPECT_FALSE(changes.writes()[3].value);
  EXPECT_TRUE(alarms.any(AlarmType::kNoSpace));
}

TEST(AlarmSet, TypeNoneIsNeverRaised) {
  AlarmSet alarms;
  bolt::WriteBatch changes;
  EXPECT_FALSE(alarms.activate({.member = MemberId(1), .type = AlarmType::kNone}, changes));
  EXPECT_TRUE(changes.empty());
}

TEST(AlarmSet, LoadsWhatItStored) {
  AlarmSet alarms;
  bolt::WriteBatch changes;
  alarms.activate(kNoSpaceOf1, changes);
  AlarmSet loaded;
  ASSERT_TRUE(loaded.load(changes.writes()[0].key));
  EXPECT_EQ(loaded.list(AlarmType::kNone), alarms.list(AlarmType::kNone));
  EXPECT_FALSE(loaded.any(AlarmType::kCorrupt));
  EXPECT_EQ(loaded.load("\x08").error().code, Errc::kCorrupt);
}

}  // namespace
}  // namespace etcd::cluster
