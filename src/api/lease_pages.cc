#include "api/lease_pages.h"

#include <cstddef>
#include <string>
#include <utility>

#include "api/errors.h"
#include "api/lease_messages.h"
#include "base/failpoint.h"

namespace etcd::api {

namespace {

constexpr std::size_t kMaxRequestBytes = 64 * 1024;  // etcd's

rpc::HttpResponse unreadable() { return rpc::plain_error(400, "error unmarshalling request"); }

rpc::HttpResponse refusal_for(const Error& error) {
  if (error.code == Errc::kLeaseNotFound) return rpc::plain_error(404, "lease not found");
  if (error.code == Errc::kTimeout || error.code == Errc::kNoLeader) {
    return rpc::plain_error(408, "waiting for node to catch up its applied index has timed out");
  }
  return rpc::plain_error(400, text_of(error));
}

rpc::HttpResponse protobuf(std::string body) {
  return {.status = 200, .headers = {{"Content-Type", "application/protobuf"}}, .body = base::Rope(std::move(body))};
}

}  // namespace

LeasePages::LeasePages(node::Node& node, rpc::Loop& loop)
    : questions_(node.make_lease_questions([&loop](rpc::Loop::Task answers) { loop.post(std::move(answers)); })) {
  loop.at_end_of_pass([this] { questions_->submit(); });
}

bool LeasePages::serves(const std::string& path) { return path == kLeasesPath || path == kLeaseInternalPath; }

void LeasePages::serve(const rpc::HttpRequest& request, rpc::HttpResponder responder) {
  if (request.method != "POST") return std::move(responder).respond(rpc::plain_error(405, "Method Not Allowed"));
  if (request.body.size() > kMaxRequestBytes) return std::move(responder).respond(rpc::plain_error(413, "request body too large"));
  request.path == kLeaseInternalPath ? describe(request, std::move(responder)) : renew(request, std::move(responder));
}

void LeasePages::renew(const rpc::HttpRequest& request, rpc::HttpResponder responder) {
  const auto id = decode_lease_keep_alive(request.body.view());
  if (!id) return std::move(responder).respond(unreadable());
  FAILPOINT(beforeServeHTTPLeaseRenew);
  questions_->renew(*id, [id = *id, responder = std::move(responder)](const Result<std::int64_t>& ttl_s) mutable {
    std::move(responder).respond(ttl_s ? protobuf(encode_lease_keep_alive({}, id, *ttl_s).flatten()) : refusal_for(ttl_s.error()));
  });
}

void LeasePages::describe(const rpc::HttpRequest& request, rpc::HttpResponder responder) {
  const auto asked = decode_lease_internal(request.body.view());
  if (!asked) return std::move(responder).respond(unreadable());
  FAILPOINT(beforeLookupWhenForwardLeaseTimeToLive);
  using Keys = node::LeaseQuestions::Keys;
  auto done = [id = asked->id, responder = std::move(responder)](const Result<node::LeaseDescription>& lease) mutable {
    std::move(responder).respond(lease ? protobuf(encode_lease_internal_response(id, *lease)) : refusal_for(lease.error()));
  };
  questions_->describe(asked->id, asked->keys ? Keys::kInclude : Keys::kLeaveOut, std::move(done));
}

}  // namespace etcd::api
