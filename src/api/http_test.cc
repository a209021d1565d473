#include <gtest/gtest.h>

#include "api/http_pages.h"
#include "api/testing/api_rig.h"
#include "rpc/gzip.h"

namespace etcd::api {
namespace {

using testing::ApiRig;

struct Split {
  std::string head;
  std::string body;
};

Split split(const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  if (end == std::string::npos) return {answer, ""};
  return {answer.substr(0, end + 2), answer.substr(end + 4)};
}

int status_of(const std::string& answer) { return answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0; }
std::string body_of(const std::string& answer) { return split(answer).body; }
bool has_field(const std::string& answer, const std::string& line) { return split(answer).head.find("\r\n" + line + "\r\n") != std::string::npos; }

constexpr const char* kTextPlain = "Content-Type: text/plain; charset=utf-8";

// --- /version and others ---

TEST(HttpPages, TheVersionsAreCompactJson) {
  ApiRig rig;
  const std::string answer = rig.http("GET", "/version");
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_TRUE(has_field(answer, "Content-Type: application/json"));
  EXPECT_EQ(body_of(answer), R"({"etcdserver":"3.7.3","etcdcluster":"3.7.0","storage":"3.7.0"})");
}

TEST(HttpPages, VersionsThatAreNotDecidedSaySo) {
  ApiRig rig;
  rig.node.cluster_state.cluster_version = "";
  rig.node.db.storage_version = "";
  EXPECT_EQ(body_of(rig.http("GET", "/version")), R"({"etcdserver":"3.7.3","etcdcluster":"not_decided","storage":"unknown"})");
}

TEST(HttpPages, OtherMethodsAreNotAllowed) {
  ApiRig rig;
  for (const char* page : {"/version", "/health", "/livez", "/debug/vars"}) {
    const std::string answer = rig.http("POST", page, "Host: localhost\r\nContent-Length: 0\r\n");
    EXPECT_EQ(status_of(answer), 405) << page;
    EXPECT_TRUE(has_field(answer, "Allow: GET")) << answer;
    EXPECT_EQ(body_of(answer), "Method Not Allowed\n");
  }
}

TEST(HttpPages, UnknownOnesAreNotFound) {
  ApiRig rig;
  for (const char* page : {"/", "/nope", "/health/", "/readyz/foo", "/metrics/x"}) {
    const std::string answer = rig.http("GET", page);
    EXPECT_EQ(status_of(answer), 404) << page;
    EXPECT_EQ(body_of(answer), "404 page not found\n");
    EXPECT_TRUE(has_field(answer, kTextPlain));
    EXPECT_TRUE(has_field(answer, "X-Content-Type-Options: nosniff"));
  }
}

TEST(HttpPages, TheGatewayAnswersBelowV3AndItsOldName) {
  ApiRig rig;
  for (const char* path : {"/v3/kv/range", "/v3beta/kv/range"}) {
    const std::string answer = rig.http("POST", path, "Host: localhost\r\nContent-Length: 0\r\n");
    EXPECT_EQ(status_of(answer), 400) << path;
    EXPECT_EQ(body_of(answer), R"({"code":3,"message":"etcdserver: key is not provided"})");
    EXPECT_TRUE(has_field(answer, "Access-Control-Allow-Origin: *")) << answer;
  }
  EXPECT_EQ(body_of(rig.http("GET", "/v3/nope")), R"({"code":5,"message":"Not Found"})");
  EXPECT_TRUE(has_field(rig.http("GET", "/v3"), "Location: /v3/"));
  EXPECT_TRUE(has_field(rig.http("GET", "/v3//kv"), "Location: /v3/kv"));
}

TEST(HttpPages, WithoutTheGatewayNothingIsThere) {
  Options options;
  options.json_gateway = false;
  ApiRig rig(options);
  for (const char* path : {"/v3", "/v3/kv/range", "/v3beta/kv/range"}) EXPECT_EQ(status_of(rig.http("GET", path)), 404) << path;
}

TEST(HttpPages, MetricsAreCompressedForWhoWantsIt) {
  ApiRig rig;
  const std::string answer = rig.http("GET", "/metrics", "Host: localhost\r\nAccept-Encoding: gzip\r\n");
  EXPECT_TRUE(has_field(answer, "Content-Encoding: gzip"));
  const auto plain = rpc::gunzip(body_of(answer), 10'000'000);
  ASSERT_TRUE(plain);
  EXPECT_NE(plain->find("# TYPE etcd_server_has_leader gauge"), std::string::npos);
  EXPECT_LT(body_of(answer).size() * 4, plain->size());
}

TEST(HttpPages, DebugVarsNameTheCommandLineAndTheDescriptorLimit) {
  Options options;
  options.command_line = {"etcd", "--name=\"x\""};
  ApiRig rig(options);
  const std::string answer = rig.http("GET", "/debug/vars");
  EXPECT_TRUE(has_field(answer, "Content-Type: application/json; charset=utf-8"));
  EXPECT_EQ(body_of(answer).find("{\n\"cmdline\": [\"etcd\",\"--name=\\\"x\\\"\"],\n\"file_descriptor_limit\": "), 0u);
  EXPECT_NE(body_of(answer).find("\"raftState\":\"StateLeader\""), std::string::npos);
}

TEST(HttpPages, TheMetricsPortServesMetricsAndHealthAlone) {
  ApiRig rig;
  const auto status = [&](const char* page) { return status_of(rig.http("GET", page, "Host: evil\r\n", true)); };
  EXPECT_EQ(status("/metrics"), 200);
  EXPECT_EQ(status("/health"), 0) << "a linearizable read waits for the node";
  EXPECT_EQ(status("/health?serializable=true"), 200);
  EXPECT_EQ(status("/livez"), 200);
  EXPECT_EQ(status("/version"), 404);
  EXPECT_EQ(status("/debug/vars"), 404);
}

// --- Access ---

TEST(HttpAccess, AllOriginsAreAllowedByDefault) {
  ApiRig rig;
  const std::string answer = rig.http("GET", "/version");
  EXPECT_TRUE(has_field(answer, "Access-Control-Allow-Origin: *"));
  EXPECT_TRUE(has_field(answer, "Access-Control-Allow-Methods: POST, GET, OPTIONS, PUT, DELETE"));
  EXPECT_TRUE(has_field(answer, "Access-Control-Allow-Headers: accept, content-type, authorization"));
}

TEST(HttpAccess, WithAListOnlyItsOriginsAre) {
  Options options;
  options.cors = {"http://good:80"};
  ApiRig rig(options);
  EXPECT_TRUE(has_field(rig.http("GET", "/version", "Host: h\r\nOrigin: http://good:80\r\n"), "Access-Control-Allow-Origin: http://good:80"));
  EXPECT_EQ(rig.http("GET", "/version", "Host: h\r\nOrigin: http://bad:80\r\n").find("Access-Control"), std::string::npos);
}

TEST(HttpAccess, ABrowsersQuestionIsAnsweredWithoutABody) {
  ApiRig rig;
  const std::string answer = rig.http("OPTIONS", "/anything");
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_EQ(body_of(answer), "");
  EXPECT_TRUE(has_field(answer, "Access-Control-Allow-Origin: *"));
}

TEST(HttpAccess, HostsThatAreNotOnTheListAreMisdirected) {
  Options options;
  options.host_whitelist = {"good"};
  ApiRig rig(options);
  EXPECT_EQ(status_of(rig.http("GET", "/version", "Host: good:2379\r\n")), 200);
  const std::string answer = rig.http("GET", "/version", "Host: evil:2379\r\n");
  EXPECT_EQ(status_of(answer), 421);
  EXPECT_EQ(body_of(answer), R"(
etcd received your request, but the Host header was unrecognized.

To fix this, choose one of the following options:
- Enable TLS, then any HTTPS request will be allowed.
- Add the hostname you want to use to the whitelist in settings.
  - e.g. etcd --host-whitelist "evil"

This requirement has been added to help prevent "DNS Rebinding" attacks (CVE-2018-5702).

)");
  EXPECT_TRUE(rig.lines->has("\"msg\":\"rejecting HTTP request to prevent DNS rebinding attacks\",\"host\":\"evil\""));
}

// --- Health ---

// A GET whose linearizable reads end with `barrier`.
std::string get_with_barrier(ApiRig& rig, const std::string& target, const Status& barrier) {
  rig.node.answer_barriers_with = barrier;
  return rig.http("GET", target);
}

TEST(HttpHealth, AHealthyMemberSaysTrue) {
  ApiRig rig;
  const std::string answer = get_with_barrier(rig, "/health", {});
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_EQ(body_of(answer), R"({"health":"true","reason":""})");
  EXPECT_TRUE(has_field(answer, kTextPlain));
  EXPECT_NE(rig.http("GET", "/metrics").find("etcd_server_health_success 1\n"), std::string::npos);
}

TEST(HttpHealth, AlarmsLeaderAndReadAreAskedInThisOrder) {
  ApiRig rig;
  rig.node.cluster_state.alarms = {{MemberId(1), cluster::AlarmType::kNoSpace}};
  rig.node.now.leader = MemberId();
  std::string answer = get_with_barrier(rig, "/health", fail(Errc::kTimeout));
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_EQ(body_of(answer), "{\"health\":\"false\",\"reason\":\"ALARM NOSPACE\"}\n");
  answer = get_with_barrier(rig, "/health?exclude=NOSPACE", fail(Errc::kTimeout));
  EXPECT_EQ(body_of(answer), "{\"health\":\"false\",\"reason\":\"RAFT NO LEADER\"}\n");
  rig.node.now.leader = MemberId(1);
  answer = get_with_barrier(rig, "/health?exclude=CORRUPT&exclude=NOSPACE", fail(Errc::kTimeout));
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_EQ(body_of(answer), "{\"health\":\"false\",\"reason\":\"RANGE ERROR:etcdserver: request timed out\"}\n");
  EXPECT_NE(rig.http("GET", "/metrics").find("etcd_server_health_failures 3\n"), std::string::npos);
}

TEST(HttpHealth, SerializableHealthIsTheMembersOwn) {
  ApiRig rig;
  rig.node.now.leader = MemberId();
  EXPECT_EQ(status_of(rig.http("GET", "/health?serializable=true")), 200);
  EXPECT_TRUE(rig.node.barriers.empty());
}

TEST(HttpHealth, LivezIsShortUnlessAskedForMore) {
  ApiRig rig;
  const std::string answer = rig.http("GET", "/livez");
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_EQ(body_of(answer), "ok\n");
  EXPECT_TRUE(has_field(answer, kTextPlain));
  EXPECT_TRUE(has_field(answer, "X-Content-Type-Options: nosniff"));
  EXPECT_EQ(body_of(rig.http("GET", "/livez?verbose")), "[+]serializable_read ok\nok\n");
  EXPECT_EQ(body_of(rig.http("GET", "/livez/serializable_read?verbose=1")), "[+]serializable_read ok\nok\n");
}

TEST(HttpHealth, ReadyzRunsAllItsChecks) {
  ApiRig rig;
  EXPECT_EQ(body_of(get_with_barrier(rig, "/readyz?verbose", {})),
            "[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\n[+]non_learner ok\nok\n");
}

TEST(HttpHealth, AFailedCheckNamesItsFaultAndIsAnErrorInTheLog) {
  ApiRig rig;
  rig.node.cluster_state.alarms = {{MemberId(1), cluster::AlarmType::kCorrupt}};
  rig.node.now.is_learner = true;
  const std::string answer = get_with_barrier(rig, "/readyz", fail(Errc::kLeaderChanged));
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_EQ(body_of(answer),
            "[-]data_corruption failed: alarm activated: CORRUPT\n[+]serializable_read ok\n[-]linearizable_read failed: etcdserver: leader "
            "changed\n[-]non_learner failed: not supported for learner\n\n");
  EXPECT_TRUE(rig.lines->has("\"level\":\"error\""));
  EXPECT_TRUE(rig.lines->has("\"msg\":\"Health check error\",\"path\":\"/readyz\""));
}

TEST(HttpHealth, ChecksMayBeExcluded) {
  ApiRig rig;
  rig.node.now.is_learner = true;
  EXPECT_EQ(body_of(get_with_barrier(rig, "/readyz?verbose&exclude=non_learner&exclude=linearizable_read&exclude=foo", {})),
            "[+]data_corruption ok\n[+]serializable_read ok\nok\n");
  EXPECT_TRUE(rig.lines->has("\"missing-health-checks\":\"\\\"foo\\\"\""));
  EXPECT_EQ(status_of(rig.http("GET", "/readyz/non_learner?exclude=non_learner")), 503);
}

TEST(HttpHealth, ChecksAreCounted) {
  ApiRig rig;
  (void)rig.http("GET", "/livez");
  rig.node.now.is_learner = true;
  (void)rig.http("GET", "/readyz/non_learner");
  const std::string metrics = rig.http("GET", "/metrics");
  EXPECT_NE(metrics.find("etcd_server_healthcheck{name=\"serializable_read\",type=\"livez\"} 1\n"), std::string::npos);
  EXPECT_NE(metrics.find("etcd_server_healthcheck{name=\"non_learner\",type=\"readyz\"} 0\n"), std::string::npos);
  EXPECT_NE(metrics.find("etcd_server_healthchecks_total{name=\"non_learner\",status=\"error\",type=\"readyz\"} 1\n"), std::string::npos);
}

// --- Metrics ---

TEST(NodeMetrics, SayWhatTheNodeSays) {
  Options options;
  options.features = {{"PriorityRequest", "ALPHA", true}};
  options.toolchain = "none";
  ApiRig rig(options);
  rig.node.store.put("a", "1");
  rig.node.store.put("b", "1");
  rig.node.store.erase("a");
  const std::string metrics = rig.http("GET", "/metrics");
  for (const char* line : {"etcd_server_version{server_version=\"3.7.3\"} 1", "etcd_cluster_version{cluster_version=\"3.7\"} 1",
                           "etcd_server_go_version{server_go_version=\"none\"} 1", "etcd_server_id{server_id=\"a1\"} 1",
                           "etcd_server_feature_enabled{name=\"PriorityRequest\",stage=\"ALPHA\"} 1", "etcd_server_has_leader 1",
                           "etcd_server_is_leader 1", "etcd_server_is_learner 0", "etcd_server_proposals_applied_total 11",
                           "etcd_server_proposals_committed_total 12", "etcd_server_quota_backend_bytes 2.147483648e+09",
                           "etcd_mvcc_db_total_size_in_bytes 20480", "etcd_debugging_mvcc_keys_total 1",
                           "etcd_debugging_mvcc_current_revision 4", "etcd_debugging_mvcc_compact_revision -1"}) {
    EXPECT_NE(metrics.find(std::string("\n") + line + "\n"), std::string::npos) << line;
  }
}

TEST(NodeMetrics, TheClusterVersionReplacesTheOneBefore) {
  ApiRig rig;
  (void)rig.http("GET", "/metrics");
  rig.node.cluster_state.cluster_version = "3.8.0";
  const std::string metrics = rig.http("GET", "/metrics");
  EXPECT_NE(metrics.find("etcd_cluster_version{cluster_version=\"3.8\"} 1\n"), std::string::npos);
  EXPECT_EQ(metrics.find("cluster_version=\"3.7\""), std::string::npos);
}

TEST(NodeMetrics, EveryMethodIsThereWithAllCodesFromTheStart) {
  ApiRig rig;
  const std::string before = rig.http("GET", "/metrics");
  EXPECT_NE(before.find("grpc_server_handled_total{grpc_code=\"Canceled\",grpc_method=\"Watch\",grpc_service=\"etcdserverpb.Watch\","
                        "grpc_type=\"bidi_stream\"} 0\n"),
            std::string::npos);
  EXPECT_NE(before.find("grpc_server_started_total{grpc_method=\"RangeStream\",grpc_service=\"etcdserverpb.KV\","
                        "grpc_type=\"server_stream\"} 0\n"),
            std::string::npos);
  (void)rig.call("KV/Put", "");
  (void)rig.call("Maintenance/Status", "");
  const std::string after = rig.http("GET", "/metrics");
  EXPECT_NE(after.find("grpc_server_handled_total{grpc_code=\"InvalidArgument\",grpc_method=\"Put\",grpc_service=\"etcdserverpb.KV\","
                       "grpc_type=\"unary\"} 1\n"),
            std::string::npos);
  EXPECT_NE(after.find("grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"Status\",grpc_service=\"etcdserverpb.Maintenance\","
                       "grpc_type=\"unary\"} 1\n"),
            std::string::npos);
}

TEST(NodeMetrics, TheProcessIsMeasured) {
  ApiRig rig;
  const std::string metrics = rig.http("GET", "/metrics");
  for (const char* name : {"os_fd_limit", "os_fd_used", "process_cpu_seconds_total", "process_open_fds", "process_max_fds",
                           "process_virtual_memory_bytes", "process_virtual_memory_max_bytes", "process_resident_memory_bytes",
                           "process_start_time_seconds", "process_network_receive_bytes_total", "process_network_transmit_bytes_total"}) {
    EXPECT_NE(metrics.find(std::string("\n") + name + " "), std::string::npos) << name;
  }
  EXPECT_EQ(metrics.find("\nprocess_resident_memory_bytes 0\n"), std::string::npos);
}

}  // namespace
}  // namespace etcd::api
