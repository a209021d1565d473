#include "auth/token_options.h"

#include <map>

#include "base/go_text.h"

namespace etcd::auth {

namespace {

using Pairs = std::map<std::string, std::string, std::less<>>;

tl::unexpected<Error> invalid() { return fail(Errc::kInvalid, "auth: invalid auth options"); }

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0;;) {
    const std::size_t end = text.find(by, at);
    parts.push_back(text.substr(at, end - at));
    if (end == std::string_view::npos) return parts;
    at = end + 1;
  }
}

// Takes an option out; empty if it is not there.
std::string take(Pairs& pairs, std::string_view name) {
  const auto found = pairs.find(name);
  return found == pairs.end() ? std::string() : std::move(pairs.extract(found).mapped());
}

Result<TokenOptions> jwt_options(Pairs pairs) {
  JwtOptions options;
  const std::string ttl = take(pairs, "ttl");
  if (!ttl.empty()) {
    const auto duration = base::parse_duration(ttl);
    if (!duration) return invalid();
    options.ttl_ns = duration->count();
  }
  options.public_key_file = take(pairs, "pub-key");
  options.private_key_file = take(pairs, "priv-key");
  const auto method = jwt_method(take(pairs, "sign-method"));
  if (!method) return invalid();
  options.method = *method;
  for (const auto& [name, value] : pairs) options.unknown.push_back(name);
  return TokenOptions(std::move(options));
}

}  // namespace

Result<TokenOptions> parse_token_options(std::string_view text) {
  const auto parts = split(text, ',');
  Pairs pairs;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto pair = split(parts[i], '=');
    if (pair.size() != 2 || !pairs.emplace(pair[0], pair[1]).second) return invalid();
  }
  if (parts.front() == "simple") return TokenOptions(SimpleTokenOptions());
  if (parts.front() == "jwt") return jwt_options(std::move(pairs));
  if (parts.front().empty()) return TokenOptions(NoTokens());
  return invalid();
}

}  // namespace etcd::auth
