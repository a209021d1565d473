#include "server/validate.h"

#include <gtest/gtest.h>


namespace etcd::server {
namespace {

Result<Retention> retention(std::string mode, std::string text) {
  ClusterConfig config;
  config.auto_compaction_mode = std::move(mode);
  config.auto_compaction_retention = std::move(text);
  return compaction_retention(config);
}

TEST(CompactionRetention, ABareNumberIsHoursOrRevisions) {
  EXPECT_EQ(std::get<PeriodicRetention>(*retention("periodic", "8")).period, std::chrono::hours(8));
  EXPECT_EQ(std::get<RevisionRetention>(*retention("revision", "1000")).revisions, 1000);
  EXPECT_EQ(std::get<PeriodicRetention>(*retention("periodic", "5m")).period, std::chrono::minutes(5));
}

TEST(CompactionRetention, ZeroAndNothingMeanNone) {
  for (const char* text : {"0", "", "0s", "000"}) EXPECT_TRUE(std::holds_alternative<std::monostate>(*retention("periodic", text))) << text;
  EXPECT_TRUE(std::holds_alternative<std::monostate>(*retention("revision", "0")));
}

TEST(CompactionRetention, OthersAreRefused) {
  EXPECT_EQ(retention("periodic", "foo").error().detail, "error parsing CompactionRetention: time: invalid duration \"foo\"");
  EXPECT_EQ(retention("periodic", "-1h").error().detail, "error parsing CompactionRetention: -1h is negative");
  EXPECT_FALSE(retention("periodic", "2562048").has_value());
  EXPECT_FALSE(retention("revision", "99999999999999999999").has_value());
}

TEST(ListenUrls, GrpcAndHttpNeedAddressesOfTheirOwn) {
  MemberConfig config;
  config.listen_client_http_urls = urls("http://localhost:2378");
  EXPECT_TRUE(check_listen_urls(config).has_value());
  config.listen_client_http_urls = urls("http://localhost:2378,http://localhost:2379");
  EXPECT_EQ(check_listen_urls(config).error().detail,
            "cannot bind both --listen-client-urls and --listen-client-http-urls on the same url http://localhost:2379");
}

TEST(InitialCluster, ItsUrlsAreThoseOfMembers) {
  const auto error = [](std::string text) {
    ClusterConfig config;
    config.initial_cluster = std::move(text);
    const Status checked = check_initial_cluster_urls(config);
    return checked.has_value() ? "" : checked.error().detail;
  };
  EXPECT_EQ(error("a=http://h:1,,b=https://[::1]:2"), "");
  EXPECT_EQ(error("a=foo"), "error setting up initial cluster: URL scheme must be http, https, unix, or unixs: foo");
  EXPECT_EQ(error("a"), "error setting up initial cluster: URL scheme must be http, https, unix, or unixs: ");
}

}  // namespace
}  // namespace etcd::server
