// The small texts of HTTP that both versions share: targets, queries, names. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "rpc/http.h"
#include "rpc/metadata.h"

namespace etcd::rpc {

std::string lower_case(std::string_view text);
// False for 1xx, 204 and 304, which have neither body nor Content-Length.
bool may_have_body(int status);

// Fills method, target, host, path and query from what a request line or pseudo fields say. Absolute targets
// ("http://h/p") lose their scheme and give the host. False if the path isn't well-formed.
bool set_target(HttpRequest& request, std::string_view target);

// A request from HTTP/2's fields; nothing if they don't make one.
std::optional<HttpRequest> http_request_of(Metadata fields, base::SharedBytes body, std::shared_ptr<const Peer> peer);

// "%41" -> "A"; nothing if a '%' isn't followed by two hex digits. With `plus`, "+" is a space, as in queries.
std::optional<std::string> percent_decode(std::string_view text, bool plus);

}  // namespace etcd::rpc
