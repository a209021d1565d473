#include "server/header_trace.h"

#include <algorithm>

#include "base/go_text.h"

namespace etcd::server {

namespace {

constexpr std::string_view kVariable = "GODEBUG=";
constexpr std::string_view kSetting = "http2debug=";

bool is_secret(std::string_view name) { return name == "token" || name == "authorization"; }

}  // namespace

bool traces_header_fields(const std::vector<std::string>& environment) {
  bool traces = false;
  for (const std::string& variable : environment) {
    if (!variable.starts_with(kVariable)) continue;
    std::string_view rest = std::string_view(variable).substr(kVariable.size());
    while (!rest.empty()) {
      const std::string_view setting = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), setting.size() + 1));
      if (setting.starts_with(kSetting)) traces = setting.substr(kSetting.size()) == "2";
    }
  }
  return traces;
}

std::string header_trace_line(std::string_view name, std::string_view value) {
  const std::string shown = is_secret(name) ? "(secret)" : base::go_quote(value);
  return "http2: decoded hpack field header field " + base::go_quote(name) + " = " + shown + "\n";
}

}  // namespace etcd::server
