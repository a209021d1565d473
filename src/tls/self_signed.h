// Certificates made at start, for --auto-tls and --peer-auto-tls: encryption without anybody who vouches.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/result.h"

namespace etcd::tls {

struct SelfSigned {
  std::string cert_file;
  std::string key_file;
};

// The pair in `folder` (cert.pem, key.pem) if it is there, else a new one, durable: ECDSA on P-521, its own CA, for
// servers, good for `years` of 365 days; `hosts` ("127.0.0.1:2379", "localhost:2379") are what it is for. kIo.
Result<SelfSigned> self_signed(const std::string& folder, const std::vector<std::string>& hosts, std::uint64_t years,
                               base::FileSystem& files, base::Clock& clock, base::Logger& logger);

}  // namespace etcd::tls
