// The channel of a TLS connection.
#pragma once

#include <memory>

#include "rpc/channel.h"
#include "tls/session.h"

namespace etcd::rpc {

// `session` is one over `socket`. Its handshake must be done before the first read or write.
std::unique_ptr<Channel> tls_channel(Descriptor socket, std::unique_ptr<tls::Session> session);

}  // namespace etcd::rpc
