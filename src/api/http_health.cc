#include "api/http_health.h"

#include <algorithm>
#include <utility>

#include "api/errors.h"
#include "api/http_pages.h"
#include "api/messages.h"
#include "base/go_text.h"
#include "base/url.h"

namespace etcd::api {

namespace {

std::set<std::string> query_set(const rpc::HttpRequest& request, std::string_view name) {
  std::set<std::string> values;
  for (std::string& value : request.query_values(name)) {
    if (!value.empty()) values.insert(std::move(value));
  }
  return values;
}

std::string health_json(bool ok, const std::string& reason) {
  std::string json = ok ? R"({"health":"true","reason":)" : R"({"health":"false","reason":)";
  base::append_json_string(json, reason);
  return json + "}";
}

}  // namespace

// The checks of one request, one after the other.
struct HttpHealth::Run {
  const Page* page;
  std::vector<const NamedCheck*> checks;
  bool verbose;
  HttpAnswer answer;
  std::size_t next = 0;
  std::string report = {};  // "[+]name ok\n" for each
  bool failed = false;
};

HttpHealth::HttpHealth(Context& context) : context_(context) {
  const std::vector<NamedCheck> live = {{"serializable_read", &HttpHealth::check_serializable_read}};
  const std::vector<NamedCheck> ready = {{"data_corruption", &HttpHealth::check_corruption},
                                         {"serializable_read", &HttpHealth::check_serializable_read},
                                         {"linearizable_read", &HttpHealth::check_linearizable_read},
                                         {"non_learner", &HttpHealth::check_non_learner}};
  const auto add = [this](const std::string& type, const std::vector<NamedCheck>& checks) {
    pages_.push_back({"/" + type, type, checks, true});
    for (const NamedCheck& check : checks) pages_.push_back({"/" + type + "/" + check.name, type, {check}, false});
  };
  add("livez", live);
  add("readyz", ready);
}

bool HttpHealth::serve(const rpc::HttpRequest& request, HttpAnswer& answer) {
  const bool is_health = request.path == "/health";
  const auto page = std::find_if(pages_.begin(), pages_.end(), [&](const Page& candidate) { return candidate.path == request.path; });
  if (!is_health && page == pages_.end()) return false;
  if (request.method != "GET") {
    context_.logger.warn(is_health ? "/health error" : "Health request error", {{"path", request.path}, {"status-code", 405}});
    answer(method_not_allowed());
  } else if (is_health) {
    health(request, std::move(answer));
  } else {
    run(*page, request, std::move(answer));
  }
  return true;
}

// --- /health ---

void HttpHealth::health(const rpc::HttpRequest& request, HttpAnswer answer) {
  const std::string alarm = alarm_reason(query_set(request, "exclude"));
  if (!alarm.empty()) return finish_health(alarm, std::move(answer));
  const auto serializable = request.query_values("serializable");
  if (!serializable.empty() && serializable.front() == "true") return finish_health("", std::move(answer));
  if (context_.node.status().leader == MemberId()) {
    context_.logger.warn("serving /health false; no leader");
    return finish_health("RAFT NO LEADER", std::move(answer));
  }
  check_linearizable_read([this, answer = std::move(answer)](const std::string& fault) mutable {
    if (!fault.empty()) context_.logger.warn("serving /health false; Range fails", {{"error", fault}});
    finish_health(fault.empty() ? "" : "RANGE ERROR:" + fault, std::move(answer));
  });
}

std::string HttpHealth::alarm_reason(const std::set<std::string>& excluded) const {
  const auto cluster = context_.node.cluster();
  for (const cluster::Alarm& alarm : cluster->alarms) {
    if (excluded.count(name_of(alarm.type)) != 0) continue;
    context_.logger.warn("serving /health false due to an alarm", {{"alarm", describe(alarm)}});
    const bool is_known = alarm.type == cluster::AlarmType::kNoSpace || alarm.type == cluster::AlarmType::kCorrupt;
    return is_known ? "ALARM " + name_of(alarm.type) : "ALARM UNKNOWN";
  }
  return "";
}

void HttpHealth::finish_health(const std::string& reason, HttpAnswer answer) {
  const std::string json = health_json(reason.empty(), reason);
  if (reason.empty()) {
    context_.metrics.health_success.add();
    context_.logger.debug("/health OK", {{"status-code", 200}});
    return answer({.status = 200, .headers = {{"Content-Type", "text/plain; charset=utf-8"}}, .body = base::Rope(json)});
  }
  context_.metrics.health_failures.add();
  context_.logger.warn("/health error", {{"output", json}, {"status-code", 503}});
  answer(rpc::plain_error(503, json));
}

// --- /livez and /readyz ---

void HttpHealth::run(const Page& page, const rpc::HttpRequest& request, HttpAnswer answer) {
  std::set<std::string> excluded = page.may_exclude ? query_set(request, "exclude") : std::set<std::string>();
  auto run = std::make_shared<Run>(Run{.page = &page,
                                       .checks = {},
                                       .verbose = !request.query_values("verbose").empty(),
                                       .answer = std::move(answer)});
  for (const NamedCheck& check : page.checks) {
    if (excluded.erase(check.name) == 0) run->checks.push_back(&check);
  }
  if (!excluded.empty()) {
    std::vector<std::string> quoted;
    for (const std::string& name : excluded) quoted.push_back(base::go_quote(name));
    context_.logger.warn("some health checks cannot be excluded", {{"missing-health-checks", base::join(quoted, ",")}});
  }
  run_next(std::move(run));
}

void HttpHealth::run_next(std::shared_ptr<Run> run) {
  if (run->next == run->checks.size()) return finish(*run);
  const NamedCheck& check = *run->checks[run->next++];
  (this->*check.check)([this, run, &check](const std::string& fault) {
    context_.metrics.note_check(run->page->type, check.name, fault.empty());
    run->failed = run->failed || !fault.empty();
    run->report += fault.empty() ? "[+]" + check.name + " ok\n" : "[-]" + check.name + " failed: " + fault + "\n";
    run_next(run);
  });
}

void HttpHealth::finish(Run& run) {
  const std::string& path = run.page->path;
  if (run.failed) {
    context_.logger.error("Health check error", {{"path", path}, {"reason", run.report}, {"status-code", 503}});
    return run.answer(rpc::plain_error(503, run.report));
  }
  context_.logger.debug("Health check OK", {{"path", path}, {"reason", run.report}, {"status-code", 200}});
  run.answer({.status = 200,
              .headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}},
              .body = base::Rope((run.verbose ? run.report : "") + "ok\n")});
}

