#include "base/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

#include "base/go_text.h"

namespace etcd::base {

namespace {

bool is_alpha(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }
bool is_unreserved(char c) { return is_alpha(c) || is_digit(c) || is_one_of(c, "-_.~"); }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

enum class Part { kHost, kZone, kPath };

// Only bytes beyond ASCII (and the % of a zone) may be escaped in a host; a zone may also hold what a host name may.
bool escape_allowed(Part part, char decoded) {
  if (part == Part::kPath) return true;
  if (part == Part::kHost) return !is_ascii(decoded) || decoded == '%';
  return decoded == '%' || decoded == ' ' || is_unreserved(decoded) || is_one_of(decoded, "!$&'()*+,;=:[]<>\"") || !is_ascii(decoded);
}

bool raw_allowed(Part part, char c) {
  return part == Part::kPath || !is_ascii(c) || is_unreserved(c) || is_one_of(c, "!$&'()*+,;=:[]<>\"");
}

Result<std::string> unescape(std::string_view text, Part part) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      if (!raw_allowed(part, text[i])) {
        return fail(Errc::kInvalid, "invalid character " + go_quote(text.substr(i, 1)) + " in host name");
      }
      out.push_back(text[i]);
      continue;
    }
    const std::string_view escape = text.substr(i, 3);
    const int high = escape.size() == 3 ? hex_value(escape[1]) : -1;
    const int low = escape.size() == 3 ? hex_value(escape[2]) : -1;
    const char decoded = static_cast<char>(high * 16 + low);
    if (high < 0 || low < 0 || !escape_allowed(part, decoded)) {
      return fail(Errc::kInvalid, "invalid URL escape " + go_quote(escape));
    }
    out.push_back(decoded);
    i += 2;
  }
  return out;
}

std::string escape_path(std::string_view path) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    if (is_ascii(c) && (is_unreserved(c) || is_one_of(c, "$&+,/:;=@"))) {
      out.push_back(c);
    } else {
      const unsigned value = static_cast<unsigned char>(c);
      out.append({'%', kHex[value >> 4], kHex[value & 0xf]});
    }
  }
  return out;
}

// True if a path as written can be printed as it is.
bool is_encoded_path(std::string_view raw) {
  return std::all_of(raw.begin(), raw.end(), [](char c) {
    return is_ascii(c) && (is_unreserved(c) || is_one_of(c, "!$&'()*+,;=:@[]%/"));
  });
}

bool is_port_or_nothing(std::string_view text) {
  if (text.empty()) return true;
  return text.front() == ':' && std::all_of(text.begin() + 1, text.end(), is_digit);
}

tl::unexpected<Error> bad_port(std::string_view text) {
  return fail(Errc::kInvalid, "invalid port " + go_quote(text) + " after host");
}

bool is_ipv6(std::string_view text) {
  in6_addr address;
  return text.find('\0') == std::string_view::npos && inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

// "[fe80::1%25eth0]:2380" to "[fe80::1%eth0]:2380".
Result<std::string> parse_bracketed_host(std::string_view text) {
  const std::size_t close = text.rfind(']');
  if (close == std::string_view::npos) return fail(Errc::kInvalid, "missing ']' in host");
  const std::string_view port = text.substr(close + 1);
  if (!is_port_or_nothing(port)) return bad_port(port);
  const std::string_view inside = text.substr(1, close - 1);
  const std::size_t zone_at = std::min(inside.find("%25"), inside.size());
  TRY_ASSIGN(const std::string address, unescape(inside.substr(0, zone_at), Part::kHost));
  TRY_ASSIGN(const std::string zone, unescape(inside.substr(zone_at), Part::kZone));
  if (!is_ipv6(address)) {
    return fail(Errc::kInvalid, "invalid host: ParseAddr(" + go_quote(address + zone) + "): unable to parse IP");
  }
  return "[" + address + zone + "]" + std::string(port);
}

Result<std::string> parse_host(std::string_view text) {
  if (text.starts_with('[')) return parse_bracketed_host(text);
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    if (!is_port_or_nothing(text.substr(colon))) return bad_port(text.substr(colon));
  }
  return unescape(text, Part::kHost);
}

bool is_userinfo(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_unreserved(c) || is_one_of(c, "!$&'()*+,;=:%@"); });
}

Status parse_authority(std::string_view text, Url& url) {
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    if (!is_userinfo(text.substr(0, at))) return fail(Errc::kInvalid, "net/url: invalid userinfo");
    url.userinfo = text.substr(0, at);
    text.remove_prefix(at + 1);
  }
  TRY_ASSIGN(url.host, parse_host(text));
  return {};
}

// Takes "scheme:" off the front of `rest`.
Result<std::string> take_scheme(std::string_view& rest) {
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (c == ':') {
      if (i == 0) return fail(Errc::kInvalid, "missing protocol scheme");
      std::string scheme(rest.substr(0, i));
      for (char& letter : scheme) letter = static_cast<char>(is_alpha(letter) ? letter | 0x20 : letter);
      rest.remove_prefix(i + 1);
      return scheme;
    }
    if (!is_alpha(c) && (i == 0 || (!is_digit(c) && !is_one_of(c, "+-.")))) break;
  }
  return std::string();
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; });
}

