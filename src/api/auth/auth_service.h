// AuthService: etcd's Auth service. Every request, questions too, is an entry of the log: the state machine decides who may ask for it, and answers with
// the state after everything before it. What is done here: passwords become hashes before they are proposed, and logins are looked into (login.h).
//
// Handlers run on the loops.
#pragma once

#include <string>

#include "api/auth/callers.h"
#include "api/auth/login.h"
#include "api/auth/methods.h"
#include "api/auth/passwords.h"
#include "api/context.h"
#include "api/gate.h"
#include "api/replies.h"

namespace etcd::api {

class AuthService {
 public:
  // All must outlive it.
  struct Parts {
    Context& context;
    Gate& gate;
    Callers& callers;
    Passwords& passwords;
    Tokens& tokens;
    const Replies& replies;
  };
  explicit AuthService(const Parts& parts) : parts_(parts) {}

  void register_methods(Methods& methods);

  void authenticate(rpc::UnaryCall call);
  void user_add(rpc::UnaryCall call);
  void user_change_password(rpc::UnaryCall call);

 private:
  struct Kind {
    node::RequestKind kind;
    const char* name;  // as etcd's metrics call it
  };

  // A method whose request goes into the log as it came.
  void add(Methods& methods, const char* method, Rule rule, const Kind& kind);
  bool admit(rpc::UnaryCall& call);
  // Hashing is not done for anybody who asks: goes on with `next` if the caller is an admin, as far as this member knows or finds out.
  void for_admin(rpc::UnaryCall call, base::UniqueFunction<void(rpc::UnaryCall)> next);
  // Calls `propose_with` with the hash in base64.
  void hash(rpc::UnaryCall call, std::string password, base::UniqueFunction<void(rpc::UnaryCall, const std::string& hash)> propose_with);
  void propose(rpc::UnaryCall call, const Kind& kind, base::SharedBytes request);

  const Parts parts_;
};

}  // namespace etcd::api
