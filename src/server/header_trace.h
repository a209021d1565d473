// What operators, and etcd's tests, ask for with GODEBUG=http2debug=2: a line on standard error for each field of a request's HTTP/2 header.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace etcd::server {

// `environment` is a list of KEY=value. GODEBUG is a list with commas; of the same name the last one counts, as in Go.
bool traces_header_fields(const std::vector<std::string>& environment);

// `http2: decoded hpack field header field ":authority" = "localhost:2379"` and a line feed. Tokens and passwords are left out.
std::string header_trace_line(std::string_view name, std::string_view value);

}  // namespace etcd::server
