#include "api/auth/tokens.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "api/testing/api_rig.h"
#include "rpc/testing/manual_clock.h"

namespace etcd::api {
namespace {

const std::filesystem::path kKeys = "../auth/testdata/jwt";

class SignedTokens : public ::testing::Test {
 protected:
  SignedTokens() : folder_(std::filesystem::temp_directory_path() / ("etcd-tokens." + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
    take("ec256");
  }
  ~SignedTokens() override { std::filesystem::remove_all(folder_); }

  // Another pair in the place of the one before.
  void take(const std::string& name) {
    for (const char* kind : {".pem", ".pub"}) {
      std::filesystem::copy_file(kKeys / (name + kind), path(kind), std::filesystem::copy_options::overwrite_existing);
    }
  }
  std::string path(const std::string& kind) const { return (folder_ / ("key" + kind)).string(); }
  static auth::JwtOptions options(std::string private_key, std::string public_key) {
    auth::JwtOptions jwt;
    jwt.method = auth::JwtMethod::kEs256;
    jwt.private_key_file = std::move(private_key);
    jwt.public_key_file = std::move(public_key);
    return jwt;
  }
  std::unique_ptr<Tokens> open() {
    auto tokens = Tokens::open({.kind = options(path(".pem"), path(".pub"))}, {.metrics = metrics, .clock = clock, .logger = logger, .files = files_.get()});
    EXPECT_TRUE(tokens.has_value());
    return std::move(*tokens);
  }

  std::filesystem::path folder_;
  std::unique_ptr<base::FileSystem> files_ = base::posix_file_system();
  rpc::testing::ManualClock clock;
  std::shared_ptr<testing::KeptLines> lines = std::make_shared<testing::KeptLines>();
  base::Logger logger{lines, base::LogLevel::kInfo, base::LogFormat::kJson, clock};
  base::Metrics metrics;
};

TEST_F(SignedTokens, AreGoodForFiveMinutes) {
  const auto tokens = open();
  EXPECT_TRUE(tokens->are_signed());
  EXPECT_EQ(tokens->new_simple_part(), "");
  const std::string token = *tokens->sign("alice", 7);
  EXPECT_EQ(tokens->read_signed(token)->claims.username, "alice");
  clock.now_ns += 299'000'000'000;
  EXPECT_EQ(tokens->read_signed(token)->claims.revision, 7u);
  clock.now_ns += 2'000'000'000;
  EXPECT_EQ(tokens->read_signed(token).error().code, Errc::kInvalidAuthToken);
}

TEST_F(SignedTokens, AChangedKeyIsTakenOver) {
  const auto tokens = open();
  const std::string before = *tokens->sign("alice", 7);
  tokens->look_at_files();
  EXPECT_FALSE(lines->has("reloaded"));
  take("ec256b");
  tokens->look_at_files();
  EXPECT_TRUE(lines->has("reloaded the keys of auth tokens"));
  EXPECT_NE(metrics.text().find("etcdpp_auth_key_reloads_total 1"), std::string::npos);
  EXPECT_FALSE(tokens->read_signed(before).has_value());
  EXPECT_TRUE(tokens->read_signed(*tokens->sign("alice", 7)).has_value());
}

TEST_F(SignedTokens, ABrokenKeyLeavesTheOneBeforeAndIsToldOfOnce) {
  const auto tokens = open();
  const std::string token = *tokens->sign("alice", 7);
  std::ofstream(path(".pem")) << "half a k";
  tokens->look_at_files();
  tokens->look_at_files();
  EXPECT_TRUE(tokens->read_signed(token).has_value());
  EXPECT_NE(metrics.text().find("etcdpp_auth_key_reload_failures_total 1"), std::string::npos);
  take("ec384");  // of another curve
  tokens->look_at_files();
  std::filesystem::remove(path(".pub"));
  tokens->look_at_files();
  EXPECT_TRUE(tokens->read_signed(token).has_value());
  EXPECT_NE(metrics.text().find("etcdpp_auth_key_reload_failures_total 3"), std::string::npos);
  EXPECT_NE(metrics.text().find("etcdpp_auth_key_reloads_total 0"), std::string::npos);
}

TEST_F(SignedTokens, WithoutTheirKeyTheServerDoesNotStart) {
  std::filesystem::remove(path(".pem"));
  const auto tokens = Tokens::open({.kind = options(path(".pem"), path(".pub"))}, {.metrics = metrics, .clock = clock, .logger = logger, .files = files_.get()});
  ASSERT_FALSE(tokens.has_value());
  EXPECT_EQ(tokens.error().code, Errc::kNotExist);
}

TEST_F(SignedTokens, WithThePublicKeyAloneTokensAreReadAndNoneMade) {
  const std::string token = *open()->sign("alice", 7);
  const auto tokens = Tokens::open({.kind = options("", path(".pub"))}, {.metrics = metrics, .clock = clock, .logger = logger, .files = files_.get()});
  ASSERT_TRUE(tokens.has_value());
  EXPECT_TRUE((*tokens)->read_signed(token).has_value());
  EXPECT_EQ((*tokens)->sign("alice", 7).error().detail, "auth: token signing attempted with verify-only key");
}

TEST_F(SignedTokens, WithoutAKindThereAreNone) {
  const auto tokens = Tokens::open({.kind = auth::NoTokens()}, {.metrics = metrics, .clock = clock, .logger = logger});
  ASSERT_TRUE(tokens.has_value());
  (*tokens)->on_event(auth::TokenAssigned{"alice", "a.1"});
  EXPECT_EQ((*tokens)->find_simple("a.1"), nullptr);
  EXPECT_EQ((*tokens)->sign("alice", 7).error().code, Errc::kAuthFailed);
}

}  // namespace
}  // namespace etcd::api
