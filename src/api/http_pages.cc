#include "api/http_pages.h"

#include <sys/resource.h>

#include <utility>

#include "api/http_encoding.h"
#include "api/http_path.h"
#include "api/messages.h"
#include "base/go_text.h"
#include "cluster/version.h"
#include "rpc/gzip.h"

namespace etcd::api {

namespace {

std::string json_string(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

std::string json_strings(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ',';
    out += json_string(text);
  }
  return out + "]";
}

std::uint64_t descriptor_limit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

// Go prints raft's status as one JSON object; members of other kinds read it.
std::string raft_status_json(const node::NodeStatus& status) {
  const auto hex = [](MemberId id) { return json_string(cluster::to_hex(id)); };
  const char* state = status.leader == status.member_id ? "StateLeader" : "StateFollower";
  return "{\"id\":" + hex(status.member_id) + ",\"term\":" + std::to_string(status.term.value) +
         ",\"commit\":" + std::to_string(status.committed.value) + ",\"applied\":" + std::to_string(status.applied.value) +
         ",\"lead\":" + hex(status.leader) + ",\"raftState\":" + json_string(state) + "}";
}

}  // namespace

namespace {

// Who shows a certificate where it counts as a user elsewhere would be surprised to be nobody.
bool shows_certificate_to_gateway(Context& context, const rpc::HttpRequest& request) {
  if (!context.options.client_cert_auth || !context.options.json_gateway || !request.path.starts_with("/v3/")) return false;
  return request.peer != nullptr && !request.peer->verified_common_name.empty() && context.node.auth_view()->enabled();
}

}  // namespace

rpc::HttpResponse method_not_allowed() {
  rpc::HttpResponse response = rpc::plain_error(405, "Method Not Allowed");
  response.headers.emplace_back("Allow", "GET");
  return response;
}

HttpPages::HttpPages(Context& context, std::function<std::string()> metrics_text)
    : context_(context),
      metrics_text_(std::move(metrics_text)),
      access_(context.options.host_whitelist, context.options.cors, context.logger),
      health_(context) {
  if (context.options.json_gateway) gateway_.emplace();
}

void HttpPages::serve(Pages pages, rpc::HttpRequest request, rpc::HttpResponder responder) {
  gateway::Gateway::rename(request.path);
  rpc::HttpFields extra = pages == Pages::kAll ? access_.cors_fields(request) : rpc::HttpFields();
  std::optional<rpc::HttpResponse> early = answer_early(pages, request);
  if (!early && pages == Pages::kAll && gateway_ && gateway::Gateway::serves(request.path)) {
    return gateway_->serve(std::move(request), std::move(responder), std::move(extra));
  }
  HttpAnswer answer = [extra = std::move(extra), responder = std::move(responder)](rpc::HttpResponse response) mutable {
    response.headers.insert(response.headers.begin(), extra.begin(), extra.end());
    std::move(responder).respond(std::move(response));
  };
  if (early) return answer(std::move(*early));
  if (health_.serve(request, answer)) return;
  answer(page(pages, request));
}

// Before any page is asked.
std::optional<rpc::HttpResponse> HttpPages::answer_early(Pages pages, const rpc::HttpRequest& request) const {
  if (pages == Pages::kAll) {
    if (auto refused = access_.answer(request)) return refused;
    if (shows_certificate_to_gateway(context_, request)) {
      return rpc::plain_error(400, "CommonName of client sending a request against gateway will be ignored and not used as expected");
    }
  }
  if (pages == Pages::kAll && gateway_ && request.path == "/v3") return redirect_to(request, "/v3/");
  return redirect_to_clean_path(request);
}

rpc::HttpResponse HttpPages::page(Pages pages, const rpc::HttpRequest& request) {
  if (request.path == "/metrics") return metrics(request);
  if (pages == Pages::kMetricsAndHealth) return rpc::not_found();
  if (request.path == "/version") return version_page(context_.node, request);
  if (request.path == "/debug/vars") return debug_vars(request);
  return rpc::not_found();
}

rpc::HttpResponse version_page(node::Node& node, const rpc::HttpRequest& request) {
  if (request.method != "GET") return method_not_allowed();
  const std::string cluster = node.cluster()->cluster_version;
  const std::string storage = node.db_status().storage_version;
  const std::string json = "{\"etcdserver\":" + json_string(cluster::to_string(cluster::kServerVersion)) +
                           ",\"etcdcluster\":" + json_string(cluster.empty() ? "not_decided" : cluster) +
                           ",\"storage\":" + json_string(storage.empty() ? "unknown" : storage) + "}";
  return {.status = 200, .headers = {{"Content-Type", "application/json"}}, .body = base::Rope(json)};
}

rpc::HttpResponse HttpPages::metrics(const rpc::HttpRequest& request) {
  rpc::HttpResponse response{
      .status = 200, .headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"}}};
  std::string text = metrics_text_();
  if (prefers_gzip(request)) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    text = rpc::gzip(text);
  }
  response.body = base::Rope(std::move(text));
  return response;
}

rpc::HttpResponse HttpPages::debug_vars(const rpc::HttpRequest& request) {
  if (request.method != "GET") return method_not_allowed();
  const std::string json = "{\n\"cmdline\": " + json_strings(context_.options.command_line) +
                           ",\n\"file_descriptor_limit\": " + std::to_string(descriptor_limit()) +
                           ",\n\"raft.status\": " + raft_status_json(context_.node.status()) + "\n}\n";
  return {.status = 200, .headers = {{"Content-Type", "application/json; charset=utf-8"}}, .body = base::Rope(json)};
}

}  // namespace etcd::api
