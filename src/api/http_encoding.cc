#include "api/http_encoding.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace etcd::api {

namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The "q" of "gzip;q=0.5"; 1 where it has none, 0 where it can't be read.
double quality_of(std::string_view coding) {
  const std::size_t at = coding.find(';');
  if (at == std::string_view::npos) return 1;
  const std::string_view parameter = trimmed(coding.substr(at + 1));
  if (!parameter.starts_with("q=")) return 1;
  double quality = 0;
  const std::string_view number = parameter.substr(2);
  std::from_chars(number.data(), number.data() + number.size(), quality);
  return quality;
}

}  // namespace

bool prefers_gzip(const rpc::HttpRequest& request) {
  double gzip = 0;
  double plain = 0;
  for (std::string_view list : request.headers.all("accept-encoding")) {
    while (!list.empty()) {
      const std::string_view coding = list.substr(0, list.find(','));
      const std::string_view name = trimmed(coding.substr(0, coding.find(';')));
      const double quality = quality_of(coding);
      if (name == "gzip" || name == "*") gzip = std::max(gzip, quality);
      if (name == "identity" || name == "*") plain = std::max(plain, quality);
      list.remove_prefix(std::min(list.size(), coding.size() + 1));
    }
  }
  return gzip > plain;
}

}  // namespace etcd::api
