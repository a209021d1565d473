// A name service's answer to a question for SRV records (RFC 1035, 2782), as bytes from the network.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace etcd::server {

struct SrvRecord {
  std::string target;  // without the last dot
  std::uint16_t port = 0;
};

// The records by priority, and otherwise in the order of the answer; other kinds of records are passed over. kInvalid for what is no such message.
Result<std::vector<SrvRecord>> read_srv_answer(std::span<const unsigned char> answer);

}  // namespace etcd::server
