#include "tls/self_signed.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/log.h"
#include "tls/context.h"
#include "tls/testing/authority.h"
#include "tls/testing/both_ends.h"

namespace etcd::tls {
namespace {

class SelfSignedTest : public ::testing::Test {
 protected:
  Result<SelfSigned> make() {
    return self_signed(folder.path("fixtures/client"), {"127.0.0.1:2379", "localhost:2379"}, 1, *files,
                       base::system_clock(), base::null_logger());
  }

  testing::TemporaryFolder folder;
  std::unique_ptr<base::FileSystem> files = base::posix_file_system();
};

TEST_F(SelfSignedTest, APairIsOneThatClientsCanTrust) {
  const auto pair = make();
  ASSERT_TRUE(pair) << pair.error().detail;
  Settings server;
  server.cert_file = pair->cert_file;
  server.key_file = pair->key_file;
  Settings client;
  client.trusted_ca_file = pair->cert_file;
  testing::BothEnds ends;
  ends.shake_hands(**Context::open(Role::kServer, server, {}, base::system_clock(), base::null_logger()),
                   **Context::open(Role::kClient, client, {}, base::system_clock(), base::null_logger()), "127.0.0.1");
  EXPECT_TRUE(ends.talk()) << ends.client->error();
}

TEST_F(SelfSignedTest, TheKeyIsForItsOwnerAlone) {
  const auto pair = make();
  ASSERT_TRUE(pair);
  namespace fs = std::filesystem;
  EXPECT_EQ(fs::status(pair->key_file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(SelfSignedTest, TheNextStartUsesTheSamePair) {
  const auto first = make();
  ASSERT_TRUE(first);
  const auto written = std::filesystem::last_write_time(first->cert_file);
  const auto second = make();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->cert_file, first->cert_file);
  EXPECT_EQ(std::filesystem::last_write_time(second->cert_file), written);
}

TEST_F(SelfSignedTest, HalfAPairIsMadeAnew) {
  const auto first = make();
  ASSERT_TRUE(first);
  std::filesystem::remove(first->cert_file);
  ASSERT_TRUE(make());
  EXPECT_TRUE(std::filesystem::exists(first->cert_file));
}

}  // namespace
}  // namespace etcd::tls
