// HttpHealth: /health, /livez and /readyz with their checks, for load balancers and the kubelet. Bodies and codes are etcd's.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/context.h"
#include "rpc/http.h"

namespace etcd::api {

// A page as its handler makes it: called with the answer once, on the loop of the request.
using HttpAnswer = base::UniqueFunction<void(rpc::HttpResponse)>;

class HttpHealth {
 public:
  // Must outlive it.
  explicit HttpHealth(Context& context);

  // False if the path is none of these pages. On a loop's thread.
  bool serve(const rpc::HttpRequest& request, HttpAnswer& answer);

 private:
  // Calls back on the loop with "" or with what is wrong.
  using Verdict = base::UniqueFunction<void(std::string fault)>;
  using Check = void (HttpHealth::*)(Verdict verdict);
  struct NamedCheck {
    std::string name;
    Check check;
  };
  struct Page {
    std::string path;  // "/readyz/non_learner"
    std::string type;  // "readyz"
    std::vector<NamedCheck> checks;
    bool may_exclude;
  };
  struct Run;

  void health(const rpc::HttpRequest& request, HttpAnswer answer);
  void finish_health(const std::string& reason, HttpAnswer answer);
  std::string alarm_reason(const std::set<std::string>& excluded) const;

  void run(const Page& page, const rpc::HttpRequest& request, HttpAnswer answer);
  void run_next(std::shared_ptr<Run> run);
  void finish(Run& run);

  void check_corruption(Verdict verdict);
  void check_serializable_read(Verdict verdict);
  void check_linearizable_read(Verdict verdict);
  void check_non_learner(Verdict verdict);

  Context& context_;
  std::vector<Page> pages_;
};

}  // namespace etcd::api
