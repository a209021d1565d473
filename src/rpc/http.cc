#include "rpc/http.h"

#include <array>

#include "rpc/exchange.h"
#include "rpc/http_text.h"
#include "rpc/local_call.h"

namespace etcd::rpc {

namespace {

struct Phrase {
  int status;
  std::string_view text;
};

constexpr std::array kPhrases = {Phrase{100, "Continue"},
                                 Phrase{101, "Switching Protocols"},
                                 Phrase{200, "OK"},
                                 Phrase{201, "Created"},
                                 Phrase{202, "Accepted"},
                                 Phrase{204, "No Content"},
                                 Phrase{206, "Partial Content"},
                                 Phrase{301, "Moved Permanently"},
                                 Phrase{302, "Found"},
                                 Phrase{303, "See Other"},
                                 Phrase{304, "Not Modified"},
                                 Phrase{307, "Temporary Redirect"},
                                 Phrase{308, "Permanent Redirect"},
                                 Phrase{400, "Bad Request"},
                                 Phrase{401, "Unauthorized"},
                                 Phrase{403, "Forbidden"},
                                 Phrase{404, "Not Found"},
                                 Phrase{405, "Method Not Allowed"},
                                 Phrase{406, "Not Acceptable"},
                                 Phrase{408, "Request Timeout"},
                                 Phrase{409, "Conflict"},
                                 Phrase{410, "Gone"},
                                 Phrase{411, "Length Required"},
                                 Phrase{412, "Precondition Failed"},
                                 Phrase{413, "Request Entity Too Large"},
                                 Phrase{414, "Request URI Too Long"},
                                 Phrase{415, "Unsupported Media Type"},
                                 Phrase{417, "Expectation Failed"},
                                 Phrase{421, "Misdirected Request"},
                                 Phrase{422, "Unprocessable Entity"},
                                 Phrase{425, "Too Early"},
                                 Phrase{428, "Precondition Required"},
                                 Phrase{429, "Too Many Requests"},
                                 Phrase{431, "Request Header Fields Too Large"},
                                 Phrase{500, "Internal Server Error"},
                                 Phrase{501, "Not Implemented"},
                                 Phrase{502, "Bad Gateway"},
                                 Phrase{503, "Service Unavailable"},
                                 Phrase{504, "Gateway Timeout"},
                                 Phrase{505, "HTTP Version Not Supported"}};

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::vector<std::string> HttpRequest::query_values(std::string_view name) const {
  std::vector<std::string> values;
  for (std::string_view rest = query; !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (pair.find(';') != std::string_view::npos) continue;
    const std::size_t equals = pair.find('=');
    const auto key = percent_decode(pair.substr(0, equals), true);
    if (!key || *key != name || pair.empty()) continue;
    auto value = percent_decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1), true);
    if (value) values.push_back(std::move(*value));
  }
  return values;
}

std::string HttpRequest::header(std::string_view lower_case_name) const {
  return std::string(headers.find(lower_case_name).value_or(""));
}

bool HttpBody::write(base::Rope bytes) {
  return (*handle_)->send(std::move(bytes));
}
void HttpBody::read(std::uint32_t times) {
  (*handle_)->grant(times);
}
void HttpBody::end() {
  (*handle_)->end({});
}
bool HttpBody::is_cancelled() const {
  return (*handle_)->cancelled.load(std::memory_order_relaxed);
}
std::size_t HttpBody::queued_bytes() const {
  return (*handle_)->queued_bytes();
}

bool HttpResponder::is_cancelled() const {
  return (*handle_)->cancelled.load(std::memory_order_relaxed);
}
void HttpResponder::set_events(StreamEvents events) {
  (*handle_)->set_events(std::move(events));
}

void HttpResponder::read(std::uint32_t times) {
  (*handle_)->grant(times);
}

LocalClient HttpResponder::client() const {
  return LocalClient((*handle_)->shard);
}

void HttpResponder::respond(HttpResponse response) && {
  const auto handle = std::move(handle_);
  const std::size_t length = response.body.size();
  (*handle)->respond(HttpHead{response.status, std::move(response.headers), length}, std::move(response.body));
}

HttpBody HttpResponder::begin(int status, HttpFields headers) && {
  auto handle = std::move(handle_);
  (*handle)->begin(HttpHead{status, std::move(headers), std::nullopt});
  return HttpBody(std::move(handle));
}

HttpResponse plain_error(int status, std::string_view text) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}};
  response.body = base::Rope(std::string(text) + "\n");
  return response;
}

HttpResponse not_found() {
  return plain_error(404, "404 page not found");
}

std::string_view reason_phrase(int status) {
  for (const Phrase& phrase : kPhrases) {
    if (phrase.status == status) return phrase.text;
  }
  return "";
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool may_have_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

bool set_target(HttpRequest& request, std::string_view target) {
  request.target = target;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::size_t slash = std::min(target.find_first_of("/?"), target.size());
    request.host = target.substr(0, slash);
    target.remove_prefix(slash);
    break;
  }
  const std::size_t mark = target.find('?');
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
  auto path = percent_decode(target.substr(0, mark), false);
  if (!path) return false;
  request.path = path->empty() ? "/" : std::move(*path);
  return true;
}

std::optional<HttpRequest> http_request_of(Metadata fields, base::SharedBytes body, std::shared_ptr<const Peer> peer) {
  HttpRequest request;
  request.method = fields.find(":method").value_or("");
  request.host = fields.find(":authority").value_or(fields.find("host").value_or(""));
  if (!set_target(request, fields.find(":path").value_or(""))) return std::nullopt;
  request.is_http2 = true;
  request.headers = std::move(fields);
  request.body = std::move(body);
  request.peer = std::move(peer);
  return request;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += plus && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace etcd::rpc
