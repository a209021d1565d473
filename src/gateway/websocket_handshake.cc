#include "gateway/websocket_handshake.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/check.h"
#include "rpc/grpc_text.h"
#include "rpc/http_text.h"

namespace etcd::gateway {

namespace {

constexpr std::string_view kMagic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, 1.3

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Whether one of the comma-separated words of the fields of that name is `token`, in any case.
bool has_token(const rpc::HttpRequest& request, std::string_view name, std::string_view token) {
  for (std::string_view list : request.headers.all(name)) {
    while (!list.empty()) {
      const std::string_view word = list.substr(0, list.find(','));
      if (rpc::lower_case(trimmed(word)) == token) return true;
      list.remove_prefix(std::min(list.size(), word.size() + 1));
    }
  }
  return false;
}

bool is_key(std::string_view key) {
  if (key.size() != 24 || !key.ends_with("==")) return false;
  const auto bytes = rpc::decode_binary(key);
  return bytes && bytes->size() == 16;
}

std::string accept_value(std::string_view key) {
  const std::string text = std::string(key).append(kMagic);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) == 1);
  return rpc::encode_binary({reinterpret_cast<const char*>(digest.data()), size}) + "=";
}

rpc::HttpResponse refusal(int status) {
  rpc::HttpResponse response = rpc::plain_error(status, rpc::reason_phrase(status));
  response.headers.emplace_back("Sec-Websocket-Version", "13");
  return response;
}

// What follows "Bearer," in the list of protocols; with or without a space, since browsers differ.
std::string authorization_of(std::string_view protocols) {
  constexpr std::string_view kBearer = "Bearer,";
  const std::size_t at = protocols.find(kBearer);
  if (at == std::string_view::npos) return "";
  std::string_view token = protocols.substr(at + kBearer.size());
  while (token.starts_with(' ')) token.remove_prefix(1);
  while (token.ends_with(' ')) token.remove_suffix(1);
  return "Bearer " + std::string(token);
}

std::string cookie(const rpc::HttpRequest& request, std::string_view name) {
  for (std::string_view cookies : request.headers.all("cookie")) {
    while (!cookies.empty()) {
      const std::string_view pair = cookies.substr(0, cookies.find(';'));
      const std::string_view one = trimmed(pair);
      if (one.starts_with(name) && one.substr(name.size()).starts_with('='))
        return std::string(one.substr(name.size() + 1));
      cookies.remove_prefix(std::min(cookies.size(), pair.size() + 1));
    }
  }
  return "";
}

}  // namespace

bool is_websocket_request(const rpc::HttpRequest& request) {
  return !request.is_http2 && has_token(request, "connection", "upgrade") && has_token(request, "upgrade", "websocket");
}

rpc::HttpResponse answer_handshake(const rpc::HttpRequest& request) {
  if (request.method != "GET") return refusal(405);
  const std::string key = request.header("sec-websocket-key");
  if (!has_token(request, "sec-websocket-version", "13") || !is_key(key)) return refusal(400);
  rpc::HttpResponse response{
      .status = 101,
      .headers = {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", accept_value(key)}}};
  if (request.header("sec-websocket-protocol").starts_with("Bearer"))
    response.headers.emplace_back("Sec-WebSocket-Protocol", "Bearer");
  return response;
}

rpc::HttpRequest request_behind(const rpc::HttpRequest& request) {
  rpc::HttpRequest behind;
  behind.method = "POST";
  behind.path = request.path;
  behind.peer = request.peer;
  for (const std::string_view name : {"origin", "referer"}) {
    if (const auto value = request.headers.find(name)) behind.headers.add(name, *value);
  }
  const std::string token = cookie(request, "token");
  const std::string authorization =
      token.empty() ? authorization_of(request.header("sec-websocket-protocol")) : "Bearer " + token;
  if (!authorization.empty()) behind.headers.add("authorization", authorization);
  return behind;
}

}  // namespace etcd::gateway
