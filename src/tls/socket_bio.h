// What OpenSSL reads from and writes to: a socket, without signals. For this room alone.
#pragma once

#include "tls/openssl.h"

namespace etcd::tls {

// How such BIOs work; outlives them.
BioMethodPtr socket_method();
// `fd` stays the caller's.
BIO* new_socket_bio(const BIO_METHOD* method, int fd);

}  // namespace etcd::tls
