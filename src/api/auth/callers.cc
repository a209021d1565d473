#include "api/auth/callers.h"

#include <algorithm>
#include <utility>

#include "api/sha256.h"
#include "auth/view_cell.h"
#include "base/hex.h"

namespace etcd::api {

namespace {

constexpr std::string_view kBearer = "Bearer ";
// What grpc-gateway adds to every request with an Accept field: the certificate, if any, is not the user's.
constexpr std::string_view kGatewayField = "grpcgateway-accept";

// The first letters of a token's digest: enough to tell one from another, nothing to log in with.
std::string fingerprint(std::string_view token) { return base::to_hex(sha256(token).substr(0, 6)); }

// As in etcd it is enough to have shown something: a name may be empty in a token that others have signed.
bool is_nobody(const auth::Who& who) { return who.revision == 0 && who.name.empty(); }

}  // namespace

std::optional<std::string_view> token_of(const rpc::Metadata& metadata) {
  auto token = metadata.find("token");
  if (!token) token = metadata.find("authorization");
  if (token && token->starts_with(kBearer)) token->remove_prefix(kBearer.size());
  return token;
}

std::string_view certificate_user(const rpc::CallInfo& info, const Options& options) {
  if (!options.client_cert_auth || info.peer == nullptr || info.metadata.find(kGatewayField)) return {};
  return info.peer->verified_common_name;
}

Moment Callers::now() const {
  const std::int64_t monotonic_ns = context_.lanes.here().loop().now_ns();
  if (!tokens_.are_signed()) return {.monotonic_ns = monotonic_ns};
  return {.monotonic_ns = monotonic_ns, .wall_ns = context_.clock.wall_ns(), .key = tokens_.key_number()};
}

// Never null.
Result<const Caller*> Callers::find(std::string_view token) {
  CallerMemory& memory = context_.lanes.here().callers();
  const Moment now = this->now();
  const Caller* const known = memory.find(token);
  if (known != nullptr && known->is_good(now)) return known;
  const Error* const refused = memory.find_refused(token, now);
  auto found = refused != nullptr ? Result<Caller>(fail(*refused)) : look_up(token);
  if (found) return &memory.add(token, std::move(*found), now);
  complain(token, found.error());
  return fail(found.error().code);
}

Result<Caller> Callers::look_up(std::string_view token) const {
  if (tokens_.are_signed()) {
    TRY_ASSIGN(Tokens::Verified verified, tokens_.read_signed(token));
    return Caller::by_token(std::move(verified.claims), verified.key);
  }
  auto simple = tokens_.find_simple(token);
  if (simple == nullptr) return fail(Errc::kInvalidAuthToken);
  return Caller::by_token(std::move(simple));
}

// Not of each: whoever likes can send any number of them.
void Callers::complain(std::string_view token, const Error& error) {
  if (!context_.lanes.here().callers().complaints.take(now().monotonic_ns)) return;
  if (!error.detail.empty()) context_.logger.warn("failed to parse a JWT token", {base::LogField(error)});
  context_.logger.warn("invalid auth token", {{"token-fingerprint", fingerprint(token)}});
}

Result<auth::Who> Callers::who(const rpc::CallInfo& info) {
  const auth::View& view = context_.lanes.here().users();
  const auto token = view.enabled() ? token_of(info.metadata) : std::nullopt;
  if (!token) {
    const std::string_view name = certificate_name(info);
    return name.empty() ? auth::Who() : auth::Who(name, view.revision());
  }
  TRY_ASSIGN(const Caller* const caller, find(*token));
  return caller->who(view, now());
}

Result<auth::Who> Callers::who(const Caller& caller) { return caller.who(context_.lanes.here().users(), now()); }

Caller Callers::caller(const rpc::CallInfo& info) {
  const auto token = context_.lanes.here().users().enabled() ? token_of(info.metadata) : std::nullopt;
  if (!token) {
    const std::string_view name = certificate_name(info);
    return name.empty() ? Caller() : Caller::by_certificate(std::string(name));
  }
  const auto known = find(*token);
  return known ? **known : Caller::by_bad_token();
}

Result<auth::Identity> Callers::identity(const rpc::CallInfo& info) {
  TRY_ASSIGN(const auth::Who who, this->who(info));
  return auth::Identity{.name = std::string(who.name), .revision = who.revision};
}

Result<auth::Identity> Callers::identity(const Caller& caller) {
  TRY_ASSIGN(const auth::Who who, this->who(caller));
  return auth::Identity{.name = std::string(who.name), .revision = who.revision};
}

Status Callers::check_known(const rpc::CallInfo& info) {
  if (!context_.lanes.here().users().enabled()) return {};
  TRY_ASSIGN(const auth::Who who, this->who(info));
  if (is_nobody(who)) return fail(Errc::kUserEmpty);
  return {};
}

Status Callers::check_admin(const rpc::CallInfo& info) {
  const auth::View& view = context_.lanes.here().users();
  if (!view.enabled()) return {};
  TRY_ASSIGN(const auth::Who who, this->who(info));
  return view.check_admin(who);
}

Status Callers::check_admin(std::string_view token) const {
  const auto view = context_.node.auth_view();
  if (!view->enabled()) return {};
  if (token.empty()) return fail(Errc::kUserEmpty);
  if (token.starts_with(kBearer)) token.remove_prefix(kBearer.size());
  TRY_ASSIGN(const Caller caller, look_up(token));
  const Moment now{.monotonic_ns = context_.clock.monotonic_ns(), .wall_ns = context_.clock.wall_ns(), .key = tokens_.key_number()};
  TRY_ASSIGN(const auth::Who who, caller.who(*view, now));
  return view->check_admin(who);
}

namespace {

// Also refuses who has seen users and roles newer than `view`: this member can't tell yet what they may do.
Status check_with(const auth::View& view, const auth::Who& who, std::span<const auth::Access> accesses) {
  TRY(view.check(who, accesses));
  if (view.enabled() && who.revision > view.revision()) return fail(Errc::kAuthOldRevision);
  return {};
}

}  // namespace

Status Callers::check(const rpc::CallInfo& info, std::span<const auth::Access> accesses) {
  const auth::View& view = context_.lanes.here().users();
  if (!view.enabled()) return {};
  TRY_ASSIGN(const auth::Who who, this->who(info));
  return check_with(view, who, accesses);
}

Status Callers::check_read(const rpc::CallInfo& info, std::string_view key, std::string_view range_end) {
  const auth::Access access{.kind = auth::Access::Kind::kRead, .key = key, .range_end = range_end};
  return check(info, std::span(&access, 1));
}

Status Callers::check_read(const Caller& caller, std::string_view key, std::string_view range_end) {
  const auth::View& view = context_.lanes.here().users();
  if (!view.enabled()) return {};
  const auth::Access access{.kind = auth::Access::Kind::kRead, .key = key, .range_end = range_end};
  TRY_ASSIGN(const auth::Who who, this->who(caller));
  return check_with(view, who, std::span(&access, 1));
}

Status Callers::check_lease_keys(const rpc::CallInfo& info, std::span<const std::string> keys, auth::Access::Kind kind) {
  if (!is_auth_enabled()) return {};
  std::vector<auth::Access> accesses;
  for (const std::string& key : keys) accesses.push_back({.kind = kind, .key = key, .range_end = {}, .of_lease = true});
  return check(info, accesses);
}

// The state of users may change while the keys are looked at: then nothing is known. Who calls is found out once: a token may end between two looks.
void Callers::check_lease(const rpc::CallInfo& info, std::optional<LeaseId> lease, auth::Access::Kind kind, base::UniqueFunction<void(Status)> done) {
  const std::shared_ptr<const auth::View> view = context_.node.auth_view();
  if (!view->enabled()) return done({});
  auto who = identity(info);
  if (!who) return done(fail(who.error()));
  if (is_nobody(*who)) return done(check_known(info));
  if (view->check_admin(*who)) return done({});
  const std::uint64_t revision = view->revision();
  auto judge = [view, who = std::move(*who), kind](std::string_view key) {
    return view->check(who, {.kind = kind, .key = key, .range_end = {}, .of_lease = true});
  };
  Lane& lane = context_.lanes.here();
  lane.leases().judge_keys(lease, std::move(judge), [&lane, revision, done = std::move(done)](Status judged) mutable {
    done(judged && lane.users().revision() != revision ? Status(fail(Errc::kAuthOldRevision)) : std::move(judged));
  });
}

bool Callers::has_verified_signature(const rpc::CallInfo& info) {
  Lane& lane = context_.lanes.here();
  if (!signatures_.are_worthwhile() || !lane.users().enabled()) return true;
  const auto token = token_of(info.metadata);
  if (!token) return true;
  const Moment now = this->now();
  const Caller* const known = lane.callers().find(*token);
  return (known != nullptr && known->is_good(now)) || lane.callers().find_refused(*token, now) != nullptr;
}

bool Callers::is_settled(const rpc::CallInfo& info) {
  if (tokens_.are_signed()) return has_verified_signature(info);
  Lane& lane = context_.lanes.here();
  if (!lane.users().enabled()) return true;
  const auto token = token_of(info.metadata);
  if (!token || lane.callers().find(*token) != nullptr) return true;
  // It names the entry before its own: who waits for no more than that, as etcd does, may still not know it.
  const auto index = auth::index_of_simple_token(*token);
  return !index || *index < lane.status().applied.value || tokens_.find_simple(*token) != nullptr;
}

// Calls that come with the same token meanwhile wait with the first.
void Callers::verify(const std::string& token, base::UniqueFunction<void()> next) {
  Lane& lane = context_.lanes.here();
  if (!lane.callers().wait_for(token, std::move(next))) return;
  signatures_.check(token, lane.loop(), [this, &lane, token](Result<Tokens::Verified> verified) { on_verified(lane, token, std::move(verified)); });
}

// Where there were too many to verify, only those that wait now are refused.
void Callers::on_verified(Lane& lane, const std::string& token, Result<Tokens::Verified> verified) {
  if (verified) {
    lane.callers().add(token, Caller::by_token(std::move(verified->claims), verified->key), now());
  } else {
    lane.callers().refuse(token, verified.error(), now());
  }
  for (auto& next : lane.callers().take_waiting(token)) next();
  if (!verified && verified.error().code != Errc::kInvalidAuthToken) lane.callers().forget_refused(token);
}

void Callers::settle(const rpc::CallInfo& info, base::UniqueFunction<void()> next) {
  if (tokens_.are_signed()) return verify(std::string(*token_of(info.metadata)), std::move(next));
  rpc::Loop& loop = context_.lanes.here().loop();
  const std::int64_t deadline_ns = std::min(info.deadline_ns, loop.now_ns() + context_.options.request_timeout_ns);
  context_.node.read_barrier(deadline_ns, [&loop, next = std::move(next)](const Status&) mutable { loop.post(std::move(next)); });
}

}  // namespace etcd::api
