#include "base/failpoints.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace etcd::base {
namespace {

// Writes down what it is told to do.
struct Recorder {
  std::vector<std::int64_t> slept_ns;
  std::vector<std::string> panics;
  std::vector<std::string> lines;

  Failpoints::Actions actions() {
    return {.sleep = [this](std::int64_t ns) { slept_ns.push_back(ns); },
            .panic = [this](const std::string& why) { panics.push_back(why); },
            .print = [this](const std::string& line) { lines.push_back(line); },
            .draw = [] { return 0.5; }};
  }
};

TEST(Failpoints, NamesAreSortedAndDoNotRepeat) {
  EXPECT_TRUE(std::ranges::is_sorted(kFailpointNames));
  EXPECT_EQ(std::ranges::adjacent_find(kFailpointNames), kFailpointNames.end());
}

TEST(Failpoints, WhatIsNotSetDoesNothing) {
  Recorder recorder;
  Failpoints points(recorder.actions());
  EXPECT_FALSE(points.pass(FailpointName::raftBeforeSave));
  EXPECT_TRUE(recorder.panics.empty());
}

TEST(Failpoints, SleepsForMillisecondsOrForADurationOfGo) {
  Recorder recorder;
  Failpoints points(recorder.actions());
  ASSERT_TRUE(points.set("raftBeforeSave", "1*sleep(20)->1*sleep(\"1m30s\")->sleep"));
  for (int i = 0; i < 3; ++i) points.pass(FailpointName::raftBeforeSave);
  EXPECT_EQ(recorder.slept_ns, (std::vector<std::int64_t>{20'000'000, 90'000'000'000}));
  EXPECT_EQ(recorder.lines.size(), 1u);  // a sleep without a duration
}

TEST(Failpoints, APanicNamesThePointOrWhatTheTermsSay) {
  Recorder recorder;
  Failpoints points(recorder.actions());
  ASSERT_TRUE(points.set("beforeCommit", "1*panic->panic(\"lights out\")"));
  points.pass(FailpointName::beforeCommit);
  points.pass(FailpointName::beforeCommit);
  EXPECT_EQ(recorder.panics, (std::vector<std::string>{"failpoint panic: beforeCommit", "failpoint panic: lights out"}));
}

TEST(Failpoints, ReturnGivesItsValueToThePlace) {
  Recorder recorder;
  Failpoints points(recorder.actions());
  ASSERT_TRUE(points.set("defragdbFail", "return(\"some random error\")"));
  EXPECT_EQ(points.pass(FailpointName::defragdbFail), FailValue(std::string("some random error")));
}

TEST(Failpoints, AClearedPointDoesNothingAnyMore) {
  Recorder recorder;
  Failpoints points(recorder.actions());
  ASSERT_TRUE(points.set("beforeCommit", "panic"));
  ASSERT_TRUE(points.clear("beforeCommit"));
  points.pass(FailpointName::beforeCommit);
  EXPECT_TRUE(recorder.panics.empty());
  EXPECT_EQ(points.clear("beforeCommit").error().code, Errc::kInvalid);
}

TEST(Failpoints, UnknownNamesAndUnreadableTermsAreRefused) {
  Recorder recorder;
  Failpoints points(recorder.actions());
  EXPECT_EQ(points.set("nowhere", "panic").error().code, Errc::kNotExist);
  EXPECT_EQ(points.clear("nowhere").error().code, Errc::kNotExist);
  EXPECT_EQ(points.setting("nowhere").error().code, Errc::kNotExist);
  EXPECT_EQ(points.set("beforeCommit", "explode").error().code, Errc::kInvalid);
  EXPECT_EQ(points.setting("beforeCommit").error().code, Errc::kInvalid);
}

TEST(Failpoints, TheListHasEachNameAndWhatItIsSetTo) {
  Recorder recorder;
  Failpoints points(recorder.actions());
  ASSERT_TRUE(points.set("beforeCommit", "sleep(1)"));
  const std::string list = points.list();
  EXPECT_NE(list.find("\nbeforeCommit=sleep(1)\n"), std::string::npos) << list;
  EXPECT_TRUE(list.starts_with("afterCommit=\n")) << list;
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(list, '\n')), kFailpointNames.size());
}

TEST(Failpoints, TheCountIsThatOfTheTermsThatAreSet) {
  Recorder recorder;
  Failpoints points(recorder.actions());
  ASSERT_TRUE(points.set("beforeCommit", "2*sleep(1)"));
  for (int i = 0; i < 3; ++i) points.pass(FailpointName::beforeCommit);
  EXPECT_EQ(points.setting("beforeCommit")->count, 2u);
  ASSERT_TRUE(points.set("beforeCommit", "sleep(1)"));
  EXPECT_EQ(points.setting("beforeCommit")->count, 0u);
}

TEST(Failpoints, TheEnvironmentSetsSeveralAndPassesOverThoseItDoesNotKnow) {
  Recorder recorder;
  Failpoints points(recorder.actions());
  ASSERT_TRUE(points.set_from_environment(";raftBeforeSave=sleep(1);;nowhere=panic;beforeCommit=print;"));
  EXPECT_EQ(points.setting("raftBeforeSave")->terms, "sleep(1)");
  EXPECT_EQ(points.setting("beforeCommit")->terms, "print");
  EXPECT_EQ(recorder.lines.size(), 1u);
  EXPECT_FALSE(points.set_from_environment("raftBeforeSave"));
  EXPECT_FALSE(points.set_from_environment("a=b=c"));
}

}  // namespace
}  // namespace etcd::base
