// FailpointEndpoint: the HTTP interface of etcd's failpoints (gofail 0.2), which etcd's own tests use:
//
//   GET /              a line "name=terms" for each
//   GET /<name>        its terms; 404 if it has none
//   GET /<name>/count  how many times a term had its turn
//   PUT /<name>        sets the terms in the body, 204
//   PUT /failpoints    sets several: "name=terms;name=terms"
//   DELETE /<name>     204; 400 if it has none
//
// It has a loop and a thread of its own, so it answers while every other thread sleeps in a failpoint. A panic waits until the answers of the pass that it falls
// into have been written: who asked for it hears so.
#pragma once

#include <memory>
#include <string>

#include "base/failpoints.h"
#include "base/log.h"
#include "base/result.h"
#include "rpc/server.h"
#include "server/threads.h"

namespace etcd::server {

class FailpointEndpoint {
 public:
  // `points`, `clock` and `logger` must outlive it. The thread takes no signals: those are the main thread's.
  FailpointEndpoint(base::Failpoints& points, base::Clock& clock, base::Logger& logger);
  ~FailpointEndpoint();
  FailpointEndpoint(const FailpointEndpoint&) = delete;
  FailpointEndpoint& operator=(const FailpointEndpoint&) = delete;

  // Listens on "127.0.0.1:2381" and serves from then on; returns the address bound. Errors: those of rpc::Server::listen.
  Result<std::string> start(const std::string& address);

 private:
  void serve(rpc::HttpRequest request, rpc::HttpResponder responder);
  rpc::HttpResponse answer(const rpc::HttpRequest& request);
  rpc::HttpResponse get(const std::string& key) const;
  rpc::HttpResponse put(const std::string& key, const std::string& terms);

  base::Failpoints& points_;
  rpc::ServiceTable no_services_;
  LoopThread thread_;
  bool panics_held_ = false;  // by this pass; on the loop's thread
  std::unique_ptr<rpc::Server> server_;
};

// What etcd's library does before main(): sets what GOFAIL_FAILPOINTS says and serves on the address in GOFAIL_HTTP, if they are there. Where it can't, it says
// so and ends the process with 1.
std::unique_ptr<FailpointEndpoint> failpoints_from_environment(base::Failpoints& points);

}  // namespace etcd::server
