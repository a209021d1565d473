// One request to another member, before the server's own loops run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "peer/network.h"

namespace etcd::server {

struct MemberRequest {
  std::vector<std::string> urls;  // the member's, asked in turn until one answers
  std::string target;
  rpc::HttpFields fields = {};
  std::string body = {};
  std::int64_t limit_ns = 0;  // for each URL
};

// GETs it; blocks until the answer is there. The last URL's error if none answers.
Result<peer::Answer> ask_now(MemberRequest request);

}  // namespace etcd::server
