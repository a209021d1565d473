#include "server/load_config.h"

#include <algorithm>

#include "base/go_text.h"
#include "server/build_info.h"
#include "server/config_file.h"
#include "server/flags.h"
#include "server/header_trace.h"
#include "server/logging.h"
#include "server/validate.h"

namespace etcd::server {

namespace {

constexpr std::string_view kVersionVariable = "ETCD_VERSION=";
constexpr std::string_view kConfigFileVariable = "ETCD_CONFIG_FILE=";
constexpr std::uint64_t kMaxConfigFileBytes = 64 * 1024 * 1024;

class Loading {
 public:
  Loading(const Invocation& invocation, const LogWorld& world)
      : invocation_(invocation), world_(world), flags_(loaded_.config), logger_(make_default_logger(world)) {}

  std::variant<Loaded, Exit> run() {
    const CommandLine line = flags_.parse({invocation_.args.begin() + 1, invocation_.args.end()});
    if (line.outcome == CommandLine::Outcome::kBad) return Exit{2, "", line.error + "\n" + usage_text() + "\n"};
    if (line.outcome == CommandLine::Outcome::kHelpAsked) return Exit{0, help_text() + "\n", usage_text() + "\n"};
    if (line.rest.empty() && config().print_version) return Exit{0, version_text(), ""};

    const Status read = line.rest.empty() ? read_all() : fail(Errc::kInvalid, base::go_quote(line.rest[0]) + " is not a valid flag");
    logger_->info("Running: ", {{"args", invocation_.args}});
    if (!read.has_value()) return refuse(read.error());
    if (const Status supported = check_supported(config()); !supported.has_value()) return refuse(supported.error());
    config().command_line = invocation_.args;
    config().trace_header_fields = traces_header_fields(invocation_.environment);
    use_default_host();
    use_default_data_dir();
    loaded_.logger = std::move(logger_);
    return std::move(loaded_);
  }

 private:
  Config& config() { return loaded_.config; }

  Exit refuse(const Error& error) {
    logger_->warn("failed to verify flags", {base::LogField(error)});
    if (error.detail == kAdvertiseClientUrlsMissing) logger_->warn("advertise client URLs are not set", {base::LogField(error)});
    return Exit{refusal_code_};
  }

  Status read_all() {
    config().config_file = config_file_path();
    const Status read = config().config_file.empty() ? read_flags() : read_file();
    config().cluster.v2_deprecation.clear();
    Duration& warn_after = config().monitoring.warning_unary_request_duration;
    if (warn_after == Duration(0)) warn_after = MonitoringConfig().warning_unary_request_duration;
    warn_of_deprecated();
    return read;
  }

  std::string config_file_path() {
    if (!config().config_file.empty()) return config().config_file;
    for (const std::string& variable : invocation_.environment) {
      if (variable.starts_with(kConfigFileVariable)) return variable.substr(kConfigFileVariable.size());
    }
    return "";
  }

  Status read_flags() {
    std::vector<std::string> environment = invocation_.environment;
    take_out_version(environment);
    TRY(flags_.read_environment(environment, *logger_));
    raise_to_minimum("raft-read-timeout", config().member.raft_read_timeout);
    raise_to_minimum("raft-write-timeout", config().member.raft_write_timeout);
    drop_overridden_defaults();
    if (config().discovery.fallback == "proxy") {
      return fail(Errc::kInvalid, "v2 proxy is deprecated, and --discovery-fallback can't be configured as \"proxy\"");
    }
    return set_up_and_validate();
  }

  // A path on the command line is dropped with all else that was read there: the file says everything.
  Status read_file() {
    const std::string path = config().config_file;
    config() = Config();
    config().config_file = path;
    TRY_ASSIGN(const std::string text, read_text(path));
    TRY(read_config_file(text, config()));
    TRY(set_up_and_validate());
    logger_->info(
        "loaded server configuration, other configuration command line flags and environment variables will be ignored if provided",
        {{"path", path}});
    return {};
  }

  Result<std::string> read_text(const std::string& path) {
    const auto file = world_.files.open(path, base::OpenMode::kRead);
    if (!file.has_value()) {
      const std::string why = file.error().code == Errc::kNotExist ? "no such file or directory" : describe(file.error());
      return fail(file.error().code, "open " + path + ": " + why);
    }
    TRY_ASSIGN(const std::uint64_t size, (*file)->size());
    if (size > kMaxConfigFileBytes) return fail(Errc::kInvalid, path + " is too large for a configuration file");
    std::string text(size, '\0');
    TRY_ASSIGN(const std::size_t got, (*file)->pread(0, text.data(), text.size()));
    text.resize(got);
    return text;
  }

