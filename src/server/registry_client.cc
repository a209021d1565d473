#include "server/registry_client.h"

#include <chrono>
#include <thread>
#include <utility>

#include "base/url.h"
#include "base/wire.h"
#include "rpc/socket_address.h"
#include "rpc/tls_channel.h"

namespace etcd::server {

namespace {

constexpr const char* kRange = "/etcdserverpb.KV/Range";
constexpr const char* kPut = "/etcdserverpb.KV/Put";
constexpr const char* kAuthenticate = "/etcdserverpb.Auth/Authenticate";

// As etcd's client: TLS as soon as a file for it is named, or the plain way is switched off.
bool wants_tls(const DiscoveryConfig& config) { return !config.cert.empty() || !config.key.empty() || !config.cacert.empty() || !config.insecure_transport; }

tls::Settings tls_settings(const DiscoveryConfig& config) {
  tls::Settings settings;
  settings.cert_file = config.cert;
  settings.key_file = config.key;
  settings.trusted_ca_file = config.cacert;
  settings.verify_server = !config.insecure_skip_tls_verify;
  return settings;
}

// The key right behind all that begin with `prefix`, as etcd's clients ask for them.
std::string end_of(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return std::string(1, '\0');
  ++prefix.back();
  return prefix;
}

Result<RegistryEntry> read_entry(std::string_view key_value) {
  constexpr std::uint32_t kKey = 1, kCreateRevision = 2, kValue = 5;
  RegistryEntry entry;
  base::WireReader reader(key_value);
  while (const auto field = reader.next()) {
    if (field->number == kKey) entry.key = field->bytes;
    if (field->number == kCreateRevision) entry.created = Revision(field->as_int64());
    if (field->number == kValue) entry.value = field->bytes;
  }
  if (reader.failed()) return fail(Errc::kInvalid, "malformed key-value");
  return entry;
}

std::string text_field(std::uint32_t number, std::string_view message) {
  std::string text;
  base::WireReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == number && field->type == base::WireType::kBytes) text = field->bytes;
  }
  return text;
}

struct Endpoint {
  bool secure = false;
  std::string address;  // "host:port" or "unix:path"
};

// A URL, or just host and port.
Result<Endpoint> parse_endpoint(const std::string& text) {
  if (text.find("://") == std::string::npos) return Endpoint{false, text};
  TRY_ASSIGN(const base::Url url, base::Url::parse(text));
  return Endpoint{url.is_secure(), url.is_unix() ? "unix:" + url.address() : url.address()};
}

}  // namespace

Result<std::unique_ptr<RegistryClient>> RegistryClient::open(const DiscoveryConfig& config, base::Logger& logger) {
  std::shared_ptr<tls::Context> tls;
  if (wants_tls(config)) {
    TRY_ASSIGN(tls, tls::Context::open(tls::Role::kClient, tls_settings(config), {}, base::system_clock(), logger));
  }
  return std::unique_ptr<RegistryClient>(new RegistryClient(config, std::move(tls)));
}

Registry RegistryClient::registry() {
  return {.read = [this](const std::string& prefix) { return read(prefix); },
          .write = [this](const std::string& key, const std::string& value) { return write(key, value); },
          .sleep = [](std::int64_t ns) { std::this_thread::sleep_for(std::chrono::nanoseconds(ns)); }};
}

Result<std::vector<RegistryEntry>> RegistryClient::read(const std::string& prefix) {
  constexpr std::uint32_t kKeyValues = 2;
  std::string request;
  base::WireWriter writer(request);
  writer.bytes(1, prefix);
  writer.bytes(2, end_of(prefix));
  TRY_ASSIGN(const std::string response, call(kRange, request));
  std::vector<RegistryEntry> entries;
  base::WireReader reader(response);
  while (const auto field = reader.next()) {
    if (field->number != kKeyValues || field->type != base::WireType::kBytes) continue;
    TRY_ASSIGN(RegistryEntry entry, read_entry(field->bytes));
    entries.push_back(std::move(entry));
  }
  if (reader.failed()) return fail(Errc::kInvalid, "malformed RangeResponse");
  return entries;
}

Status RegistryClient::write(const std::string& key, const std::string& value) {
  std::string request;
  base::WireWriter writer(request);
  writer.bytes(1, key);
  writer.bytes(2, value);
  TRY_ASSIGN(const std::string response, call(kPut, request));
  (void)response;
  return {};
}

// Where it went well last time, else each endpoint once.
Result<std::string> RegistryClient::call(const char* path, const std::string& request) {
  Error last{Errc::kInvalid, "no endpoints"};
  if (client_) {
    auto answer = call_here(path, request);
    if (answer) return answer;
    last = answer.error();
  }
  for (const std::string& endpoint : config_.endpoints) {
    auto client = connect(endpoint);
    if (!client) {
      last = client.error();
      continue;
    }
    client_ = std::move(*client);
    const Status known = authenticate();
    auto answer = known ? call_here(path, request) : Result<std::string>(fail(known.error()));
    if (answer) return answer;
    last = answer.error();
  }
  client_.reset();
  return fail(last);
}

Result<std::string> RegistryClient::call_here(const char* path, const std::string& request) {
  TRY_ASSIGN(rpc::UnaryAnswer answer, client_->call(path, request, metadata_, config_.request_timeout.count()));
  if (answer.status.ok()) return std::move(answer.message);
  return fail(Errc::kIo, "rpc error: code = " + std::string(rpc::name_of(answer.status.code)) + " desc = " + answer.status.message);
}

Result<std::unique_ptr<rpc::UnaryClient>> RegistryClient::connect(const std::string& endpoint) const {
  TRY_ASSIGN(const Endpoint place, parse_endpoint(endpoint));
  TRY_ASSIGN(const std::vector<rpc::SocketAddress> addresses, rpc::look_up(place.address));
  const bool secure = place.secure || (tls_ != nullptr && endpoint.find("://") == std::string::npos);
  if (secure && tls_ == nullptr) return fail(Errc::kInvalid, "endpoint " + endpoint + " asks for TLS, but --discovery-insecure-transport is on");
  rpc::UnaryClient::Target target{.scheme = secure ? "https" : "http", .authority = place.address, .tls = secure ? tls_ : nullptr};
  Error last{Errc::kInvalid};
  for (const rpc::SocketAddress& address : addresses) {
    auto client = rpc::UnaryClient::connect(address, target, config_.dial_timeout.count());
    if (client) return client;
    last = client.error();
  }
  return fail(last);
}

// Tokens are the connection's: another member may not know them.
Status RegistryClient::authenticate() {
  metadata_.clear();
  if (config_.user.empty()) return {};
  const std::size_t colon = config_.password.empty() ? config_.user.find(':') : std::string::npos;
  std::string request;
  base::WireWriter writer(request);
  writer.bytes(1, config_.user.substr(0, colon));
  writer.bytes(2, colon == std::string::npos ? config_.password : config_.user.substr(colon + 1));
  TRY_ASSIGN(const std::string response, call_here(kAuthenticate, request));
  metadata_.emplace_back("token", text_field(2, response));
  return {};
}

}  // namespace etcd::server
