// Certificates that bear the name of the CA that issued them.
//
// OpenSSL takes such a one for its own issuer unless it names the key that signed it (RFC 5280 wants that; Go's own tools leave it out here), finds it
// in no list of trusted ones and refuses it. Go, and so etcd, looks for a key that verifies the signature.
#pragma once

#include "tls/openssl.h"

namespace etcd::tls {

// To be called before X509_verify_cert(store): what is said above is then settled by the signature. The issuer must be trusted itself, be a CA for this
// use, in its time, and set no limits to names. All else about the certificate is checked as ever.
void accept_namesakes_of_issuers(X509_STORE_CTX* store);

}  // namespace etcd::tls
