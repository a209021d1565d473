#include "auth/jwt.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace etcd::auth {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNow = 1'800'000'000 * kSecond;

std::string read(const std::string& name) {
  std::ifstream file("testdata/jwt/" + name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A line of testdata/jwt/tokens.txt.
struct Vector {
  JwtMethod method{};
  std::string private_key;
  std::string public_key;
  std::string token;
};

std::vector<Vector> vectors() {
  std::vector<Vector> all;
  std::istringstream lines(read("tokens.txt"));
  std::string method;
  std::string private_name;
  std::string public_name;
  std::string token;
  while (lines >> method >> private_name >> public_name >> token) {
    all.push_back({*jwt_method(method), read(private_name), public_name == "-" ? "" : read(public_name), token});
  }
  return all;
}

std::shared_ptr<const JwtKey> hmac_key() { return *JwtKey::load(JwtMethod::kHs256, {.private_key = "k", .public_key = ""}); }

std::string encoded(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  for (std::size_t i = 0; i < bytes.size() * 8; i += 6) {
    unsigned value = 0;
    for (std::size_t bit = i; bit < i + 6; ++bit) {
      value = value << 1 | (bit / 8 < bytes.size() ? static_cast<unsigned char>(bytes[bit / 8]) >> (7 - bit % 8) & 1u : 0u);
    }
    out += kDigits[value];
  }
  return out;
}

std::string signed_token(std::string_view head, std::string_view claims) {
  const std::string text = encoded(head) + '.' + encoded(claims);
  return text + '.' + encoded(*hmac_key()->sign(text));
}

std::string why_not(std::string_view claims, std::string_view head = R"({"alg":"HS256"})", std::int64_t now_ns = kNow) {
  const auto read = read_jwt(*hmac_key(), signed_token(head, claims), now_ns);
  if (read) return "good";
  EXPECT_EQ(read.error().code, Errc::kInvalidAuthToken);
  return read.error().detail;
}

TEST(Jwt, WhatGoSignedWithEachMethodIsRead) {
  ASSERT_EQ(vectors().size(), 13u);
  for (const Vector& vector : vectors()) {
    const bool is_hmac = vector.public_key.empty();
    const auto key = JwtKey::load(vector.method, {.private_key = is_hmac ? vector.private_key : "", .public_key = vector.public_key});
    ASSERT_TRUE(key.has_value()) << name_of(vector.method);
    EXPECT_EQ((*key)->can_sign(), is_hmac);
    const auto claims = read_jwt(**key, vector.token, kNow);
    ASSERT_TRUE(claims.has_value()) << name_of(vector.method) << describe(claims.error());
    EXPECT_EQ(claims->username, "alice <&> \xc3\xa4");
    EXPECT_EQ(claims->revision, 7u);
    EXPECT_EQ(claims->expires_s, 4102444800);
  }
}

TEST(Jwt, WhatEachKeySignsItReads) {
  for (const Vector& vector : vectors()) {
    const auto key = JwtKey::load(vector.method, {.private_key = vector.private_key, .public_key = vector.public_key});
    ASSERT_TRUE(key.has_value()) << name_of(vector.method) << describe(key.error());
    const auto token = make_jwt(**key, {.username = "bob", .revision = 12, .expires_s = 1'800'000'300});
    ASSERT_TRUE(token.has_value()) << name_of(vector.method) << describe(token.error());
    const auto claims = read_jwt(**key, *token, kNow);
    ASSERT_TRUE(claims.has_value()) << name_of(vector.method) << describe(claims.error());
    EXPECT_EQ(claims->username, "bob");
    EXPECT_EQ(claims->revision, 12u);
  }
}

TEST(Jwt, OneChangedLetterAnywhereIsNoticed) {
  for (const Vector& vector : vectors()) {
    const auto key = *JwtKey::load(vector.method, {.private_key = vector.private_key, .public_key = vector.public_key});
    // The last letter of a part may hold bits that mean nothing.
    for (std::size_t at = 0; at + 2 < vector.token.size(); at += 7) {
      if (vector.token[at] == '.' || vector.token[at + 1] == '.') continue;
      std::string changed = vector.token;
      changed[at] = changed[at] == 'A' ? 'B' : 'A';
      EXPECT_FALSE(read_jwt(*key, changed, kNow).has_value()) << name_of(vector.method) << " at " << at;
    }
  }
}

TEST(Jwt, ATokenOfAnotherMethodIsRefusedEvenIfItsSignatureWouldDo) {
  const Vector rsa = vectors()[3];
  // The classic: the public key taken as HMAC's secret.
  const auto forger = *JwtKey::load(JwtMethod::kHs256, {.private_key = rsa.public_key, .public_key = ""});
  const auto server = *JwtKey::load(JwtMethod::kRs256, {.private_key = "", .public_key = rsa.public_key});
  EXPECT_FALSE(read_jwt(*server, *make_jwt(*forger, {.username = "root", .revision = 1}), kNow).has_value());
  EXPECT_EQ(why_not(R"({"username":"root","revision":1})", R"({"alg":"none"})"),
            "token is unverifiable: error while executing keyfunc: invalid signing method");
  EXPECT_EQ(why_not(R"({"username":"root","revision":1})", R"({"alg":7})"), "token is unverifiable: error while executing keyfunc: invalid signing method");
  const std::string unsigned_text = encoded(R"({"alg":"none"})") + '.' + encoded(R"({"username":"root","revision":1})") + '.';
  EXPECT_FALSE(read_jwt(*hmac_key(), unsigned_text, kNow).has_value());
}

TEST(Jwt, DatesAreHeld) {
  EXPECT_EQ(why_not(R"({"username":"a","revision":1})"), "good");
  EXPECT_EQ(why_not(R"({"username":"a","revision":1,"exp":0,"nbf":0})"), "good");
  EXPECT_EQ(why_not(R"({"username":"a","revision":1,"exp":1800000001})"), "good");
  EXPECT_EQ(why_not(R"({"username":"a","revision":1,"exp":1800000000})"), "token has invalid claims: token is expired");
  EXPECT_EQ(why_not(R"({"username":"a","revision":1,"exp":-1})"), "token has invalid claims: token is expired");
  EXPECT_EQ(why_not(R"({"username":"a","revision":1,"nbf":1800000000})"), "good");
  EXPECT_EQ(why_not(R"({"username":"a","revision":1,"nbf":1800000001})"), "token has invalid claims: token is not valid yet");
  EXPECT_EQ(why_not(R"({"username":"a","revision":1,"exp":"soon"})"), "token has invalid claims: a date is no number");
  EXPECT_EQ(why_not(R"({"username":"a","revision":1,"exp":null})"), "token has invalid claims: a date is no number");
  EXPECT_EQ(why_not(R"({"username":"a","revision":1,"exp":1e300})"), "good");
}

TEST(Jwt, UserAndRevisionMustBeThereAndOfTheirKinds) {
  for (const char* claims : {"{}", R"({"revision":1})", R"({"username":7,"revision":1})", R"({"username":null,"revision":1})"}) {
    EXPECT_EQ(why_not(claims), "failed to obtain user claims from jwt token") << claims;
  }
  for (const char* claims : {R"({"username":"a"})", R"({"username":"a","revision":"1"})", R"({"username":"a","revision":-1})",
                             R"({"username":"a","revision":1e30})", R"({"username":"a","revision":true})"}) {
    EXPECT_EQ(why_not(claims), "failed to obtain revision claims from jwt token") << claims;
  }
}

TEST(Jwt, WhatIsNoTokenIsRefused) {
  for (const char* token : {"", ".", "..", "...", "a.b", "a.b.c.d", "a.b.c", "!.!.!", "YQ.YQ.YQ"}) {
    EXPECT_FALSE(read_jwt(*hmac_key(), token, kNow).has_value()) << token;
  }
  const std::string deep = R"({"username":"a","revision":1,"x":)" + std::string(1000, '[') + std::string(1000, ']') + "}";
  EXPECT_EQ(why_not(deep), "token is malformed: could not JSON decode claim");
  EXPECT_EQ(why_not("[]"), "token is malformed: could not JSON decode claim");
}

TEST(JwtKey, MissingStrangeAndForeignKeysAreRefused) {
  const auto why = [](JwtMethod method, const std::string& private_key, const std::string& public_key) {
    const auto key = JwtKey::load(method, {private_key, public_key});
    return key ? std::string("good") : key.error().detail;
  };
  EXPECT_EQ(why(JwtMethod::kRs256, "", ""), "auth: missing key data");
  EXPECT_EQ(why(JwtMethod::kHs256, "", read("rsa.pub")), "auth: missing key data");
  EXPECT_EQ(why(JwtMethod::kRs256, "not pem", ""), "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key");
  EXPECT_NE(why(JwtMethod::kEs256, read("rsa.pem"), ""), "good");
  EXPECT_NE(why(JwtMethod::kEs256, read("ec384.pem"), ""), "good");
  EXPECT_NE(why(JwtMethod::kEdDsa, read("ec256.pem"), ""), "good");
  EXPECT_EQ(why(JwtMethod::kEs256, read("ec256.pem"), read("ec256.pub")), "good");
  EXPECT_EQ(why(JwtMethod::kPs256, read("rsa8.pem"), read("rsa.pub")), "good");
  EXPECT_EQ(why(JwtMethod::kRs256, "", read("rsa.pub")), "good");
}

TEST(JwtKey, APairMustBelongTogether) {
  const auto one = JwtKey::load(JwtMethod::kRs256, {.private_key = read("rsa.pem"), .public_key = read("other_rsa.pub")});
  ASSERT_FALSE(one.has_value());
  EXPECT_EQ(one.error().detail, "auth: public and private keys don't match");
}

TEST(JwtKey, APublicKeyAloneDoesNotSign) {
  const auto key = *JwtKey::load(JwtMethod::kRs256, {.private_key = "", .public_key = read("rsa.pub")});
  EXPECT_EQ(make_jwt(*key, {.username = "a"}).error().detail, "auth: token signing attempted with verify-only key");
}

}  // namespace
}  // namespace etcd::auth
