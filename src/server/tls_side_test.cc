#include "server/tls_side.h"

#include <gtest/gtest.h>

#include "base/log.h"
#include "tls/testing/authority.h"

namespace etcd::server {
namespace {

class Lines : public base::LogSink {
 public:
  void write(std::string_view line) override { text += line; }
  bool has(std::string_view part) const { return text.find(part) != std::string::npos; }
  std::string text;
};

class TlsSideTest : public ::testing::Test {
 protected:
  TlsSideTest() { config.member.data_dir = folder.path("data"); }

  Result<TlsSide> open() {
    return open_tls(config, *files, metrics, base::system_clock(), logger);
  }
  std::string error() {
    const auto opened = open();
    return opened ? "" : opened.error().detail;
  }

  tls::testing::TemporaryFolder folder;
  std::unique_ptr<base::FileSystem> files = base::posix_file_system();
  base::Metrics metrics;
  std::shared_ptr<Lines> lines = std::make_shared<Lines>();
  base::Logger logger{lines, base::LogLevel::kDebug, base::LogFormat::kJson, base::system_clock()};
  Config config;
};

TEST_F(TlsSideTest, WithoutFlagsThereIsNoTls) {
  const auto side = open();
  ASSERT_TRUE(side);
  EXPECT_EQ(side->clients, nullptr);
  EXPECT_EQ(side->peers, nullptr);
  EXPECT_EQ(side->dial_peers, nullptr);
  EXPECT_FALSE(listens_with_tls(config));
}

TEST_F(TlsSideTest, UrlsThatNeedACertificateAreRefusedInEtcdsWords) {
  config.member.listen_client_urls = urls("http://127.0.0.1:1,https://127.0.0.1:2");
  EXPECT_EQ(error(), "TLS key/cert (--cert-file, --key-file) must be provided for client url https://127.0.0.1:2 with HTTPS scheme");
  config.member.listen_client_urls = urls("http://127.0.0.1:1");
  config.monitoring.listen_metrics_urls = urls("https://127.0.0.1:3");
  EXPECT_EQ(error(), "client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url");
  config.member.listen_peer_urls = urls("https://127.0.0.1:4");
  EXPECT_EQ(error(), "cannot listen on TLS for 127.0.0.1:4: KeyFile and CertFile are not presented");
  config.security.cipher_suites = {"foo"};
  EXPECT_EQ(error(), "unexpected TLS cipher suite \"foo\"");
}

TEST_F(TlsSideTest, CertificatesAreMadeWhereTheyAreAskedFor) {
  config.security.client.auto_tls = config.security.peer.auto_tls = true;
  const auto side = open();
  ASSERT_TRUE(side) << side.error().detail;
  EXPECT_NE(side->clients, nullptr);
  EXPECT_NE(side->peers, nullptr);
  EXPECT_NE(side->dial_peers, nullptr);
  EXPECT_TRUE(files->exists(folder.path("data/fixtures/client/cert.pem")));
  EXPECT_TRUE(files->exists(folder.path("data/fixtures/peer/key.pem")));
  EXPECT_TRUE(lines->has("automatically generate certificates"));
}

TEST_F(TlsSideTest, GivenCertificatesGoBeforeMadeOnes) {
  tls::testing::Authority authority(folder);
  const auto pair = authority.issue("server");
  config.security.client.auto_tls = true;
  config.security.client.cert_file = pair.cert_file;
  config.security.client.key_file = pair.key_file;
  ASSERT_TRUE(open());
  EXPECT_TRUE(lines->has("ignoring client auto TLS since certs given"));
  EXPECT_TRUE(lines->has("scheme is http or unix while key and cert files are present; ignoring key and cert files"));
  EXPECT_FALSE(files->exists(folder.path("data/fixtures")));
}

TEST_F(TlsSideTest, UrlsOfOneAddressShareASocket) {
  const auto places = listen_places(urls("http://127.0.0.1:1,https://127.0.0.1:1,unixs://localhost:2"));
  ASSERT_EQ(places.size(), 2U);
  EXPECT_EQ(places[0].address, "127.0.0.1:1");
  EXPECT_TRUE(places[0].is_plain && places[0].is_secure);
  EXPECT_EQ(places[1].address, "unix:localhost:2");
  EXPECT_TRUE(!places[1].is_plain && places[1].is_secure);
}

}  // namespace
}  // namespace etcd::server
