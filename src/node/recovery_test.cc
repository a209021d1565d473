#include "node/recovery.h"

#include <gtest/gtest.h>

#include "base/testing/crash_fs.h"
#include "cluster/bootstrap.h"

namespace etcd::node {
namespace {

StartOptions options() {
  StartOptions options;
  options.data_folder = "/m.etcd";
  options.name = "a";
  options.initial_cluster = {{"a", {"http://a"}}, {"b", {"http://b"}}, {"c", {"http://c"}}};
  options.initial_cluster_token = "token";
  options.db.map_bytes = 64 << 20;
  return options;
}

cluster::Bootstrap bootstrap() { return *cluster::bootstrap(options().initial_cluster, "token", "a"); }

TEST(Recovery, AnEmptyDiskUnderTheIdOfAMemberThatWasThereIsRefused) {
  StartOptions start = options();
  std::vector<cluster::Member> known = bootstrap().members;
  start.ask_members = [&] { return known; };
  {
    base::CrashFs disk;
    EXPECT_TRUE(recover(disk, start, base::null_logger())) << "nobody has been there yet";
  }
  for (cluster::Member& member : known) member.client_urls = {"http://client"};
  base::CrashFs disk;
  const auto refused = recover(disk, start, base::null_logger());
  ASSERT_FALSE(refused);
  EXPECT_EQ(describe(refused.error()), "member " + cluster::to_hex(bootstrap().local_id) + " has already been bootstrapped");
}

TEST(Recovery, AMemberWithItsDiskAsksNobody) {
  base::CrashFs disk;
  StartOptions start = options();
  EXPECT_TRUE(recover(disk, start, base::null_logger()));
  start.ask_members = []() -> std::vector<cluster::Member> {
    ADD_FAILURE();
    return {};
  };
  EXPECT_TRUE(recover(disk, start, base::null_logger()));
}

TEST(Recovery, WhoJoinsBeginsWithAnEmptyLogAndStaysThatWayOverARestart) {
  base::CrashFs disk;
  StartOptions start = options();
  start.initial_cluster.clear();
  start.join = bootstrap();
  for (int i = 0; i < 2; ++i) {
    const auto joined = recover(disk, start, base::null_logger());
    ASSERT_TRUE(joined) << describe(joined.error());
    EXPECT_EQ(joined->member_id, bootstrap().local_id);
    EXPECT_EQ(joined->cluster_id, bootstrap().cluster_id);
    EXPECT_TRUE(joined->raft.entries.empty());
    EXPECT_TRUE(joined->raft.conf_state.voters.empty());
  }
}

}  // namespace
}  // namespace etcd::node
