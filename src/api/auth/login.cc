#include "api/auth/login.h"

#include <utility>

#include "api/errors.h"
#include "auth/request.h"
#include "auth/view_cell.h"
#include "base/wire.h"

namespace etcd::api {

namespace {

// AuthenticateResponse's field.
constexpr std::uint32_t kToken = 2;

}  // namespace

Login::Login(const Parts& parts, std::string user, std::string password, rpc::UnaryCall call)
    : parts_(parts),
      loop_(parts.context.lanes.here().loop()),
      user_(std::move(user)),
      password_(std::move(password)),
      call_(std::move(call)) {}

void Login::start() {
  node::Node& node = parts_.context.node;
  if (node.view_is_linearizable()) return check_password();
  node.read_barrier(call_.info().deadline_ns, [self = shared_from_this()](Status barrier) {
    self->loop_.post([self, barrier = std::move(barrier)] { barrier ? self->check_password() : self->answer(fail(barrier.error())); });
  });
}

void Login::check_password() {
  const auth::View& view = parts_.context.lanes.here().users();
  if (!view.enabled()) return answer(fail(Errc::kAuthNotEnabled));
  const auth::UserView* const user = view.find_user(user_);
  if (user == nullptr) return refuse_nobody();
  if (user->no_password) return refuse(Error{Errc::kNoPasswordUser});
  checked_revision_ = view.revision();
  parts_.passwords.check({user_, password_, user->password_hash}, loop_, [self = shared_from_this()] { return !self->call_.is_cancelled(); },
                         [self = shared_from_this()](const Status& status) { self->on_checked(status); });
}

// Not sooner than a user with a wrong password: else strangers could find out who is a user.
void Login::refuse_nobody() {
  parts_.passwords.check({user_, password_, parts_.passwords.nobodys_hash()}, loop_, [self = shared_from_this()] { return !self->call_.is_cancelled(); },
                         [self = shared_from_this()](const Status& status) { self->refuse(status ? Error{Errc::kAuthFailed} : status.error()); });
}

void Login::on_checked(const Status& status) {
  if (status) return propose();
  if (status.error().code == Errc::kAuthFailed) parts_.context.logger.info("invalid password", {{"user-name", user_}});
  refuse(status.error());
}

void Login::propose() {
  const std::string simple_part = parts_.tokens.new_simple_part();
  std::string request = auth::encode(auth::AuthenticateRequest{.name = user_, .password = {}, .simple_token = simple_part});
  auto done = [self = shared_from_this()](Result<base::Rope> response) {
    self->loop_.post([self, response = std::move(response)]() mutable { self->on_applied(std::move(response)); });
  };
  parts_.context.lanes.here().propose({.kind = node::RequestKind::kAuthenticate,
                                       .request = base::SharedBytes(std::move(request)),
                                       .deadline_ns = call_.info().deadline_ns,
                                       .done = std::move(done)});
}

void Login::on_applied(Result<base::Rope> response) {
  if (!response) return answer(std::move(response));
  if (parts_.context.lanes.here().users().revision() != checked_revision_) {
    parts_.context.logger.info("revision when password checked became stale; retrying");
    return check_password();
  }
  if (!parts_.tokens.are_simple()) {
    auto token = parts_.tokens.sign(user_, checked_revision_);
    if (!token) return answer(fail(token.error()));
    std::string field;
    base::WireWriter(field).bytes(kToken, *token);
    response->append(field);
  }
  answer(std::move(response));
}

void Login::refuse(const Error& error) {
  if (error.code == Errc::kAuthFailed || error.code == Errc::kNoPasswordUser) {
    parts_.context.logger.warn("invalid authentication was requested", {{"user", user_}, {"error", text_of(error)}});
  }
  answer(fail(error));
}

void Login::answer(Result<base::Rope> response) {
  const std::int64_t took_ns = parts_.replies.since_start_ns(call_);
  parts_.context.metrics.observe_auth("Authenticate", response.has_value(), took_ns);
  parts_.replies.answer(std::move(call_), RequestType::kOther, std::move(response));
}

}  // namespace etcd::api