  Status set_up_and_validate() {
    // etcd panics at a level that is none, which looks like any value that a flag can't have.
    refusal_code_ = is_log_level(config().logging.level) ? 1 : 2;
    TRY_ASSIGN(logger_, make_logger(config().logging, world_));
    return validate(config(), *logger_);
  }

  // ETCD_VERSION would be taken for --version.
  void take_out_version(std::vector<std::string>& environment) {
    const auto at = std::find_if(environment.begin(), environment.end(), [](const std::string& v) { return v.starts_with(kVersionVariable); });
    if (at == environment.end()) return;
    const std::string value = at->substr(kVersionVariable.size());
    environment.erase(at);
    if (!value.empty()) logger_->warn("cannot set special environment variable", {{"key", "ETCD_VERSION"}, {"value", value}});
  }

  void raise_to_minimum(std::string_view flag, Duration& timeout) {
    constexpr Duration kMinimum = std::chrono::seconds(5);
    if (timeout >= kMinimum) return;
    timeout = kMinimum;
    logger_->info(std::string(flag) + " increased to minimum value: " + base::format_duration(kMinimum));
  }

  void drop_overridden_defaults() {
    if (config().is_set("listen-client-urls") && !config().is_set("advertise-client-urls")) config().cluster.advertise_client_urls.clear();
    const DiscoveryConfig& discovery = config().discovery;
    const bool discovers = !discovery.srv.empty() || !discovery.srv_name.empty() || !discovery.endpoints.empty();
    if (discovers && !config().is_set("initial-cluster")) config().cluster.initial_cluster.clear();
  }

  void warn_of_deprecated() {
    if (config().is_set("max-snapshots")) {
      logger_->warn("--max-snapshots is deprecated in 3.6 and will be decommissioned in 3.8.");
    }
    if (config().is_set("v2-deprecation")) {
      logger_->warn("--v2-deprecation is deprecated and scheduled for removal in v3.8. The default value is enforced, ignoring user input.");
    }
  }

  // A member that listens on 0.0.0.0 and advertises the default would advertise localhost.
  void use_default_host() {
    ClusterConfig& cluster = config().cluster;
    const auto& host = invocation_.default_host;
    bool used = false;
    if (host.has_value()) used = advertise_host(*host, config().member.listen_peer_urls, cluster.initial_advertise_peer_urls, "2380");
    if (config().member.name != MemberConfig().name && cluster.initial_cluster == ClusterConfig().initial_cluster) {
      cluster.initial_cluster = initial_cluster_of(config().member.name, cluster.initial_advertise_peer_urls);
    }
    if (host.has_value()) used |= advertise_host(*host, config().member.listen_client_urls, cluster.advertise_client_urls, "2379");
    if (used) logger_->info("detected default host for advertise", {{"host", *host}});
    if (!host.has_value()) logger_->info("failed to detect default host", {base::LogField(host.error())});
  }

  static bool advertise_host(const std::string& host, const Urls& listened, Urls& advertised, const std::string& default_port) {
    const auto place = base::split_host_port(listened.front().host);
    const bool everywhere = place.has_value() && place->host == "0.0.0.0";
    const bool is_default = advertised.size() == 1 && advertised[0].to_string() == "http://localhost:" + default_port;
    if (!everywhere || !is_default) return false;
    advertised[0].host = host + ":" + place->port;
    return true;
  }

  void use_default_data_dir() {
    if (!config().member.data_dir.empty()) return;
    config().member.data_dir = config().member.name + ".etcd";
    logger_->warn("'data-dir' was empty; using default", {{"data-dir", config().member.data_dir}});
  }

  const Invocation& invocation_;
  const LogWorld& world_;
  Loaded loaded_;
  FlagSet flags_;
  std::unique_ptr<base::Logger> logger_;
  int refusal_code_ = 1;
};

}  // namespace

std::variant<Loaded, Exit> load_config(const Invocation& invocation, const LogWorld& world) { return Loading(invocation, world).run(); }

std::string version_text() {
  return "etcd Version: " + std::string(kVersion) + "\nGit SHA: " + std::string(git_sha()) + "\nGo Version: " + std::string(kToolchain) +
         "\nGo OS/Arch: " + std::string(kOs) + "/" + std::string(kArch) + "\n";
}

}  // namespace etcd::server
