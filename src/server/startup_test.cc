#include "server/startup.h"

#include <gtest/gtest.h>

#include "base/testing/crash_fs.h"

namespace etcd::server {
namespace {

class KeptLines : public base::LogSink {
 public:
  void write(std::string_view line) override { text.append(line); }
  bool has(std::string_view part) const { return text.find(part) != std::string::npos; }
  std::string text;
};

class Startup : public testing::Test {
 protected:
  Startup() { config_.member.data_dir = "/d"; }

  std::shared_ptr<KeptLines> lines_ = std::make_shared<KeptLines>();
  base::Logger logger_{lines_, base::LogLevel::kInfo, base::LogFormat::kJson, base::system_clock()};
  base::CrashFs files_;
  Config config_;
};

// From the fourth field on, where the machine no longer shows, the line is etcd's for the same settings.
TEST_F(Startup, TheSummaryIsEtcds) {
  config_.member.data_dir = "d1";
  config_.member.max_snapshots = 3;
  config_.member.listen_peer_urls = urls("http://127.0.0.1:33380");
  config_.member.listen_client_urls = urls("http://127.0.0.1:33379");
  config_.cluster.advertise_client_urls = urls("http://127.0.0.1:33379");
  log_summary(config_, false, logger_);
  EXPECT_TRUE(lines_->has(R"("msg":"starting an etcd server","etcd-version":"3.7.3","git-sha":")"));
  const std::string expected =
      R"("member-initialized":false,"name":"default","data-dir":"d1","wal-dir":"","wal-dir-dedicated":"","member-dir":"d1/member",)"
      R"("force-new-cluster":false,"heartbeat-interval":"100ms","election-timeout":"1s","initial-election-tick-advance":true,)"
      R"("snapshot-count":10000,"max-wals":5,"max-snapshots":3,"snapshot-catchup-entries":5000,)"
      R"("initial-advertise-peer-urls":["http://localhost:2380"],"listen-peer-urls":["http://127.0.0.1:33380"],)"
      R"("advertise-client-urls":["http://127.0.0.1:33379"],"listen-client-urls":["http://127.0.0.1:33379"],"listen-metrics-urls":[],)"
      R"("local-address":"","cors":["*"],"host-whitelist":["*"],"initial-cluster":"default=http://localhost:2380",)"
      R"("initial-cluster-state":"new","initial-cluster-token":"etcd-cluster","quota-backend-bytes":2147483648,)"
      R"("max-request-bytes":1572864,"max-concurrent-streams":4294967295,"pre-vote":true,"feature-gates":"",)"
      R"("initial-corrupt-check":false,"corrupt-check-time-interval":"0s","compact-check-time-interval":"1m0s",)"
      R"("auto-compaction-mode":"periodic","auto-compaction-retention":"0s","auto-compaction-interval":"0s","discovery-token":"",)"
      R"("discovery-endpoints":"","discovery-dial-timeout":"2s","discovery-request-timeout":"5s","discovery-keepalive-time":"2s",)"
      R"("discovery-keepalive-timeout":"6s","discovery-insecure-transport":true,"discovery-insecure-skip-tls-verify":false,)"
      R"("discovery-cert":"","discovery-key":"","discovery-cacert":"","discovery-user":"","downgrade-check-interval":"5s",)"
      R"("max-learners":1,"v2-deprecation":"write-only"})"
      "\n";
  const std::size_t at = lines_->text.find("\"member-initialized\"");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(lines_->text.substr(at), expected);
}

TEST_F(Startup, AFreshFolderIsInitialized) {
  ASSERT_TRUE(inspect_data_dir(config_, files_, logger_).has_value());
  EXPECT_TRUE(lines_->has(R"("msg":"Initialize and start etcd server","data-dir":"/d","dir-type":"empty")"));
  EXPECT_FALSE(is_member_initialized(config_, files_));
}

TEST_F(Startup, AMembersFolderIsTakenUpAgain) {
  ASSERT_TRUE(files_.make_directories("/d/member/wal").has_value());
  (void)files_.open("/d/member/wal/0000000000000000-0000000000000000.wal", base::OpenMode::kCreate);
  (void)files_.open("/d/stray", base::OpenMode::kCreate);
  ASSERT_TRUE(inspect_data_dir(config_, files_, logger_).has_value());
  EXPECT_TRUE(lines_->has(R"("msg":"server has already been initialized","data-dir":"/d","dir-type":"member")"));
  EXPECT_TRUE(lines_->has(R"("msg":"found invalid file under data directory","filename":"stray","data-dir":"/d")"));
  EXPECT_TRUE(is_member_initialized(config_, files_));
}

TEST_F(Startup, AMemberWithADedicatedLogFolderIsFoundThere) {
  config_.member.wal_dir = "/w";
  ASSERT_TRUE(files_.make_directory("/w").has_value());
  EXPECT_FALSE(is_member_initialized(config_, files_));
  (void)files_.open("/w/0000000000000000-0000000000000000.wal", base::OpenMode::kCreate);
  EXPECT_TRUE(is_member_initialized(config_, files_));
}

TEST_F(Startup, TheFolderOfAProxyIsRefused) {
  ASSERT_TRUE(files_.make_directories("/d/proxy").has_value());
  EXPECT_EQ(inspect_data_dir(config_, files_, logger_).error().detail, "v2 http proxy has already been deprecated in 3.6");
  ASSERT_TRUE(files_.make_directories("/d/member").has_value());
  EXPECT_EQ(inspect_data_dir(config_, files_, logger_).error().detail, "invalid datadir; both member and proxy directories exist");
}

TEST_F(Startup, AFileInPlaceOfTheFolderIsRefused) {
  (void)files_.open("/d", base::OpenMode::kCreate);
  EXPECT_FALSE(inspect_data_dir(config_, files_, logger_).has_value());
}

}  // namespace
}  // namespace etcd::server
