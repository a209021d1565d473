#include "api/http_access.h"

#include "base/go_text.h"
#include "base/url.h"

namespace etcd::api {

namespace {

bool lets_in(const std::set<std::string>& allowed, const std::string& name) {
  return allowed.empty() || allowed.count("*") != 0 || allowed.count(name) != 0;
}

std::string host_name(const rpc::HttpRequest& request) {
  const auto place = base::split_host_port(request.host);
  return place ? place->host : request.host;
}

std::string unknown_host(const std::string& host) {
  return "\netcd received your request, but the Host header was unrecognized.\n\n"
         "To fix this, choose one of the following options:\n"
         "- Enable TLS, then any HTTPS request will be allowed.\n"
         "- Add the hostname you want to use to the whitelist in settings.\n"
         "  - e.g. etcd --host-whitelist " +
         base::go_quote(host) +
         "\n\n"
         "This requirement has been added to help prevent \"DNS Rebinding\" attacks (CVE-2018-5702).\n";
}

}  // namespace

std::optional<rpc::HttpResponse> HttpAccess::answer(const rpc::HttpRequest& request) const {
  const std::string host = host_name(request);
  const bool is_secure = request.peer != nullptr && request.peer->is_secure;
  if (!is_secure && !lets_in(hosts_, host)) {
    logger_.warn("rejecting HTTP request to prevent DNS rebinding attacks", {{"host", host}});
    return rpc::plain_error(421, unknown_host(host));
  }
  if (request.method == "OPTIONS") return rpc::HttpResponse{.status = 200};
  return std::nullopt;
}

rpc::HttpFields HttpAccess::cors_fields(const rpc::HttpRequest& request) const {
  const std::string origin = lets_in(origins_, "*") ? "*" : request.header("origin");
  if (!lets_in(origins_, origin)) return {};
  return {{"Access-Control-Allow-Headers", "accept, content-type, authorization"},
          {"Access-Control-Allow-Methods", "POST, GET, OPTIONS, PUT, DELETE"},
          {"Access-Control-Allow-Origin", origin}};
}

}  // namespace etcd::api
