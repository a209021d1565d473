#include "auth/jwt.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>


namespace etcd::auth {

namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 32;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

tl::unexpected<Error> invalid(const char* why) { return fail(Errc::kInvalidAuthToken, why); }

// base64url without padding.
std::string encode_base64(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char byte : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(byte);
    for (count += 8; count >= 6; count -= 6) out += kDigits[(bits >> (count - 6)) & 63];
  }
  if (count > 0) out += kDigits[(bits << (6 - count)) & 63];
  return out;
}

constexpr std::array<std::int8_t, 256> kValues = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kDigits.size(); ++i) values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::int8_t>(i);
  return values;
}();

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char letter : text) {
    const std::int8_t value = kValues[static_cast<unsigned char>(letter)];
    if (value < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>((bits >> count) & 255);
  }
  return out;
}

// The object in one part of a token; nothing if it is none.
std::optional<Json> decode_object(std::string_view part) {
  const auto text = decode_base64(part);
  if (!text) return std::nullopt;
  bool too_deep = false;
  const auto watch_depth = [&](int depth, Json::parse_event_t, const Json&) {
    too_deep = too_deep || depth > kMaxDepth;
    return !too_deep;
  };
  Json json = Json::parse(*text, watch_depth, /*allow_exceptions=*/false);
  if (too_deep || !json.is_object()) return std::nullopt;
  return json;
}

// Seconds since 1970; nothing if it isn't there, or 0, which means the same.
Result<std::optional<double>> read_date(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end()) return std::optional<double>();
  if (!found->is_number()) return invalid("token has invalid claims: a date is no number");
  const double seconds = std::trunc(found->get<double>());
  if (seconds == 0) return std::optional<double>();
  return std::optional<double>(seconds);
}

Result<JwtClaims> read_claims(const Json& json, std::int64_t now_ns) {
  TRY_ASSIGN(const std::optional<double> expires_s, read_date(json, "exp"));
  TRY_ASSIGN(const std::optional<double> begins_s, read_date(json, "nbf"));
  const double now_s = static_cast<double>(now_ns) / static_cast<double>(kNsPerSecond);
  if (expires_s && !(now_s < *expires_s)) return invalid("token has invalid claims: token is expired");
  if (begins_s && now_s < *begins_s) return invalid("token has invalid claims: token is not valid yet");

  JwtClaims claims;
  const auto user = json.find("username");
  if (user == json.end() || !user->is_string()) return invalid("failed to obtain user claims from jwt token");
  claims.username = user->get<std::string>();
  constexpr double kRevisions = 18446744073709551616.0;  // 2^64
  const auto revision = json.find("revision");
  const double number = revision != json.end() && revision->is_number() ? revision->get<double>() : -1;
  if (!(number >= 0 && number < kRevisions)) return invalid("failed to obtain revision claims from jwt token");
  claims.revision = static_cast<std::uint64_t>(number);
  constexpr double kForEver = 9e18;
  if (expires_s && *expires_s < kForEver) claims.expires_s = static_cast<std::int64_t>(*expires_s);
  return claims;
}

}  // namespace

Result<std::string> make_jwt(const JwtKey& key, const JwtClaims& claims) {
  Json body = {{"revision", claims.revision}, {"username", claims.username}};
  if (claims.expires_s) body["exp"] = *claims.expires_s;
  const Json head = {{"alg", std::string(name_of(key.method()))}, {"typ", "JWT"}};
  const std::string text = encode_base64(head.dump()) + '.' + encode_base64(body.dump(-1, ' ', false, Json::error_handler_t::replace));
  TRY_ASSIGN(const std::string signature, key.sign(text));
  return text + '.' + encode_base64(signature);
}

// The signature comes before the claims: of those of others nothing is told.
Result<JwtClaims> read_jwt(const JwtKey& key, std::string_view token, std::int64_t now_ns) {
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return invalid("token is malformed: token contains an invalid number of segments");
  }
  const auto head = decode_object(token.substr(0, first));
  if (!head) return invalid("token is malformed: could not JSON decode header");
  const auto method = head->find("alg");
  if (method == head->end() || !method->is_string() || method->get<std::string>() != name_of(key.method())) {
    return invalid("token is unverifiable: error while executing keyfunc: invalid signing method");
  }
  const auto signature = decode_base64(token.substr(second + 1));
  if (!signature || !key.verifies(token.substr(0, second), *signature)) return invalid("token signature is invalid");
  const auto claims = decode_object(token.substr(first + 1, second - first - 1));
  if (!claims) return invalid("token is malformed: could not JSON decode claim");
  return read_claims(*claims, now_ns);
}

}  // namespace etcd::auth
