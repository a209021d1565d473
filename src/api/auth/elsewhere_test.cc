#include "api/auth/elsewhere.h"

#include <gtest/gtest.h>

#include <vector>

namespace etcd::api {
namespace {

TEST(Elsewhere, NoMoreWaitThanMayAndEachGivesItsPlaceBack) {
  std::vector<base::UniqueFunction<void()>> jobs;
  Elsewhere elsewhere([&](base::UniqueFunction<void()> job) { jobs.push_back(std::move(job)); }, 2);
  int done = 0;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(elsewhere.take_place());
    elsewhere.run([&] { ++done; });
  }
  EXPECT_FALSE(elsewhere.take_place());
  EXPECT_EQ(done, 0);
  jobs.front()();
  EXPECT_EQ(done, 1);
  EXPECT_TRUE(elsewhere.take_place());
  EXPECT_FALSE(elsewhere.take_place()) << "one was given back, not two";
}

TEST(Elsewhere, WithoutAThreadJobsAreDoneOnTheSpot) {
  Elsewhere nowhere({}, 1);
  EXPECT_FALSE(nowhere.exists());
  int done = 0;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(nowhere.take_place());
    nowhere.run([&] { ++done; });
  }
  EXPECT_EQ(done, 3);
}

}  // namespace
}  // namespace etcd::api
