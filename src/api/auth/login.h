// Login: one Authenticate call. The password is checked against the state after everything before the call, and off the loop; then an entry in the log
// tells every member of the token. Should the users have changed meanwhile, all of it begins again, since the password may have, too.
//
// Owner: itself, on its call's loop: what it waits for holds it.
#pragma once

#include <memory>
#include <string>

#include "api/auth/passwords.h"
#include "api/auth/tokens.h"
#include "api/context.h"
#include "api/replies.h"
#include "rpc/call.h"

namespace etcd::api {

class Login : public std::enable_shared_from_this<Login> {
 public:
  // All must outlive it.
  struct Parts {
    Context& context;
    const Replies& replies;
    Passwords& passwords;
    Tokens& tokens;
  };

  Login(const Parts& parts, std::string user, std::string password, rpc::UnaryCall call);
  void start();

 private:
  void check_password();
  void refuse_nobody();
  void on_checked(const Status& status);
  void propose();
  void on_applied(Result<base::Rope> response);
  void refuse(const Error& error);
  void answer(Result<base::Rope> response);

  const Parts parts_;
  rpc::Loop& loop_;
  const std::string user_;
  const std::string password_;
  rpc::UnaryCall call_;
  std::uint64_t checked_revision_ = 0;  // of the users, when the password was checked
};

}  // namespace etcd::api
