// Redirects from paths that are not in their shortest form: "//version", "/a/../version" and the like. Go's request router, which etcd stands on,
// sends such clients to the cleaned path, whether or not anything is there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rpc/http.h"

namespace etcd::api {

// `path` without empty, "." and ".." elements, starting with a slash; a slash at the end stays. Not decoded: "%2e" is an ordinary element.
std::string clean_path(std::string_view path);

// The redirect for a request whose path is not clean_path() of itself; nothing if it is.
std::optional<rpc::HttpResponse> redirect_to_clean_path(const rpc::HttpRequest& request);

// The redirect to `path`, with the request's query.
rpc::HttpResponse redirect_to(const rpc::HttpRequest& request, std::string_view path);

}  // namespace etcd::api
