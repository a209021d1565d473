#include "node/auto_compaction.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/clock.h"

namespace etcd::node {
namespace {

constexpr std::int64_t kMinute = 60'000'000'000;

class Lines : public base::LogSink {
 public:
  void write(std::string_view line) override { text.append(line); }
  std::string text;
};

// Moves one AutoCompaction through time; the store's revision grows by one each minute.
struct Rig {
  explicit Rig(const AutoCompactionMode& mode)
      : compaction(
            mode,
            [this](Revision revision, base::UniqueFunction<void(Status)> done) {
              asked.push_back(revision.value);
              if (answer) done(*answer);
              else waiting = std::move(done);
            },
            logger) {}
  void pass(std::int64_t ns) {
    for (const std::int64_t end = now + ns; now < end;) {
      now = std::min({end, std::max(again, now + 1), now + kMinute});
      again = compaction.step({.revision = Revision(now / kMinute), .leads = leads, .ns = now});
    }
  }

  std::shared_ptr<Lines> lines = std::make_shared<Lines>();
  base::Logger logger{lines, base::LogLevel::kInfo, base::LogFormat::kJson, base::system_clock()};
  std::vector<std::int64_t> asked;
  std::optional<Status> answer = Status();
  base::UniqueFunction<void(Status)> waiting;
  AutoCompaction compaction;
  bool leads = true;
  std::int64_t now = 1000 * kMinute;
  std::int64_t again = 0;
};

TEST(AutoCompaction, IsOffByDefault) {
  Rig rig{AutoCompactionMode()};
  rig.pass(600 * kMinute);
  EXPECT_TRUE(rig.asked.empty());
}

TEST(AutoCompaction, AnHourOfHistoryIsKeptAndTheRestGoesHourly) {
  Rig rig{PeriodicCompaction{60 * kMinute}};
  rig.pass(59 * kMinute);
  EXPECT_TRUE(rig.asked.empty());
  rig.pass(4 * 60 * kMinute);
  ASSERT_EQ(rig.asked.size(), 4u);
  EXPECT_EQ(rig.asked[0], 1000);
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_NEAR(static_cast<double>(rig.asked[i] - rig.asked[i - 1]), 60, 6.5);
  }
  EXPECT_NE(rig.lines->text.find(R"("msg":"starting auto periodic compaction","revision":1000,"compact-period":"1h0m0s")"), std::string::npos);
  EXPECT_NE(rig.lines->text.find(R"("msg":"completed auto periodic compaction","revision":1000,"compact-period":"1h0m0s","took":)"),
            std::string::npos);
}

TEST(AutoCompaction, ALongPeriodIsLookedAtHourlyOnceItHasPassed) {
  Rig rig{PeriodicCompaction{300 * kMinute}};
  rig.pass(299 * kMinute);
  EXPECT_TRUE(rig.asked.empty());
  rig.pass(122 * kMinute);
  ASSERT_EQ(rig.asked.size(), 3u);
  EXPECT_NEAR(static_cast<double>(rig.asked[2]), 1120, 7);
}

TEST(AutoCompaction, AShortPeriodComesRoundByItself) {
  Rig rig{PeriodicCompaction{5 * kMinute}};
  rig.pass(26 * kMinute);
  EXPECT_EQ(rig.asked.size(), 5u);
}

TEST(AutoCompaction, OnlyTheLeaderAsksButEveryMemberKeepsTheNotes) {
  Rig rig{PeriodicCompaction{60 * kMinute}};
  rig.leads = false;
  rig.pass(300 * kMinute);
  EXPECT_TRUE(rig.asked.empty());
  rig.leads = true;
  rig.pass(7 * kMinute);
  ASSERT_EQ(rig.asked.size(), 1u);
  EXPECT_NEAR(static_cast<double>(rig.asked[0]), 1240, 7);
}

TEST(AutoCompaction, WhatFailedIsTriedAgainATenthOfThePeriodLater) {
  Rig rig{PeriodicCompaction{60 * kMinute}};
  rig.answer = fail(Errc::kTooManyRequests);
  rig.pass(73 * kMinute);
  EXPECT_EQ(rig.asked.size(), 3u);
  EXPECT_NE(rig.lines->text.find("\"msg\":\"failed auto periodic compaction\""), std::string::npos);
  rig.answer = fail(Errc::kCompacted);  // somebody else has done it
  rig.pass(30 * kMinute);
  EXPECT_EQ(rig.asked.size(), 4u);
}

TEST(AutoCompaction, OneAtATime) {
  Rig rig{PeriodicCompaction{60 * kMinute}};
  rig.answer.reset();
  rig.pass(600 * kMinute);
  ASSERT_EQ(rig.asked.size(), 1u);
  rig.waiting(Status());
  rig.pass(61 * kMinute);
  EXPECT_EQ(rig.asked.size(), 2u);
}

TEST(AutoCompaction, ByRevisionTheNewestAreKeptEveryFiveMinutes) {
  Rig rig{RevisionCompaction{100}};
  rig.pass(16 * kMinute);
  EXPECT_EQ(rig.asked, (std::vector<std::int64_t>{905, 910, 915}));
  EXPECT_NE(rig.lines->text.find(R"("msg":"starting auto revision compaction","revision":905,"revision-compaction-retention":100)"),
            std::string::npos);
  Rig young{RevisionCompaction{5000}};
  young.pass(60 * kMinute);
  EXPECT_TRUE(young.asked.empty());
}

}  // namespace
}  // namespace etcd::node
