#include "gateway/routes.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "gateway/messages.h"

namespace etcd::gateway {
namespace {

TEST(Routes, AreEtcdsFiftyOnePaths) {
  std::string paths;
  std::set<std::string_view> distinct;
  for (const Route& route : routes()) {
    paths.append(route.path).append("\n");
    distinct.insert(route.path);
  }
  EXPECT_EQ(distinct.size(), 51U);
  EXPECT_EQ(
      paths,
      "/v3/kv/range\n/v3/kv/put\n/v3/kv/deleterange\n/v3/kv/txn\n/v3/kv/compaction\n/v3/watch\n/v3/lease/grant\n"
      "/v3/lease/revoke\n/v3/kv/lease/revoke\n/v3/lease/keepalive\n/v3/lease/timetolive\n/v3/kv/lease/timetolive\n"
      "/v3/lease/leases\n/v3/kv/lease/leases\n/v3/cluster/member/add\n/v3/cluster/member/remove\n"
      "/v3/cluster/member/update\n/v3/cluster/member/list\n/v3/cluster/member/promote\n/v3/maintenance/alarm\n"
      "/v3/maintenance/status\n/v3/maintenance/defragment\n/v3/maintenance/hash\n/v3/maintenance/hashkv\n"
      "/v3/maintenance/snapshot\n/v3/maintenance/transfer-leadership\n/v3/maintenance/downgrade\n/v3/auth/enable\n"
      "/v3/auth/disable\n/v3/auth/status\n/v3/auth/authenticate\n/v3/auth/user/add\n/v3/auth/user/get\n"
      "/v3/auth/user/list\n/v3/auth/user/delete\n/v3/auth/user/changepw\n/v3/auth/user/grant\n/v3/auth/user/revoke\n"
      "/v3/auth/role/add\n/v3/auth/role/get\n/v3/auth/role/list\n/v3/auth/role/delete\n/v3/auth/role/grant\n"
      "/v3/auth/role/revoke\n/v3/lock/lock\n/v3/lock/unlock\n/v3/election/campaign\n/v3/election/proclaim\n"
      "/v3/election/leader\n/v3/election/observe\n/v3/election/resign\n");
}

TEST(Routes, EachHasMessagesToSpeakWith) {
  const Messages messages;
  for (const Route& route : routes()) {
    EXPECT_EQ(messages.of(route.method).request.encode("{}").value_or("?"), "") << route.path;
    EXPECT_EQ(messages.of(route.method).response.to_json("").value_or("?"), "{}") << route.path;
  }
}

}  // namespace
}  // namespace etcd::gateway
