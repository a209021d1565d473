// URLs as etcd's flags, membership and logs write them: RFC 3986 read and printed the way Go's net/url does, since a member's URLs are hashed
// into its id and compared as text across a mixed cluster.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace etcd::base {

// The parts of a parsed URL. Query and fragment are kept as they came: etcd uses neither.
struct Url {
  std::string scheme;    // lower case; empty: none
  std::string opaque;    // what follows the colon in unix:relative.sock
  std::string userinfo;  // as written, without the @
  std::string host;      // "localhost:2379", "[::1]:2379"
  std::string path;      // decoded
  std::string raw_path;  // as written
  std::string tail;      // from ? or # to the end, as written
  bool omit_host = false;  // unix:/path, not unix:///path

  // kInvalid with Go's text: `parse "http://h:x": invalid port ":x" after host`.
  static Result<Url> parse(std::string_view text);
  std::string to_string() const;

  bool is_unix() const { return scheme == "unix" || scheme == "unixs"; }
  bool is_secure() const { return scheme == "https" || scheme == "unixs"; }
  // What to listen on or to connect to: the file of a unix URL (host and path joined, as etcd does), else host:port.
  std::string address() const { return is_unix() ? host + path : host; }

  friend bool operator==(const Url& a, const Url& b) { return a.to_string() == b.to_string(); }
};

struct HostPort {
  std::string host;  // without brackets
  std::string port;  // may be empty
};
// kInvalid with Go's text: `address localhost: missing port in address`.
Result<HostPort> split_host_port(std::string_view address);
// True for an IPv4 or IPv6 address without brackets or zone.
bool is_ip_address(std::string_view text);

// A list of URLs that members listen on or advertise: http and https with host:port and no path, unix and unixs. Spaces around each are dropped;
// sorted by text. kInvalid with etcd's text for the first that is none of these, e.g. `URL must not contain a path: http://h:1/x`.
Result<std::vector<Url>> parse_member_urls(const std::vector<std::string_view>& texts);
// The same for a list between commas.
Result<std::vector<Url>> parse_member_urls(std::string_view comma_separated);
std::vector<std::string> to_strings(const std::vector<Url>& urls);

// The parts of `text` between separators; one empty part for an empty text.
std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);

}  // namespace etcd::base
