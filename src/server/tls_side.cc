#include "server/tls_side.h"

#include <algorithm>

#include "tls/cipher_suites.h"
#include "tls/self_signed.h"

namespace etcd::server {

namespace {

tls::Version version_of(const std::string& text) {
  if (text == "TLS1.2") return tls::Version::kTls12;
  return text == "TLS1.3" ? tls::Version::kTls13 : tls::Version::kAny;
}

tls::Settings settings_of(const TlsConfig& given, const SecurityConfig& security) {
  return {.cert_file = given.cert_file,
          .key_file = given.key_file,
          .client_cert_file = given.client_cert_file,
          .client_key_file = given.client_key_file,
          .trusted_ca_file = given.trusted_ca_file,
          .crl_file = given.crl_file,
          .client_cert_auth = given.client_cert_auth,
          .allowed_common_names = given.allowed_cn,
          .allowed_hostnames = given.allowed_hostname,
          .cipher_suites = security.cipher_suites,
          .lowest = version_of(security.tls_min_version),
          .highest = version_of(security.tls_max_version)};
}

// As etcd says it, with the words of the flags.
std::string text_of(const tls::Settings& settings) {
  return "cert = " + settings.cert_file + ", key = " + settings.key_file + ", client-cert=" + settings.client_cert_file +
         ", client-key=" + settings.client_key_file + ", trusted-ca = " + settings.trusted_ca_file +
         ", client-cert-auth = " + (settings.client_cert_auth ? "true" : "false") + ", crl-file = " + settings.crl_file;
}

bool any_secure(const Urls& urls) {
  return std::ranges::any_of(urls, [](const Url& url) { return url.is_secure(); });
}

// What clients or members share: where certificates come from, and how reloads are counted.
class Opener {
 public:
  Opener(const Config& config, base::FileSystem& files, base::Metrics& metrics, base::Clock& clock, base::Logger& logger)
      : config_(config), files_(files), metrics_(metrics), clock_(clock), logger_(logger) {}

  Result<tls::Settings> settings(const TlsConfig& given, const std::string& whose, std::vector<std::string> hosts) {
    tls::Settings settings = settings_of(given, config_.security);
    if (!given.auto_tls) return settings;
    if (given.has_certificate()) {
      logger_.warn("ignoring " + whose + " auto TLS since certs given");
      return settings;
    }
    const std::string folder = base::join_path(base::join_path(config_.member.data_dir, "fixtures"), whose);
    TRY_ASSIGN(const tls::SelfSigned pair, tls::self_signed(folder, hosts, config_.security.self_signed_cert_validity_years,
                                                            files_, clock_, logger_));
    settings.cert_file = settings.client_cert_file = pair.cert_file;
    settings.key_file = settings.client_key_file = pair.key_file;
    settings.verify_server = false;
    return settings;
  }

  Result<std::shared_ptr<tls::Context>> open(tls::Role role, const tls::Settings& settings, const std::string& use) {
    const base::Metrics::Labels labels = {{"use", use}};
    const auto reloads = metrics_.counter("etcdpp_tls_reloads_total", "How often changed TLS files were read again.", labels);
    const auto failures = metrics_.counter("etcdpp_tls_reload_failures_total",
                                           "How often changed TLS files could not be used, and those before stayed.", labels);
    tls::Context::Events events{.reloaded = [reloads] { reloads.add(); }, .reload_failed = [failures] { failures.add(); }};
    return tls::Context::open(role, settings, std::move(events), clock_, logger_);
  }

  void log_use(const std::string& whose, const tls::Settings& settings) {
    logger_.info("starting with " + whose + " TLS",
                 {{"tls-info", text_of(settings)}, {"cipher-suites", config_.security.cipher_suites}});
  }

