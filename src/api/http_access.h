// HttpAccess: what stands before all HTTP pages: the host whitelist, and CORS.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/log.h"
#include "rpc/http.h"

namespace etcd::api {

class HttpAccess {
 public:
  // Empty sets and "*" let all in. `logger` must outlive it.
  HttpAccess(std::set<std::string> hosts, std::set<std::string> origins, base::Logger& logger)
      : hosts_(std::move(hosts)), origins_(std::move(origins)), logger_(logger) {}

  // The answer to a request that goes no further: 421 for a host that is not on the list (a guard against DNS rebinding, CVE-2018-5702), 200 for
  // a browser's question before its request.
  std::optional<rpc::HttpResponse> answer(const rpc::HttpRequest& request) const;
  // Fields to be added to every answer to `request`.
  rpc::HttpFields cors_fields(const rpc::HttpRequest& request) const;

 private:
  std::set<std::string> hosts_;
  std::set<std::string> origins_;
  base::Logger& logger_;
};

}  // namespace etcd::api