Status parse_into(std::string_view rest, Url& url) {
  if (has_control_character(rest)) return fail(Errc::kInvalid, "net/url: invalid control character in URL");
  const std::size_t tail_at = std::min(rest.find_first_of("?#"), rest.size());
  url.tail = rest.substr(tail_at);
  rest = rest.substr(0, tail_at);
  TRY_ASSIGN(url.scheme, take_scheme(rest));
  if (!rest.starts_with('/')) {
    if (!url.scheme.empty()) {
      url.opaque = rest;
      return {};
    }
    if (rest.substr(0, rest.find('/')).find(':') != std::string_view::npos) {
      return fail(Errc::kInvalid, "first path segment in URL cannot contain colon");
    }
  }
  if (rest.starts_with("//") && (!url.scheme.empty() || !rest.starts_with("///"))) {
    rest.remove_prefix(2);
    const std::size_t path_at = std::min(rest.find('/'), rest.size());
    TRY(parse_authority(rest.substr(0, path_at), url));
    rest.remove_prefix(path_at);
  } else {
    url.omit_host = true;
  }
  url.raw_path = rest;
  TRY_ASSIGN(url.path, unescape(rest, Part::kPath));
  return {};
}

// The % of a zone is written %25 in a URL.
std::string escape_host(const std::string& host) {
  std::string out;
  for (const char c : host) c == '%' ? out.append("%25") : out.append(1, c);
  return out;
}

tl::unexpected<Error> bad_address(std::string_view address, std::string_view why) {
  std::string text = address.empty() ? std::string() : "address " + std::string(address) + ": ";
  return fail(Errc::kInvalid, text.append(why));
}

Result<Url> parse_member_url(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n\v\f");
  text = first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(" \t\r\n\v\f") + 1 - first);
  TRY_ASSIGN(Url url, Url::parse(text));
  if (url.is_unix()) return url;
  if (url.scheme != "http" && url.scheme != "https") {
    return fail(Errc::kInvalid, "URL scheme must be http, https, unix, or unixs: " + std::string(text));
  }
  if (!split_host_port(url.host).has_value()) {
    return fail(Errc::kInvalid, "URL address does not have the form \"host:port\": " + std::string(text));
  }
  if (!url.path.empty()) return fail(Errc::kInvalid, "URL must not contain a path: " + std::string(text));
  return url;
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  Url url;
  if (Status parsed = parse_into(text, url); !parsed.has_value()) {
    return fail(Errc::kInvalid, "parse " + go_quote(text) + ": " + parsed.error().detail);
  }
  return url;
}

std::string Url::to_string() const {
  std::string out = scheme.empty() ? "" : scheme + ":";
  if (!opaque.empty()) return out + opaque + tail;
  const std::string written_path = is_encoded_path(raw_path) ? raw_path : escape_path(path);
  const bool has_authority = !host.empty() || !userinfo.empty();
  if (has_authority || (!scheme.empty() && !path.empty() && !omit_host)) out += "//";
  if (!userinfo.empty()) out.append(userinfo).append("@");
  return out.append(escape_host(host)).append(written_path).append(tail);
}

Result<HostPort> split_host_port(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return bad_address(address, "missing port in address");
  std::string_view host = address.substr(0, colon);
  if (address.starts_with('[')) {
    const std::size_t close = address.find(']');
    if (close == std::string_view::npos) return bad_address(address, "missing ']' in address");
    if (close + 1 != colon) {
      const bool port_follows = close + 1 < address.size() && address[close + 1] == ':';
      return bad_address(address, port_follows ? "too many colons in address" : "missing port in address");
    }
    host = address.substr(1, close - 1);
  } else if (host.find(':') != std::string_view::npos) {
    return bad_address(address, "too many colons in address");
  }
  if (host.find('[') != std::string_view::npos) return bad_address(address, "unexpected '[' in address");
  if (host.find(']') != std::string_view::npos) return bad_address(address, "unexpected ']' in address");
  return HostPort{std::string(host), std::string(address.substr(colon + 1))};
}

bool is_ip_address(std::string_view text) {
  in_addr address;
  if (text.find('\0') != std::string_view::npos) return false;
  return inet_pton(AF_INET, std::string(text).c_str(), &address) == 1 || is_ipv6(text);
}

Result<std::vector<Url>> parse_member_urls(const std::vector<std::string_view>& texts) {
  if (texts.empty()) return fail(Errc::kInvalid, "no valid URLs given");
  std::vector<Url> urls;
  for (const std::string_view text : texts) {
    TRY_ASSIGN(Url url, parse_member_url(text));
    urls.push_back(std::move(url));
  }
  std::sort(urls.begin(), urls.end(), [](const Url& a, const Url& b) { return a.to_string() < b.to_string(); });
  return urls;
}

Result<std::vector<Url>> parse_member_urls(std::string_view comma_separated) {
  return parse_member_urls(split(comma_separated, ','));
}

std::vector<std::string> to_strings(const std::vector<Url>& urls) {
  std::vector<std::string> texts;
  for (const Url& url : urls) texts.push_back(url.to_string());
  return texts;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (&part != &parts.front()) out.append(separator);
    out.append(part);
  }
  return out;
}

}  // namespace etcd::base
