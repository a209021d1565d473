#include <gtest/gtest.h>

#include "base/file.h"

namespace etcd::base {
namespace {

TEST(Path, JoinedPartsHaveOneSlashBetweenThem) {
  EXPECT_EQ(join_path("a", "b"), "a/b");
  EXPECT_EQ(join_path("a/", "b"), "a/b");
  EXPECT_EQ(join_path("/", "b"), "/b");
  EXPECT_EQ(join_path("", "b"), "b");
}

TEST(Path, TheParentIsTheFolderThatMustBeSynced) {
  EXPECT_EQ(parent_path("/data/member/snap"), "/data/member");
  EXPECT_EQ(parent_path("/data//member///"), "/data");
  EXPECT_EQ(parent_path("/data"), "/");
  EXPECT_EQ(parent_path("/"), "/");
  EXPECT_EQ(parent_path("data"), ".");
  EXPECT_EQ(parent_path("data/"), ".");
}

}  // namespace
}  // namespace etcd::base