 private:
  const Config& config_;
  base::FileSystem& files_;
  base::Metrics& metrics_;
  base::Clock& clock_;
  base::Logger& logger_;
};

std::vector<std::string> hosts_of(const Urls& urls) {
  std::vector<std::string> hosts;
  for (const Url& url : urls) hosts.push_back(url.host);
  return hosts;
}

Urls client_urls(const MemberConfig& member) {
  Urls all = member.listen_client_urls;
  all.insert(all.end(), member.listen_client_http_urls.begin(), member.listen_client_http_urls.end());
  return all;
}

// Certificates that are given, and URLs without TLS: somebody may have thought otherwise.
void warn_of_plain(const Urls& urls, const tls::Settings& settings, bool of_peers, base::Logger& logger) {
  const std::string scheme = of_peers ? "scheme is HTTP" : "scheme is http or unix";
  const char* const key = of_peers ? "peer-url" : "client-url";
  const std::string flag = of_peers ? "--peer-client-cert-auth" : "--client-cert-auth";
  for (const Url& url : urls) {
    if (url.is_secure()) continue;
    if (!settings.cert_file.empty() || !settings.key_file.empty()) {
      logger.warn(scheme + " while key and cert files are present; ignoring key and cert files", {{key, url.to_string()}});
    }
    if (settings.client_cert_auth) {
      logger.warn(scheme + " while " + flag + " is enabled; ignoring client cert auth for this URL", {{key, url.to_string()}});
    }
  }
}

bool has_certificate(const tls::Settings& settings) { return !settings.cert_file.empty() || !settings.key_file.empty(); }

Status open_clients(const Config& config, Opener& opener, TlsSide& side, base::Logger& logger) {
  const Urls urls = client_urls(config.member);
  TRY_ASSIGN(const tls::Settings settings, opener.settings(config.security.client, "client", hosts_of(urls)));
  warn_of_plain(urls, settings, /*of_peers=*/false, logger);
  if (has_certificate(settings)) {
    opener.log_use("client", settings);
    TRY_ASSIGN(side.clients, opener.open(tls::Role::kServer, settings, "client"));
    return {};
  }
  for (const Url& url : urls) {
    if (!url.is_secure()) continue;
    return fail(Errc::kInvalid, "TLS key/cert (--cert-file, --key-file) must be provided for client url " + url.to_string() +
                                    " with HTTPS scheme");
  }
  if (!any_secure(config.monitoring.listen_metrics_urls)) return {};
  return fail(Errc::kInvalid, "client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url");
}

Status open_peers(const Config& config, Opener& opener, TlsSide& side, base::Logger& logger) {
  const Urls& urls = config.member.listen_peer_urls;
  TRY_ASSIGN(const tls::Settings settings, opener.settings(config.security.peer, "peer", hosts_of(urls)));
  warn_of_plain(urls, settings, /*of_peers=*/true, logger);
  if (has_certificate(settings)) {
    opener.log_use("peer", settings);
    TRY_ASSIGN(side.peers, opener.open(tls::Role::kServer, settings, "peer"));
  }
  for (const Url& url : urls) {
    if (!url.is_secure() || side.peers != nullptr) continue;
    return fail(Errc::kInvalid, "cannot listen on TLS for " + url.host + ": KeyFile and CertFile are not presented");
  }
  const bool dials = config.cluster.initial_cluster.find("https://") != std::string::npos ||
                     config.cluster.initial_cluster.find("unixs://") != std::string::npos;
  if (side.peers == nullptr && settings.trusted_ca_file.empty() && !dials) return {};
  TRY_ASSIGN(side.dial_peers, opener.open(tls::Role::kClient, settings, "peer-dial"));
  return {};
}

}  // namespace

Result<TlsSide> open_tls(const Config& config, base::FileSystem& files, base::Metrics& metrics, base::Clock& clock,
                         base::Logger& logger) {
  TRY(tls::check_cipher_suites(config.security.cipher_suites));
  TlsSide side;
  Opener opener(config, files, metrics, clock, logger);
  TRY(open_peers(config, opener, side, logger));
  TRY(open_clients(config, opener, side, logger));
  return side;
}

std::vector<ListenPlace> listen_places(const Urls& urls) {
  std::vector<ListenPlace> places;
  for (const Url& url : urls) {
    const std::string address = url.is_unix() ? "unix:" + url.address() : url.address();
    auto place = std::ranges::find(places, address, &ListenPlace::address);
    if (place == places.end()) place = places.insert(place, {.address = address});
    place->is_plain = place->is_plain || !url.is_secure();
    place->is_secure = place->is_secure || url.is_secure();
  }
  return places;
}

bool listens_with_tls(const Config& config) {
  return any_secure(client_urls(config.member)) || any_secure(config.member.listen_peer_urls) ||
         any_secure(config.monitoring.listen_metrics_urls);
}

}  // namespace etcd::server
