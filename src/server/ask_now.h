// One request to another member, before the server's own loops run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "peer/network.h"
#include "tls/context.h"

namespace etcd::server {

// For members with https URLs; null: they can't be asked.
using MemberTls = std::shared_ptr<tls::Context>;

struct MemberRequest {
  std::vector<std::string> urls;  // the member's, asked in turn until one answers
  std::string target;
  rpc::HttpFields fields = {};
  std::string body = {};
  std::int64_t limit_ns = 0;  // for each URL
  MemberTls tls = {};
};

// GETs it; blocks until the answer is there. The last URL's error if none answers.
Result<peer::Answer> ask_now(MemberRequest request);

}  // namespace etcd::server
