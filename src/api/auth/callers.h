// Callers: who is calling, and whether they may. The one place where a call's identity is read.
//
// A call says who it is from by a token in its metadata - `token`, or `authorization` as the JSON gateway passes it on - or, without one and with
// --client-cert-auth, by the common name of its connection's certificate. Nothing is asked while auth is disabled. Whether somebody may do something is
// auth::View's to say, here and in the state machine alike.
//
// Everything on the loop of the call.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "api/auth/caller.h"
#include "api/auth/signature_checks.h"
#include "api/auth/tokens.h"
#include "api/context.h"
#include "auth/identity.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "rpc/call.h"

namespace etcd::api {

// The token that a call carries, without "Bearer "; nothing if it carries none.
std::optional<std::string_view> token_of(const rpc::Metadata& metadata);
// Whom the certificate of the call's connection stands for; empty: nobody. It counts only with --client-cert-auth, and says nothing of who is behind the
// JSON gateway.
std::string_view certificate_user(const rpc::CallInfo& info, const Options& options);

class Callers {
 public:
  // All must outlive it.
  Callers(Context& context, Tokens& tokens, SignatureChecks& signatures) : context_(context), tokens_(tokens), signatures_(signatures) {}

  // Who calls, to be asked again later, when the call may be over.
  Caller caller(const rpc::CallInfo& info);
  // Who that is now; nobody's name is empty. Until the next call of anything here. kInvalidAuthToken.
  Result<auth::Who> who(const rpc::CallInfo& info);
  Result<auth::Who> who(const Caller& caller);
  // For a proposal.
  Result<auth::Identity> identity(const rpc::CallInfo& info);
  Result<auth::Identity> identity(const Caller& caller);

  bool is_auth_enabled() { return context_.lanes.here().users().enabled(); }
  // Success while auth is disabled; else kInvalidAuthToken, and:
  // kUserEmpty if they don't say who they are.
  Status check_known(const rpc::CallInfo& info);
  // The errors of auth::View::check_admin().
  Status check_admin(const rpc::CallInfo& info);
  // The errors of auth::View::check(). Keys may be shown of a mvcc::ReadView that was taken before this was asked: see auth/view_cell.h.
  Status check(const rpc::CallInfo& info, std::span<const auth::Access> accesses);
  Status check_read(const rpc::CallInfo& info, std::string_view key, std::string_view range_end);
  Status check_read(const Caller& caller, std::string_view key, std::string_view range_end);

  // The same for a request of another member, which passes on the token of its caller; empty: none. Any thread.
  Status check_admin(std::string_view token) const;
  // Of the keys attached to a lease - without one, to any lease -, as this member has applied them; a root passes at whatever revision. `done` runs within
  // the call or later on this loop.
  void check_lease(const rpc::CallInfo& info, std::optional<LeaseId> lease, auth::Access::Kind kind, base::UniqueFunction<void(Status)> done);
  // Of these, which somebody says are a lease's.
  Status check_lease_keys(const rpc::CallInfo& info, std::span<const std::string> keys, auth::Access::Kind kind);

  // Whether who calls can be told at once. Not if the signature of their token has to be verified, or if a simple token may be newer than what this
  // member has applied. Then settle() calls `next` once the signature was verified (right or wrong), or once this member has applied what was committed
  // when it was asked, or can't in time. `next` holds the call, and runs on this loop.
  bool is_settled(const rpc::CallInfo& info);
  void settle(const rpc::CallInfo& info, base::UniqueFunction<void()> next);
  // Those of is_settled() that are verified by their signature. A stream waits for no other: its messages are judged one by one.
  bool has_verified_signature(const rpc::CallInfo& info);

 private:
  Moment now() const;
  std::string_view certificate_name(const rpc::CallInfo& info) const { return certificate_user(info, context_.options); }
  Result<const Caller*> find(std::string_view token);
  Result<Caller> look_up(std::string_view token) const;
  void verify(const std::string& token, base::UniqueFunction<void()> next);
  void on_verified(Lane& lane, const std::string& token, Result<Tokens::Verified> verified);
  void complain(std::string_view token, const Error& error);

  Context& context_;
  Tokens& tokens_;
  SignatureChecks& signatures_;
};

}  // namespace etcd::api
