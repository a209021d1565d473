#include "server/failpoint_endpoint.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

namespace etcd::server {

namespace {

constexpr std::string_view kCount = "/count";

// A thread inherits the signals that are blocked when it is made.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

rpc::HttpResponse text(std::string body) {
  return {.status = 200, .headers = {{"Content-Type", "text/plain; charset=utf-8"}}, .body = base::Rope(std::move(body))};
}

rpc::HttpResponse done_or(const Status& status, const std::string& what_failed) {
  if (status) return {.status = 204};
  return rpc::plain_error(400, what_failed + describe(status.error()));
}

}  // namespace

FailpointEndpoint::FailpointEndpoint(base::Failpoints& points, base::Clock& clock, base::Logger& logger)
    : points_(points),
      thread_("failpoints", clock),
      server_(std::make_unique<rpc::Server>(
          rpc::Options(), no_services_, [this](rpc::HttpRequest request, rpc::HttpResponder responder) { serve(std::move(request), std::move(responder)); },
          std::vector{&thread_.loop()}, logger)) {}

FailpointEndpoint::~FailpointEndpoint() {
  thread_.stop();
  server_.reset();
  if (panics_held_) points_.release_panics();
}

Result<std::string> FailpointEndpoint::start(const std::string& address) {
  TRY_ASSIGN(std::string bound, server_->listen(address, rpc::Serves::kHttpOnly));
  const AllSignalsBlocked blocked;
  thread_.start();
  return bound;
}

// What is posted runs in a later pass, when the answer has been written.
void FailpointEndpoint::serve(rpc::HttpRequest request, rpc::HttpResponder responder) {
  if (!std::exchange(panics_held_, true)) {
    points_.hold_panics();
    thread_.loop().post([this] {
      thread_.loop().post([this] {
        panics_held_ = false;
        points_.release_panics();
      });
    });
  }
  std::move(responder).respond(answer(request));
}

rpc::HttpResponse FailpointEndpoint::answer(const rpc::HttpRequest& request) {
  const std::string key = request.path.substr(request.path.starts_with('/') ? 1 : 0);
  if (request.method == "GET") return get(key);
  if (request.method == "PUT") return put(key, std::string(request.body.view()));
  if (request.method == "DELETE") return done_or(points_.clear(key), "failed to delete failpoint ");
  rpc::HttpResponse response = rpc::plain_error(405, "Method not allowed");
  response.headers.emplace_back("Allow", "DELETE, GET, PUT");
  return response;
}

rpc::HttpResponse FailpointEndpoint::get(const std::string& key) const {
  if (key.empty()) return text(points_.list());
  const bool wants_count = key.ends_with(kCount);
  const auto setting = points_.setting(key.substr(0, key.size() - (wants_count ? kCount.size() : 0)));
  if (setting) return text(wants_count ? std::to_string(setting->count) : setting->terms + "\n");
  const bool not_set = setting.error().code == Errc::kInvalid;
  return rpc::plain_error(wants_count && not_set ? 500 : 404, "failed to GET: " + describe(setting.error()));
}

rpc::HttpResponse FailpointEndpoint::put(const std::string& key, const std::string& terms) {
  if (key == "failpoints") return done_or(points_.set_all(terms), "fail to set failpoint: ");
  return done_or(points_.set(key, terms), "fail to set failpoint: ");
}

std::unique_ptr<FailpointEndpoint> failpoints_from_environment(base::Failpoints& points) {
  const auto must = [](const Status& status) {
    if (status) return;
    std::printf("%s\n", describe(status.error()).c_str());
    std::exit(1);
  };
  if (const char* settings = std::getenv("GOFAIL_FAILPOINTS")) must(points.set_from_environment(settings));
  const char* const address = std::getenv("GOFAIL_HTTP");
  if (address == nullptr || *address == '\0') return nullptr;
  auto endpoint = std::make_unique<FailpointEndpoint>(points, base::system_clock(), base::null_logger());
  const auto bound = endpoint->start(address);
  must(bound ? Status() : Status(fail(bound.error())));
  return endpoint;
}

}  // namespace etcd::server
