#include "api/http_path.h"

#include <cctype>

namespace etcd::api {

namespace {

// As Go's net/url: what stays as it is in a path.
bool is_plain_in_path(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x80 && (std::isalnum(byte) != 0 || std::string_view("-_.~$&+,/:;=@").find(c) != std::string_view::npos);
}

std::string escape_path(std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : path) {
    if (is_plain_in_path(c)) {
      escaped += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    escaped += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return escaped;
}

std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&#34;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::string clean_path(std::string_view path) {
  const bool slash_at_end = path.ends_with('/');
  std::string clean;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view element = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (element.empty() || element == ".") continue;
    if (element == "..") {
      clean.resize(clean.empty() ? 0 : clean.rfind('/'));
    } else {
      clean.append("/").append(element);
    }
  }
  if (slash_at_end || clean.empty()) clean += '/';
  return clean;
}

std::optional<rpc::HttpResponse> redirect_to_clean_path(const rpc::HttpRequest& request) {
  const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  if (!path.starts_with('/')) return std::nullopt;  // "*", or a whole URL, as proxies get
  const std::string clean = clean_path(path);
  if (clean == path) return std::nullopt;
  return redirect_to(request, clean);
}

rpc::HttpResponse redirect_to(const rpc::HttpRequest& request, std::string_view path) {
  // The path goes out escaped once more than it came in: so does Go's.
  std::string location = escape_path(path);
  if (!request.query.empty()) location.append("?").append(request.query);
  rpc::HttpResponse response{.status = 307, .headers = {{"Location", location}}, .body = {}};
  if (request.method == "GET" || request.method == "HEAD") {
    response.headers.insert(response.headers.begin(), {"Content-Type", "text/html; charset=utf-8"});
    response.body = base::Rope("<a href=\"" + escape_html(location) + "\">Temporary Redirect</a>.\n\n");
  }
  return response;
}

}  // namespace etcd::api
