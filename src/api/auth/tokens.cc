#include "api/auth/tokens.h"

#include <utility>

#include "api/auth/secret_bytes.h"

namespace etcd::api {

namespace {

constexpr std::size_t kSimpleLetters = 16;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::uint64_t kMaxKeyFileBytes = 1 << 20;

// Empty where there is no path.
Result<std::string> read_file(base::FileSystem& files, const std::string& path) {
  if (path.empty()) return std::string();
  TRY_ASSIGN(const std::unique_ptr<base::File> file, files.open(path, base::OpenMode::kRead));
  TRY_ASSIGN(const std::uint64_t size, file->size());
  if (size > kMaxKeyFileBytes) return fail(Errc::kInvalid, "too large for a key: " + path);
  std::string bytes(size, '\0');
  TRY_ASSIGN(const std::size_t got, file->pread(0, bytes.data(), bytes.size()));
  bytes.resize(got);
  return bytes;
}

}  // namespace

Tokens::Tokens(const Options& options, const World& world)
    : world_(world), has_simple_(std::holds_alternative<auth::SimpleTokenOptions>(options.kind)), simple_(options.simple_ttl_ns) {}

Result<std::unique_ptr<Tokens>> Tokens::open(const Options& options, const World& world) {
  std::unique_ptr<Tokens> tokens(new Tokens(options, world));
  if (tokens->has_simple_) world.logger.warn("simple token is not cryptographically signed");
  const auto* const jwt = std::get_if<auth::JwtOptions>(&options.kind);
  if (jwt == nullptr) return tokens;
  if (!jwt->unknown.empty()) world.logger.warn("unknown JWT options", {{"keys", jwt->unknown}});
  tokens->jwt_.emplace();
  tokens->jwt_->options = *jwt;
  TRY_ASSIGN(tokens->looked_at_, tokens->read_files());
  TRY_ASSIGN(tokens->jwt_->key, auth::JwtKey::load(jwt->method, tokens->looked_at_));
  tokens->jwt_->reloads = world.metrics.counter("etcdpp_auth_key_reloads_total", "How often keys of --auth-token were taken over after their files changed.");
  tokens->jwt_->failures =
      world.metrics.counter("etcdpp_auth_key_reload_failures_total", "How often changed key files of --auth-token could not be taken over.");
  return tokens;
}

std::string Tokens::new_simple_part() const { return has_simple_ ? secret_letters(kSimpleLetters) : std::string(); }

std::shared_ptr<const auth::JwtKey> Tokens::key() const {
  const std::lock_guard lock(mutex_);
  return jwt_ ? jwt_->key : nullptr;
}

Result<std::string> Tokens::sign(std::string_view user, std::uint64_t revision) const {
  const auto key = this->key();
  if (key == nullptr) return fail(Errc::kAuthFailed);
  const std::int64_t expires_s = (world_.clock.wall_ns() + jwt_->options.ttl_ns) / kNsPerSecond;
  return auth::make_jwt(*key, {.username = std::string(user), .revision = revision, .expires_s = expires_s});
}

// The number is read first: should the key change in between, the number is the old one, and what was found out counts for nothing.
Result<Tokens::Verified> Tokens::read_signed(std::string_view token) const {
  const std::uint64_t number = key_number();
  const auto key = this->key();
  if (key == nullptr) return fail(Errc::kInvalidAuthToken, "no tokens are taken");
  TRY_ASSIGN(auth::JwtClaims claims, auth::read_jwt(*key, token, world_.clock.wall_ns()));
  return Verified{.claims = std::move(claims), .key = number};
}

bool Tokens::are_cheap_to_read() const { return !jwt_ || auth::is_hmac(jwt_->options.method); }

std::shared_ptr<auth::SimpleToken> Tokens::find_simple(std::string_view token) { return simple_.find(token, world_.clock.monotonic_ns()); }

void Tokens::on_event(const auth::TokenEvent& event) {
  if (!has_simple_) return;
  if (const auto* const assigned = std::get_if<auth::TokenAssigned>(&event)) {
    simple_.assign(assigned->user, assigned->token, world_.clock.monotonic_ns());
  } else if (const auto* const revoked = std::get_if<auth::UserTokensRevoked>(&event)) {
    simple_.revoke_user(revoked->user);
  } else {
    simple_.revoke_all();
  }
}

Result<auth::JwtKeyFiles> Tokens::read_files() const {
  auth::JwtKeyFiles files;
  TRY_ASSIGN(files.private_key, read_file(*world_.files, jwt_->options.private_key_file));
  TRY_ASSIGN(files.public_key, read_file(*world_.files, jwt_->options.public_key_file));
  return files;
}

void Tokens::look_at_files() {
  if (!jwt_) return;
  auto files = read_files();
  if (!files) {
    // The same trouble as the last time is no news.
    if (std::exchange(last_failure_, describe(files.error())) != describe(files.error())) tell_failure(files.error());
    return;
  }
  last_failure_.clear();
  if (*files == std::exchange(looked_at_, *files)) return;
  auto key = auth::JwtKey::load(jwt_->options.method, *files);
  if (!key) return tell_failure(key.error());
  world_.logger.info("reloaded the keys of auth tokens",
                     {{"pub-key", jwt_->options.public_key_file}, {"priv-key", jwt_->options.private_key_file}, {"can-sign", (*key)->can_sign()}});
  jwt_->reloads.add();
  const std::lock_guard lock(mutex_);
  jwt_->key = std::move(*key);
  key_number_.fetch_add(1, std::memory_order_release);
}

// A key and its certificate are seldom written at the same moment: it may well be right the next time.
void Tokens::tell_failure(const Error& error) const {
  jwt_->failures.add();
  world_.logger.warn("failed to reload the keys of auth tokens; those from before stay", {base::LogField(error)});
}

}  // namespace etcd::api
