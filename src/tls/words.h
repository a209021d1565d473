// What went wrong in OpenSSL, in the words of Go's crypto/tls: operators' alerts and etcd's tests look for those.
#pragma once

#include <string>

typedef struct x509_store_ctx_st X509_STORE_CTX;

namespace etcd::tls {

// The oldest error in this thread's queue, which is emptied; `tls: internal error` if there is none.
std::string take_error();
// Why a chain did not verify: `tls: failed to verify certificate: x509: certificate signed by unknown authority`.
std::string chain_error(const X509_STORE_CTX* store);

}  // namespace etcd::tls
