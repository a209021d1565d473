#include "gateway/request_head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "rpc/grpc_text.h"

namespace etcd::gateway {

namespace {

constexpr std::string_view kMetadataPrefix = "grpc-metadata-";
constexpr std::string_view kBinarySuffix = "-bin";

// Those of HTTP's fields that are passed on, of those that can occur in a request.
constexpr std::array<std::string_view, 24> kPermanent = {"accept",
                                                         "accept-charset",
                                                         "accept-language",
                                                         "accept-ranges",
                                                         "authorization",
                                                         "cache-control",
                                                         "content-type",
                                                         "cookie",
                                                         "date",
                                                         "expect",
                                                         "from",
                                                         "host",
                                                         "if-match",
                                                         "if-modified-since",
                                                         "if-none-match",
                                                         "if-schedule-tag-match",
                                                         "if-unmodified-since",
                                                         "max-forwards",
                                                         "origin",
                                                         "pragma",
                                                         "referer",
                                                         "user-agent",
                                                         "via",
                                                         "warning"};

bool is_metadata_name(std::string_view name) {
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

bool is_metadata_value(std::string_view value) {
  return std::ranges::all_of(value, [](char c) { return c >= 0x20 && c <= 0x7e; });
}

// "grpc-metadata-x-bin" -> "Grpc-Metadata-X-Bin", as Go shows it.
std::string canonical(std::string_view name) {
  std::string text(name);
  bool begins = true;
  for (char& c : text) {
    if (begins && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    begins = c == '-';
  }
  return text;
}

std::string metadata_name(std::string_view field) {
  if (field.starts_with(kMetadataPrefix)) return std::string(field.substr(kMetadataPrefix.size()));
  if (std::ranges::find(kPermanent, field) == kPermanent.end()) return "";
  return "grpcgateway-" + std::string(field);
}

rpc::GrpcStatus invalid(std::string text) {
  return {rpc::GrpcCode::kInvalidArgument, std::move(text)};
}

// "5S" -> 5 s; those beyond 292 years are for ever. Nothing if it is no timeout.
std::optional<std::int64_t> parse_timeout_ns(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const auto unit = rpc::timeout_unit_ns(text.back());
  std::string_view digits = text.substr(0, text.size() - 1);
  if (digits.size() > 1 && digits.front() == '+' && digits[1] != '-') digits.remove_prefix(1);
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (!unit || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  const std::int64_t most = rpc::kNoDeadline / *unit;
  return count > most ? rpc::kNoDeadline : std::max(count, -most) * *unit;
}

rpc::GrpcStatus read_timeout(const rpc::HttpRequest& request, std::int64_t now_ns, std::int64_t& deadline_ns) {
  const std::string text = request.header("grpc-timeout");
  if (text.empty()) return {};
  const auto timeout_ns = parse_timeout_ns(text);
  if (!timeout_ns) return invalid("invalid grpc-timeout: " + text);
  if (*timeout_ns == 0 || *timeout_ns > rpc::kNoDeadline - now_ns) return {};  // 0 means none
  deadline_ns = now_ns + std::max<std::int64_t>(*timeout_ns, -now_ns);
  return {};
}

rpc::GrpcStatus add_field(rpc::Metadata& metadata, std::string_view field, std::string_view value) {
  if (field == "authorization") metadata.add(field, value);
  const std::string name = metadata_name(field);
  if (name.empty() || !is_metadata_name(name)) return {};
  if (!field.ends_with(kBinarySuffix)) {
    if (is_metadata_value(value)) metadata.add(name, value);
    return {};
  }
  const auto decoded = rpc::decode_binary(value);
  if (!decoded) return invalid("invalid binary header " + canonical(field) + ": " + decoded.error().detail);
  metadata.add(name, *decoded);
  return {};
}

// Whoever's certificate the connection has shown: behind a gateway it is not the user's.
std::shared_ptr<const rpc::Peer> without_certificate(const std::shared_ptr<const rpc::Peer>& peer) {
  if (peer == nullptr || peer->verified_common_name.empty()) return peer;
  auto copy = std::make_shared<rpc::Peer>(*peer);
  copy->verified_common_name.clear();
  return copy;
}

void add_forwarded(rpc::Metadata& metadata, const rpc::HttpRequest& request) {
  const std::string host = request.header("x-forwarded-host");
  if (!host.empty() || !request.host.empty()) metadata.add("x-forwarded-host", host.empty() ? request.host : host);
  std::string chain;
  for (const std::string_view hop : request.headers.all("x-forwarded-for")) chain.append(hop).append(", ");
  if (request.peer != nullptr) chain.append(request.peer->address, 0, request.peer->address.rfind(':'));
  metadata.add("x-forwarded-for", chain);
}

}  // namespace

RequestHead read_request_head(const rpc::HttpRequest& request, std::int64_t now_ns) {
  RequestHead head;
  head.call.peer = without_certificate(request.peer);
  head.fault = read_timeout(request, now_ns, head.call.deadline_ns);
  for (std::size_t i = 0; head.fault.ok() && i < request.headers.size(); ++i) {
    const auto field = request.headers.at(i);
    head.fault = add_field(head.call.metadata, field.name, field.value);
  }
  add_forwarded(head.call.metadata, request);
  return head;
}

}  // namespace etcd::gateway
