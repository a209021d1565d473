// What a command line, an environment or a file comes to. The texts are those of etcd 3.7.3 for the same invocation.
#include "server/load_config.h"

#include <gtest/gtest.h>

#include "base/go_text.h"
#include "base/testing/crash_fs.h"
#include "server/flags.h"

namespace etcd::server {
namespace {

class CapturedLog : public base::LogSink {
 public:
  void write(std::string_view line) override { text.append(line); }
  bool has(std::string_view part) const { return text.find(part) != std::string::npos; }
  std::string text;
};

class LoadConfig : public testing::Test {
 protected:
  std::variant<Loaded, Exit> load(std::vector<std::string> args, std::vector<std::string> environment = {}) {
    args.insert(args.begin(), "etcd");
    return load_config({std::move(args), std::move(environment), host_}, world_);
  }
  Config config(std::vector<std::string> args, std::vector<std::string> environment = {}) {
    auto outcome = load(std::move(args), std::move(environment));
    if (!std::holds_alternative<Loaded>(outcome)) {
      ADD_FAILURE() << std::get<Exit>(outcome).standard_error << errors_->text;
      return {};
    }
    return std::get<Loaded>(outcome).config;
  }
  Exit exit(std::vector<std::string> args, std::vector<std::string> environment = {}) {
    auto outcome = load(std::move(args), std::move(environment));
    if (auto* exit = std::get_if<Exit>(&outcome)) return *exit;
    ADD_FAILURE() << "was accepted";
    return {};
  }
  // The first line on standard error of an invocation that a flag's value fails.
  std::string flag_error(std::vector<std::string> args) {
    const Exit ended = exit(std::move(args));
    EXPECT_EQ(ended.code, 2);
    EXPECT_NE(ended.standard_error.find("\nUsage:\n"), std::string::npos);
    return ended.standard_error.substr(0, ended.standard_error.find('\n'));
  }
  // The "error" of the log line "failed to verify flags".
  std::string verify_error(std::vector<std::string> args, std::vector<std::string> environment = {}) {
    errors_->text.clear();
    EXPECT_EQ(exit(std::move(args), std::move(environment)).code, 1);
    const std::string before = "\"msg\":\"failed to verify flags\",\"error\":";
    const std::size_t at = errors_->text.find(before);
    if (at == std::string::npos) return "no such line in: " + errors_->text;
    const std::size_t end = errors_->text.find("}\n", at);
    return errors_->text.substr(at + before.size(), end - at - before.size());
  }
  std::string quoted(std::string_view text) {
    std::string out;
    base::append_json_string(out, text);
    return out;
  }
  void write_file(const std::string& path, std::string_view text) {
    auto file = files_.open(path, base::OpenMode::kCreateTruncate);
    ASSERT_TRUE(file.has_value());
    ASSERT_TRUE((*file)->pwrite(0, text).has_value());
  }
  std::string file_error(std::string_view text) {
    write_file("/etcd.yaml", text);
    return verify_error({"--config-file=/etcd.yaml"});
  }
  Config file_config(std::string_view text) {
    write_file("/etcd.yaml", text);
    return config({"--config-file", "/etcd.yaml"});
  }

