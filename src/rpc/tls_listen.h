// TlsListen: how the connections of a listening socket are secured. A value; shared by its connections.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/unique_function.h"
#include "tls/context.h"

namespace etcd::rpc {

struct TlsListen {
  std::shared_ptr<tls::Context> context = {};
  // Connections that don't begin with a handshake are plain ones; else they are refused.
  bool plain_too = false;
  // Whose connections these are, for etcd's line "rejected connection on client endpoint".
  std::string endpoint = "client";
  // If it is there: a certificate must be for the address that its connection comes from (tls/address_check.h). Runs
  // what waits for the name service on another thread, which must end before the loops are destroyed.
  std::function<void(base::UniqueFunction<void()>)> look_up_apart = {};
};

}  // namespace etcd::rpc
