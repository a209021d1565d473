// Loaded: one version of a context's files as OpenSSL wants them. For this room alone; immutable.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "base/result.h"
#include "tls/context.h"
#include "tls/openssl.h"

namespace etcd::tls {

struct Loaded {
  Settings settings;
  BioMethodPtr socket;  // before `ssl`: it outlives what uses it
  SslContextPtr ssl;
  std::set<std::string, std::less<>> revoked;  // serial numbers
};

Result<std::shared_ptr<const Loaded>> load(Role role, const Settings& settings);
// The files that load() reads.
std::vector<std::string> files_of(Role role, const Settings& settings);

// OpenSSL's calls back into a session (session.cc).
int verify_chain(X509_STORE_CTX* store, void*);
int choose_protocol(SSL* ssl, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*);

}  // namespace etcd::tls
