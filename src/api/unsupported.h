// Methods that etcd has and this server not yet: registered, so that they are counted and refused like etcd's own, with kUnimplemented and what is
// missing.
#pragma once

#include "api/gate.h"
#include "api/replies.h"
#include "rpc/service.h"

namespace etcd::api {

class Unsupported {
 public:
  // Both must outlive the table.
  Unsupported(Gate& gate, const Replies& replies) : gate_(gate), replies_(replies) {}

  // `what` begins the refusal: "<what> is not supported yet".
  void add_unary(rpc::ServiceTable& table, const char* service, const char* method, const char* what) const;
  // Auth, whole.
  void add_services(rpc::ServiceTable& table) const;

 private:
  Gate& gate_;
  const Replies& replies_;
};

}  // namespace etcd::api