// --- The checks ---

void HttpHealth::check_corruption(Verdict verdict) {
  const auto cluster = context_.node.cluster();
  const bool corrupt = std::any_of(cluster->alarms.begin(), cluster->alarms.end(),
                                   [](const cluster::Alarm& alarm) { return alarm.type == cluster::AlarmType::kCorrupt; });
  verdict(corrupt ? "alarm activated: CORRUPT" : "");
}

// That this thread answers is the proof: a local read has nothing to wait for.
void HttpHealth::check_serializable_read(Verdict verdict) {
  (void)context_.node.view()->revision();
  verdict("");
}

void HttpHealth::check_linearizable_read(Verdict verdict) {
  rpc::Loop& loop = context_.lanes.here().loop();
  const std::int64_t deadline_ns = context_.clock.monotonic_ns() + context_.options.request_timeout_ns;
  context_.node.read_barrier(deadline_ns, [&loop, verdict = std::move(verdict)](Status barrier) mutable {
    std::string fault = barrier ? "" : text_of(barrier.error());
    loop.post([verdict = std::move(verdict), fault = std::move(fault)]() mutable { verdict(std::move(fault)); });
  });
}

void HttpHealth::check_non_learner(Verdict verdict) {
  verdict(context_.node.status().is_learner ? "not supported for learner" : "");
}

}  // namespace etcd::api
