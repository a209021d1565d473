#include "api/peer_pages.h"

#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "api/errors.h"
#include "api/hash_comparison.h"
#include "api/http_pages.h"
#include "cluster/json_reader.h"

namespace etcd::api {

namespace {

constexpr std::string_view kPromotePath = "/members/promote/";

int promote_status(const Error& error) {
  switch (error.code) {
    case Errc::kMemberNotFound: return 404;
    case Errc::kMemberNotLearner:
    case Errc::kLearnerNotReady: return 412;
    case Errc::kTimeout: return 408;
    default: return 500;
  }
}

}  // namespace

rpc::HttpFields PeerPages::cluster_field() const { return {{"X-Etcd-Cluster-ID", cluster::to_hex(node_.status().cluster_id)}}; }

void PeerPages::serve(rpc::HttpRequest request, rpc::HttpResponder responder) {
  if (request.path == "/members") return std::move(responder).respond(members(request));
  if (request.path == "/version") return std::move(responder).respond(version_page(node_, request));
  if (request.path == kHashKvPath) return hash_kv(request, std::move(responder));
  if (request.path.starts_with(kPromotePath)) return promote(request, std::move(responder));
  if (request.path == "/downgrade/enabled") return downgrade_enabled(request, std::move(responder));
  std::move(responder).respond(rpc::not_found());
}

rpc::HttpResponse PeerPages::members(const rpc::HttpRequest& request) const {
  if (request.method != "GET") return method_not_allowed();
  rpc::HttpResponse response{.status = 200, .headers = cluster_field(), .body = base::Rope(cluster::member_list_json(node_.cluster()->members) + "\n")};
  response.headers.emplace_back("Content-Type", "application/json");
  return response;
}

void PeerPages::hash_kv(const rpc::HttpRequest& request, rpc::HttpResponder responder) {
  const auto answer = [&](rpc::HttpResponse response) {
    response.headers.push_back(cluster_field().front());
    std::move(responder).respond(std::move(response));
  };
  if (request.method != "GET") return answer(method_not_allowed());
  const std::string cluster = request.header("x-etcd-cluster-id");
  if (!cluster.empty() && cluster != cluster_field().front().second) return answer(rpc::plain_error(412, "cluster ID mismatch"));
  const auto object = cluster::JsonReader::parse(request.body.view());
  std::uint64_t revision = 0;
  if (!object || !object->read("revision", revision)) return answer(rpc::plain_error(400, "error unmarshalling request"));
  node_.hash_kv(Revision(static_cast<std::int64_t>(revision)), [this, responder = std::move(responder)](const Result<node::HashKvResult>& result) mutable {
    if (!result) {
      logger_.warn("failed to get hashKV", {{"error", text_of(result.error())}});
      return std::move(responder).respond(rpc::plain_error(400, text_of(result.error())));
    }
    rpc::HttpResponse response{.status = 200, .headers = cluster_field(), .body = base::Rope(hash_kv_json(node_.status(), *result))};
    response.headers.emplace_back("Content-Type", "application/json");
    std::move(responder).respond(std::move(response));
  });
}

void PeerPages::promote(const rpc::HttpRequest& request, rpc::HttpResponder responder) {
  const std::string text = request.path.substr(kPromotePath.size());
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool is_id = error == std::errc() && end == text.data() + text.size();
  std::optional<rpc::HttpResponse> refused;
  if (request.method != "POST") {
    refused = rpc::plain_error(405, "Method Not Allowed");
    refused->headers.emplace_back("Allow", "POST");
  } else if (!is_id) {
    refused = rpc::plain_error(404, "member " + text + " not found in cluster");
  }
  if (const Status may = callers_.check_admin(request.header("authorization")); !refused && !may) {
    refused = rpc::plain_error(500, text_of(may.error()));
  }
  if (refused) return std::move(responder).respond(std::move(*refused));
  changes_.promote_here(MemberId(id), 0, [this, id, responder = std::move(responder)](const Result<std::vector<cluster::Member>>& members) mutable {
    rpc::HttpResponse response{.status = 200, .headers = {{"Content-Type", "application/json"}}};
    if (members) {
      response.body = base::Rope(cluster::member_list_json(*members) + "\n");
    } else {
      logger_.warn("failed to promote a member", {{"member-id", cluster::to_hex(id)}, {"error", text_of(members.error())}});
      response = rpc::plain_error(promote_status(members.error()), text_of(members.error()));
    }
    response.headers.push_back(cluster_field().front());
    std::move(responder).respond(std::move(response));
  });
}

void PeerPages::downgrade_enabled(const rpc::HttpRequest& request, rpc::HttpResponder responder) {
  if (request.method != "GET") return std::move(responder).respond(method_not_allowed());
  node_.read_barrier(0, [this, responder = std::move(responder)](const Status& barrier) mutable {
    rpc::HttpResponse response = barrier ? rpc::HttpResponse{.status = 200, .headers = {{"Content-Type", "text/plain"}}}
                                         : rpc::plain_error(500, "failed linearized read");
    if (barrier) response.body = base::Rope(std::string(node_.cluster()->downgrade.enabled ? "true" : "false"));
    response.headers.push_back(cluster_field().front());
    std::move(responder).respond(std::move(response));
  });
}

}  // namespace etcd::api
