// HttpPages: everything the server answers over plain HTTP.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/context.h"
#include "api/http_access.h"
#include "api/http_health.h"
#include "base/metrics.h"
#include "gateway/gateway.h"
#include "rpc/http.h"

namespace etcd::api {

enum class Pages : std::uint8_t {
  kAll,
  kMetricsAndHealth,  // what --listen-metrics-urls serve, without access control
};

class HttpPages {
 public:
  // Both must outlive it; `metrics_text` is called on a loop's thread.
  HttpPages(Context& context, std::function<std::string()> metrics_text);

  // On a loop's thread.
  void serve(Pages pages, rpc::HttpRequest request, rpc::HttpResponder responder);

 private:
  std::optional<rpc::HttpResponse> answer_early(Pages pages, const rpc::HttpRequest& request) const;
  rpc::HttpResponse page(Pages pages, const rpc::HttpRequest& request);
  rpc::HttpResponse metrics(const rpc::HttpRequest& request);
  rpc::HttpResponse debug_vars(const rpc::HttpRequest& request);

  Context& context_;
  std::function<std::string()> metrics_text_;
  HttpAccess access_;
  HttpHealth health_;
  std::optional<gateway::Gateway> gateway_;
};

// /version; any thread.
rpc::HttpResponse version_page(node::Node& node, const rpc::HttpRequest& request);
// 405, as etcd answers what is not a GET.
rpc::HttpResponse method_not_allowed();

}  // namespace etcd::api
