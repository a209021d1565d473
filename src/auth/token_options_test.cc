#include "auth/token_options.h"

#include <gtest/gtest.h>

namespace etcd::auth {
namespace {

TEST(TokenOptions, EachKindIsRead) {
  EXPECT_TRUE(std::holds_alternative<SimpleTokenOptions>(*parse_token_options("simple")));
  EXPECT_TRUE(std::holds_alternative<SimpleTokenOptions>(*parse_token_options("simple,a=b")));
  EXPECT_TRUE(std::holds_alternative<NoTokens>(*parse_token_options("")));
  const auto options = parse_token_options("jwt,sign-method=PS384,pub-key=a.pub,priv-key=a.pem,ttl=1h2m,colour=red");
  ASSERT_TRUE(options.has_value());
  const auto& jwt = std::get<JwtOptions>(*options);
  EXPECT_EQ(jwt.method, JwtMethod::kPs384);
  EXPECT_EQ(jwt.public_key_file, "a.pub");
  EXPECT_EQ(jwt.private_key_file, "a.pem");
  EXPECT_EQ(jwt.ttl_ns, 3'720'000'000'000);
  EXPECT_EQ(jwt.unknown, std::vector<std::string>{"colour"});
}

TEST(TokenOptions, FiveMinutesIsTheTimeIfNoneIsGiven) {
  EXPECT_EQ(std::get<JwtOptions>(*parse_token_options("jwt,sign-method=HS256,priv-key=a")).ttl_ns, 300'000'000'000);
  EXPECT_EQ(std::get<JwtOptions>(*parse_token_options("jwt,sign-method=HS256,priv-key=a,ttl=")).ttl_ns, 300'000'000'000);
}

TEST(TokenOptions, EverythingElseIsInvalidInEtcdsWords) {
  for (const char* text : {"other", "jwt", "jwt,sign-method=HS257", "jwt,sign-method=none", "jwt,sign-method", "jwt,sign-method=HS256=x",
                           "jwt,sign-method=HS256,sign-method=HS256", "jwt,sign-method=HS256,ttl=5", "simple,x", ",x"}) {
    const auto options = parse_token_options(text);
    ASSERT_FALSE(options.has_value()) << text;
    EXPECT_EQ(options.error().detail, "auth: invalid auth options") << text;
  }
}

}  // namespace
}  // namespace etcd::auth