  std::shared_ptr<CapturedLog> output_ = std::make_shared<CapturedLog>();
  std::shared_ptr<CapturedLog> errors_ = std::make_shared<CapturedLog>();
  base::CrashFs files_;
  LogWorld world_{output_, errors_, files_, base::system_clock()};
  Result<std::string> host_ = fail(Errc::kNotExist, "could not find default route");
};

// --- The command line ---

TEST_F(LoadConfig, WithoutFlagsEverythingIsEtcdsDefault) {
  const Config config = this->config({});
  EXPECT_EQ(config.member.name, "default");
  EXPECT_EQ(config.member.data_dir, "default.etcd");
  EXPECT_EQ(config.cluster.initial_cluster, "default=http://localhost:2380");
  EXPECT_EQ(base::to_strings(config.cluster.advertise_client_urls), Texts{"http://localhost:2379"});
  EXPECT_TRUE(errors_->has("\"msg\":\"'data-dir' was empty; using default\",\"data-dir\":\"default.etcd\""));
  EXPECT_TRUE(errors_->has("it isn't recommended to use default name"));
  EXPECT_TRUE(errors_->has("\"msg\":\"Running: \",\"args\":[\"etcd\"]"));
}

TEST_F(LoadConfig, FlagsTakeOneOrTwoDashesAndValuesAfterEqualsOrAsTheNextWord) {
  const Config config = this->config({"-name=a", "--data-dir", "/d", "-snapshot-count", "7", "--max-txn-ops=0x10"});
  EXPECT_EQ(config.member.name, "a");
  EXPECT_EQ(config.member.data_dir, "/d");
  EXPECT_EQ(config.member.snapshot_count, 7u);
  EXPECT_EQ(config.member.max_txn_ops, 16u);
}

TEST_F(LoadConfig, TheLastOfRepeatedFlagsCounts) {
  EXPECT_EQ(config({"--name=a", "--name=b"}).member.name, "b");
}

TEST_F(LoadConfig, ABooleanStandsAloneAndTakesAValueOnlyAfterEquals) {
  EXPECT_TRUE(config({"--unsafe-no-fsync", "--name=a"}).maintenance.unsafe_no_fsync);
  EXPECT_FALSE(config({"--pre-vote=false"}).cluster.pre_vote);
  EXPECT_EQ(verify_error({"--pre-vote", "false"}), quoted("\"false\" is not a valid flag"));
}

TEST_F(LoadConfig, DurationsAreReadInGosNotation) {
  const Config config = this->config({"--grpc-keepalive-interval=1m0s", "--backend-batch-interval=1.5s"});
  EXPECT_EQ(config.member.grpc_keepalive_interval, std::chrono::minutes(1));
  EXPECT_EQ(config.member.backend_batch_interval, std::chrono::milliseconds(1500));
}

TEST_F(LoadConfig, BadFlagsEndWithCodeTwoAndGosTexts) {
  const std::pair<const char*, const char*> kCases[] = {
      {"--bogus", "flag provided but not defined: -bogus"},
      {"-=x", "bad flag syntax: -=x"},
      {"---name=x", "bad flag syntax: ---name=x"},
      {"--name", "flag needs an argument: -name"},
      {"--heartbeat-interval=abc", "invalid value \"abc\" for flag -heartbeat-interval: parse error"},
      {"--snapshot-count=99999999999999999999999",
       "invalid value \"99999999999999999999999\" for flag -snapshot-count: value out of range"},
      {"--snapshot-count=-1", "invalid value \"-1\" for flag -snapshot-count: parse error"},
      {"--pre-vote=maybe", "invalid boolean value \"maybe\" for -pre-vote: parse error"},
      {"--backend-batch-interval=5", "invalid value \"5\" for flag -backend-batch-interval: parse error"},
      {"--max-concurrent-streams=-1",
       "invalid value \"-1\" for flag -max-concurrent-streams: strconv.ParseUint: parsing \"-1\": invalid syntax"},
      {"--max-concurrent-streams=4294967296",
       "invalid value \"4294967296\" for flag -max-concurrent-streams: strconv.ParseUint: parsing \"4294967296\": value out of range"},
      {"--initial-cluster-state=foo", "invalid value \"foo\" for flag -initial-cluster-state: invalid value"},
      {"--v2-deprecation=not-yet", "invalid value \"not-yet\" for flag -v2-deprecation: invalid value \"not-yet\""},
      {"--feature-gates=Foo=true", "invalid value \"Foo=true\" for flag -feature-gates: unrecognized feature gate: Foo"},
      {"--feature-gates=PriorityRequest",
       "invalid value \"PriorityRequest\" for flag -feature-gates: missing bool value for PriorityRequest"},
      {"--feature-gates=PriorityRequest=5",
       "invalid value \"PriorityRequest=5\" for flag -feature-gates: invalid value of PriorityRequest=5, err: strconv.ParseBool: parsing "
       "\"5\": invalid syntax"},
      {"--listen-client-urls=foo",
       "invalid value \"foo\" for flag -listen-client-urls: URL scheme must be http, https, unix, or unixs: foo"},
      {"--listen-client-urls=http://x",
       "invalid value \"http://x\" for flag -listen-client-urls: URL address does not have the form \"host:port\": http://x"},
      {"--listen-client-urls=http://x:1/y",
       "invalid value \"http://x:1/y\" for flag -listen-client-urls: URL must not contain a path: http://x:1/y"},
      {"--listen-peer-urls=http://[::1",
       "invalid value \"http://[::1\" for flag -listen-peer-urls: parse \"http://[::1\": missing ']' in host"},
      {"--cors=foo", "invalid value \"foo\" for flag -cors: URL scheme must be http, https, unix, or unixs: foo"},
  };
  for (const auto& [arg, text] : kCases) EXPECT_EQ(flag_error({arg}), text);
}

TEST_F(LoadConfig, HelpGoesToStandardOutputAndUsageToStandardError) {
  for (const char* ask : {"--help", "-h"}) {
    const Exit ended = exit({ask});
    EXPECT_EQ(ended.code, 0);
    EXPECT_TRUE(ended.standard_error.starts_with("Usage:\n"));
    EXPECT_NE(ended.standard_output.find("--listen-client-urls 'http://localhost:2379'"), std::string::npos);
  }
}

TEST_F(LoadConfig, VersionIsFourLines) {
  const Exit ended = exit({"--version"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.standard_error, "");
  EXPECT_TRUE(ended.standard_output.starts_with("etcd Version: 3.7.3\nGit SHA: "));
  EXPECT_EQ(std::count(ended.standard_output.begin(), ended.standard_output.end(), '\n'), 4);
  EXPECT_NE(ended.standard_output.find("\nGo OS/Arch: linux/"), std::string::npos);
}

TEST_F(LoadConfig, AWordThatIsNoFlagIsRefused) {
  EXPECT_EQ(verify_error({"positional", "--name=x"}), quoted("\"positional\" is not a valid flag"));
  EXPECT_EQ(verify_error({"--name=x", "--", "--version"}), quoted("\"--version\" is not a valid flag"));
}

TEST_F(LoadConfig, FlagsOfOldVersionsAreTakenAndDropped) {
  EXPECT_EQ(config({"--snapshot", "--vv=1", "--test.coverprofile=x", "--name=a"}).member.name, "a");
}

TEST_F(LoadConfig, AUrlFlagKeepsItsValueWhenGivenNothingOrOneOfItsOwn) {
  const auto urls_of = [&](std::vector<std::string> args) {
    args.push_back("--advertise-client-urls=http://a:1");
    return base::to_strings(config(args).member.listen_client_urls);
  };
  EXPECT_EQ(urls_of({"--listen-client-urls="}), Texts{"http://localhost:2379"});
  EXPECT_EQ(urls_of({"--listen-client-urls=http://127.0.0.1:2,http://127.0.0.1:1,http://127.0.0.1:2"}),
            (Texts{"http://127.0.0.1:1", "http://127.0.0.1:2"}));
  EXPECT_EQ(urls_of({"--listen-client-urls=http://127.0.0.1:1,http://127.0.0.1:2", "--listen-client-urls=http://127.0.0.1:1"}),
            (Texts{"http://127.0.0.1:1", "http://127.0.0.1:2"}));
}

TEST_F(LoadConfig, DeprecatedFlagsAreWarnedOf) {
  (void)config({"--max-snapshots=3", "--v2-deprecation=gone"});
  EXPECT_TRUE(errors_->has("\"level\":\"warn\""));
  EXPECT_TRUE(errors_->has("--max-snapshots is deprecated in 3.6 and will be decommissioned in 3.8."));
  EXPECT_TRUE(
      errors_->has("--v2-deprecation is deprecated and scheduled for removal in v3.8. The default value is enforced, ignoring user input."));
}

TEST_F(LoadConfig, TimeoutsOfPeersAreRaisedToTheirMinimum) {
  const Config config = this->config({"--raft-read-timeout=1s", "--raft-write-timeout=10s"});
  EXPECT_EQ(config.member.raft_read_timeout, std::chrono::seconds(5));
  EXPECT_EQ(config.member.raft_write_timeout, std::chrono::seconds(10));
  EXPECT_TRUE(errors_->has("raft-read-timeout increased to minimum value: 5s"));
  EXPECT_FALSE(errors_->has("raft-write-timeout increased"));
}

TEST_F(LoadConfig, AWarningDurationOfZeroMeansTheDefault) {
  EXPECT_EQ(config({"--warning-unary-request-duration=0s"}).monitoring.warning_unary_request_duration, std::chrono::milliseconds(300));
  EXPECT_EQ(config({"--warning-unary-request-duration=1us"}).monitoring.warning_unary_request_duration, std::chrono::microseconds(1));
}

// --- The environment ---

TEST_F(LoadConfig, TheEnvironmentGivesWhatTheCommandLineDoesNot) {
  const Config config = this->config({"--name=a"}, {"ETCD_DATA_DIR=/d", "ETCD_PRE_VOTE=false", "ETCD_MAX_TXN_OPS=", "PATH=/bin"});
  EXPECT_EQ(config.member.data_dir, "/d");
  EXPECT_FALSE(config.cluster.pre_vote);
  EXPECT_EQ(config.member.max_txn_ops, 128u);
  EXPECT_TRUE(
      errors_->has("\"msg\":\"recognized and used environment variable\",\"variable-name\":\"ETCD_DATA_DIR\",\"variable-value\":\"/d\""));
}

TEST_F(LoadConfig, PasswordsOfTheEnvironmentAreNotLogged) {
  (void)config({}, {"ETCD_DISCOVERY_PASSWORD=hidden", "ETCD_ROOT_PASSWORD=hidden"});
  EXPECT_TRUE(errors_->has("\"variable-name\":\"ETCD_DISCOVERY_PASSWORD\",\"variable-value\":\"(secret)\""));
  EXPECT_TRUE(errors_->has("\"environment-variable\":\"ETCD_ROOT_PASSWORD=(secret)\""));
  EXPECT_FALSE(errors_->has("hidden"));
}

TEST_F(LoadConfig, GosVariableAsksForATraceOfHeaders) {
  EXPECT_TRUE(config({"--name=a"}, {"GODEBUG=http2debug=2"}).trace_header_fields);
  EXPECT_FALSE(config({"--name=a"}).trace_header_fields);
}

TEST_F(LoadConfig, AVariableWhoseFlagIsOnTheCommandLineEndsTheProcess) {
  LogWorld world{output_, base::fd_log_sink(2), files_, base::system_clock()};
  EXPECT_EXIT((void)load_config({{"etcd", "--name=a"}, {"ETCD_NAME=b"}, host_}, world), testing::ExitedWithCode(1),
              "\"level\":\"fatal\".*conflicting environment variable is shadowed by corresponding command-line flag .either unset environment "
              "variable or disable flag..\",\"environment-variable\":\"ETCD_NAME\"");
}

TEST_F(LoadConfig, UnknownVariablesAreWarnedOf) {
  (void)config({}, {"ETCD_UNSUPPORTED_ARCH=amd64", "ETCDCTL_API=3"});
  EXPECT_TRUE(errors_->has("\"msg\":\"unrecognized environment variable\",\"environment-variable\":\"ETCD_UNSUPPORTED_ARCH=amd64\""));
  EXPECT_FALSE(errors_->has("ETCDCTL_API"));
}

TEST_F(LoadConfig, ABadVariableIsRefused) {
  EXPECT_EQ(verify_error({}, {"ETCD_HEARTBEAT_INTERVAL=abc"}), quoted("invalid value \"abc\" for ETCD_HEARTBEAT_INTERVAL: parse error"));
}

TEST_F(LoadConfig, TheVersionCannotBeAskedForByVariable) {
  (void)config({}, {"ETCD_VERSION=true"});
  EXPECT_TRUE(errors_->has("\"msg\":\"cannot set special environment variable\",\"key\":\"ETCD_VERSION\",\"value\":\"true\""));
}

// --- Values that must go together ---

TEST_F(LoadConfig, SettingsThatDoNotGoTogetherAreRefusedWithEtcdsTexts) {
  const std::pair<std::vector<std::string>, const char*> kCases[] = {
      {{"--listen-client-urls=http://example.com:80", "--advertise-client-urls=http://a:1"},
       "expected IP in URL for binding (http://example.com:80)"},
      {{"--listen-metrics-urls=http://example.com:80"}, "expected IP in URL for binding (http://example.com:80)"},
      {{"--listen-client-urls=http://127.0.0.1:1"}, "--advertise-client-urls is required when --listen-client-urls is set explicitly"},
      {{"--advertise-client-urls=http://:80"},
       "--advertise-client-urls \"http://:80\" must be in the format \"host:port\", \"unix:/path/to/socket\" or \"unixs:/path/to/socket\" "
       "(unexpected empty host (http://:80))"},
      {{"--initial-advertise-peer-urls=http://:80"},
       "--initial-advertise-peer-urls \"http://:80\" must be \"host:port\" (unexpected empty host (http://:80))"},
      {{"--heartbeat-interval=0"}, "--heartbeat-interval must be >0 (set to 0ms)"},
      {{"--election-timeout=0"}, "--election-timeout must be >0 (set to 0ms)"},
      {{"--election-timeout=400"}, "--election-timeout[400ms] should be at least as 5 times as --heartbeat-interval[100ms]"},
      {{"--election-timeout=60000"}, "--election-timeout[60000ms] is too long, and should be set less than 50000ms"},
      {{"--discovery-token=x"}, "both --discovery-token and --discovery-endpoints must be set"},
      {{"--discovery-endpoints=a,,", "--discovery-token=s"}, "--discovery-endpoints must not contain empty endpoints"},
      {{"--discovery-srv=foo.com", "--initial-cluster=a=http://b:1"},
       "multiple discovery or bootstrap flags are set. Choose one of \"initial-cluster\", \"discovery-endpoints\" or \"discovery-srv\""},
      {{"--discovery-fallback=proxy"}, "v2 proxy is deprecated, and --discovery-fallback can't be configured as \"proxy\""},
      {{"--auto-compaction-mode=foo"}, "unknown auto-compaction-mode \"foo\""},
      {{"--auto-compaction-mode="}, "undefined auto-compaction-mode"},
      {{"--compact-hash-check-time=0s"}, "--compact-hash-check-time must be >0 (set to 0s)"},
      {{"--feature-gates=LeaseCheckpointPersist=true"},
       "enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint"},
      {{"--enable-distributed-tracing", "--distributed-tracing-sampling-rate=-1"},
       "distributed tracing configurition is not valid: (tracing sampling rate must be positive)"},
      {{"--tls-min-version=TLS1.1"}, "unexpected TLS version \"TLS1.1\" (must be one of: TLS1.2, TLS1.3)"},
      {{"--tls-min-version=TLS1.3", "--tls-max-version=TLS1.2"}, "min version (TLS1.3) is greater than max version (TLS1.2)"},
      {{"--tls-min-version=TLS1.3", "--cipher-suites=a"}, "cipher suites cannot be configured when only TLS1.3 is enabled"},
      {{"--logger=foo"}, "unknown logger option \"foo\""},
      {{"--logger=capnslog"}, "--logger=capnslog is removed in v3.5"},
      {{"--log-format=foo"}, "unknown log format: foo, supported values json, console"},
      {{"--log-outputs=default,stderr"}, "multi logoutput for \"default\" is not supported yet"},
      {{"--enable-log-rotation"}, "--log-outputs requires a single file path when --log-rotate-config-json is defined"},
      {{"--enable-log-rotation", "--log-outputs=/a,/b"},
       "--log-outputs requires a single file path when --log-rotate-config-json is defined"},
  };
  for (const auto& [args, text] : kCases) EXPECT_EQ(verify_error(args), quoted(text)) << args.front();
}

TEST_F(LoadConfig, ALevelThatIsNoneEndsAsABadValueOfAFlagDoes) {
  EXPECT_EQ(exit({"--log-level=foo"}).code, 2);
  EXPECT_TRUE(errors_->has("\"msg\":\"failed to verify flags\",\"error\":\"unrecognized level: \\\"foo\\\"\""));
}

TEST_F(LoadConfig, MissingAdvertisedUrlsAreSaidTwice) {
  (void)exit({"--listen-client-urls=http://127.0.0.1:1"});
  EXPECT_TRUE(errors_->has("\"msg\":\"advertise client URLs are not set\",\"error\":"));
}

TEST_F(LoadConfig, HostNamesMayBeAdvertisedButNotListenedOn) {
  const Config config =
      this->config({"--listen-client-urls=http://[::1]:1,unix://sock:1", "--advertise-client-urls=http://etcd.example:2379,unix:///x"});
  EXPECT_EQ(base::to_strings(config.cluster.advertise_client_urls), (Texts{"http://etcd.example:2379", "unix:///x"}));
}

TEST_F(LoadConfig, WhatCannotBeDoneSafelyIsRefused) {
  for (const char* arg : {"--enable-distributed-tracing"}) {
    const std::string flag(arg, std::string_view(arg).find('=') == std::string_view::npos ? std::string_view(arg).size()
                                                                                          : std::string_view(arg).find('='));
    EXPECT_TRUE(verify_error({arg}).starts_with("\"" + flag + " is not supported: ")) << arg;
  }
}

TEST_F(LoadConfig, TheDefaultsOfRefusedFlagsMayBeSpelledOut) {
  (void)config({"--client-cert-auth=false", "--auth-token=simple", "--cert-file="});
}

// --- What follows from other settings ---

TEST_F(LoadConfig, ANameAloneMakesAClusterOfOne) {
  EXPECT_EQ(config({"--name=a", "--initial-advertise-peer-urls=http://h:2,http://h:1"}).cluster.initial_cluster,
            "a=http://h:1,a=http://h:2");
  EXPECT_EQ(config({"--name=a", "--initial-cluster=a=http://x:1"}).cluster.initial_cluster, "a=http://x:1");
  EXPECT_EQ(config({"--initial-advertise-peer-urls=http://h:2"}).cluster.initial_cluster, "default=http://localhost:2380");
}

TEST_F(LoadConfig, AMemberThatListensEverywhereAdvertisesTheDefaultHost) {
  host_ = std::string("192.0.2.7");
  const Config config = this->config({"--name=a", "--listen-peer-urls=http://0.0.0.0:12380", "--listen-client-urls=http://0.0.0.0:12379",
                                      "--advertise-client-urls=http://localhost:2379"});
  EXPECT_EQ(base::to_strings(config.cluster.initial_advertise_peer_urls), Texts{"http://192.0.2.7:12380"});
  EXPECT_EQ(base::to_strings(config.cluster.advertise_client_urls), Texts{"http://192.0.2.7:12379"});
  EXPECT_EQ(config.cluster.initial_cluster, "a=http://192.0.2.7:12380");
  EXPECT_TRUE(errors_->has("\"msg\":\"detected default host for advertise\",\"host\":\"192.0.2.7\""));
}

TEST_F(LoadConfig, WithoutADefaultHostThatIsSaidAndNothingChanges) {
  (void)config({"--listen-peer-urls=http://0.0.0.0:2380"});
  EXPECT_TRUE(errors_->has("\"msg\":\"failed to detect default host\",\"error\":\"could not find default route\""));
}

// --- The file ---

TEST_F(LoadConfig, AFileReplacesFlagsAndEnvironment) {
  write_file("/etcd.yaml", "name: from-file\n");
  const Config config = this->config({"--config-file=/etcd.yaml", "--name=flag", "--max-txn-ops=7"}, {"ETCD_DATA_DIR=/env"});
  EXPECT_EQ(config.member.name, "from-file");
  EXPECT_EQ(config.member.max_txn_ops, 128u);
  EXPECT_EQ(config.member.data_dir, "from-file.etcd");
  EXPECT_TRUE(errors_->has("loaded server configuration, other configuration command line flags and environment variables will be ignored if "
                           "provided\",\"path\":\"/etcd.yaml\""));
}

TEST_F(LoadConfig, TheFileMayBeNamedByTheEnvironment) {
  write_file("/etcd.yaml", "name: x\n");
  EXPECT_EQ(config({}, {"ETCD_CONFIG_FILE=/etcd.yaml"}).member.name, "x");
}

TEST_F(LoadConfig, AFileHoldsEveryKindOfSetting) {
  const Config config = file_config(R"(# comment
name: 'm1'
data-dir: /var/lib/etcd
snapshot-count: 5000
quota-backend-bytes: 8589934592
pre-vote: false
backend-batch-interval: 200000000
max-concurrent-streams: 100
listen-client-urls: http://127.0.0.1:2379,http://127.0.0.1:2378
listen-metrics-urls: http://127.0.0.1:9000
host-whitelist: a,b
cors: http://a:1
log-outputs: [stderr]
feature-gates: PriorityRequest=true
initial-cluster: "m1=http://localhost:2380"
v2-deprecation: gone
unknown-key: {a: [1, 2]}
)");
  EXPECT_EQ(config.member.name, "m1");
  EXPECT_EQ(config.member.snapshot_count, 5000u);
  EXPECT_EQ(config.member.quota_backend_bytes, 8589934592);
  EXPECT_FALSE(config.cluster.pre_vote);
  EXPECT_EQ(config.member.backend_batch_interval, std::chrono::milliseconds(200));
  EXPECT_EQ(config.member.max_concurrent_streams, 100u);
  EXPECT_EQ(base::to_strings(config.member.listen_client_urls), (Texts{"http://127.0.0.1:2378", "http://127.0.0.1:2379"}));
  EXPECT_EQ(base::to_strings(config.monitoring.listen_metrics_urls), Texts{"http://127.0.0.1:9000"});
  EXPECT_EQ(config.security.host_whitelist, (std::set<std::string>{"a", "b"}));
  EXPECT_EQ(config.security.cors, (std::set<std::string>{"http://a:1"}));
  EXPECT_EQ(config.logging.outputs, std::set<std::string>{"stderr"});
  EXPECT_TRUE(config.features.enabled("PriorityRequest"));
  EXPECT_TRUE(errors_->has("--v2-deprecation is deprecated"));
}

TEST_F(LoadConfig, AFileMayBeJson) {
  EXPECT_EQ(file_config(R"({"name": "j", "max-txn-ops": 5, "log-outputs": ["stderr"]})").member.max_txn_ops, 5u);
}

TEST_F(LoadConfig, MapsInTheFileReachTheirFlags) {
  EXPECT_TRUE(file_config("socket-options:\n  reuse-port: true\n").member.socket_reuse_port);
  EXPECT_EQ(file_config("client-transport-security:\n  cert-file: a\n").security.client.cert_file, "a");
  EXPECT_EQ(file_config("peer-transport-security:\n  allowed-cn: [a]\n").security.peer.allowed_cn, Texts{"a"});
  EXPECT_EQ(file_config("discovery-config:\n  token: t\n  client:\n    endpoints: [a]\n").discovery.endpoints, (std::set<std::string>{"a"}));
}

TEST_F(LoadConfig, OfRepeatedKeysTheLastCountsAndNullLeavesTheDefault) {
  EXPECT_EQ(file_config("name: a\nname: b\nmax-txn-ops:\n").member.name, "b");
}

TEST_F(LoadConfig, BadFilesAreRefusedWithEtcdsTexts) {
  const std::string decode = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ";
  const std::pair<const char*, std::string> kCases[] = {
      {"heartbeat-interval: abc\n", decode + "string into Go struct field configYAML.Config.heartbeat-interval of type uint"},
      {"heartbeat-interval: -1\n", decode + "number -1 into Go struct field configYAML.Config.heartbeat-interval of type uint"},
      {"heartbeat-interval: 1.5\n", decode + "number 1.5 into Go struct field configYAML.Config.heartbeat-interval of type uint"},
      {"backend-batch-interval: 10ms\n",
       decode + "string into Go struct field configYAML.Config.backend-batch-interval of type time.Duration"},
      {"pre-vote: 1\n", decode + "number into Go struct field configYAML.Config.pre-vote of type bool"},
      {"name: 5\n", decode + "number into Go struct field configYAML.Config.name of type string"},
      {"log-outputs: stderr\n", decode + "string into Go struct field configYAML.Config.log-outputs of type []string"},
      {"client-transport-security:\n  client-cert-auth: 4\n",
       decode + "number into Go struct field securityConfig.configJSON.client-transport-security.client-cert-auth of type bool"},
      {"discovery-config:\n  client:\n    endpoints: 4\n",
       decode + "number into Go struct field ConfigSpec.Config.discovery-config.client.endpoints of type []string"},
      {"- a\n- b\n", decode + "array into Go value of type embed.configYAML"},
      {"feature-gates: Foo=true\n", "unrecognized feature gate: Foo"},
      {"listen-client-urls: foo\n", "unexpected error setting up listen-client-urls: URL scheme must be http, https, unix, or unixs: foo"},
  };
  for (const auto& [text, error] : kCases) EXPECT_EQ(file_error(text), quoted(error));
  EXPECT_TRUE(file_error("name: x\n bad: [\n").starts_with("\"error converting YAML to JSON: yaml: line "));
  EXPECT_EQ(verify_error({"--config-file=/nope"}), quoted("open /nope: no such file or directory"));
}

// --- The logger ---

TEST_F(LoadConfig, LinesGoWhereTheFlagsSay) {
  auto outcome = load({"--log-outputs=stdout", "--log-level=error", "--log-format=console"});
  const auto& logger = *std::get<Loaded>(outcome).logger;
  EXPECT_EQ(errors_->text, "");
  EXPECT_EQ(output_->text, "");
  const_cast<base::Logger&>(logger).error("now");
  EXPECT_TRUE(output_->has("\terror\t"));
}

TEST_F(LoadConfig, RefusalsGoToTheConfiguredLog) {
  (void)exit({"--log-outputs=stdout", "--heartbeat-interval=0"});
  EXPECT_TRUE(output_->has("failed to verify flags"));
  EXPECT_EQ(errors_->text, "");
}

TEST_F(LoadConfig, NoWarningIsLoggedAsAnError) {
  (void)config({"--max-snapshots=3"}, {"ETCD_X=1"});
  EXPECT_FALSE(errors_->has("\"level\":\"error\""));
}

}  // namespace
}  // namespace etcd::server
