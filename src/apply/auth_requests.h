// The requests about users and roles, as entries of the log: who may ask for them, what they do, what they answer.
#pragma once

#include <string_view>

#include "apply/response.h"
#include "auth/request.h"
#include "auth/store.h"
#include "base/bytes.h"
#include "base/result.h"
#include "bolt/write_batch.h"

namespace etcd::apply {

// As the label of etcd_server_apply_duration_seconds has it ("AuthUserAdd").
std::string_view auth_operation_name(const auth::Request& request);

// Root may ask for everything; everybody for the status and to come in; who is in, for itself and its own roles. The
// errors of auth::View::check_admin.
Status check_auth_permissions(const auth::Request& request, const auth::View& view, const auth::Who& who);

struct AuthCall {
  auth::Store& store;
  bolt::WriteBatch& changes;
  ResponseHeader header;
  LogIndex index;  // of the entry
};
// The encoded response. Errors: those of auth::Store.
Result<base::Rope> execute_auth(const auth::Request& request, const AuthCall& call);

}  // namespace etcd::apply
