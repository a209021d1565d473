// ApiRig: the services over a FakeNode, with a client of their own, all in one thread: what the client sends goes through the real HTTP/2 and
// HTTP/1.1 code over a socket.
#pragma once

#include <google/protobuf/message_lite.h>

#include <memory>
#include <string>

#include "api/api.h"
#include "api/testing/fake_node.h"
#include "rpc/loop.h"
#include "rpc/server.h"
#include "rpc/testing/h2_client.h"
#include "rpc/testing/manual_clock.h"

namespace etcd::api::testing {

class KeptLines : public base::LogSink {
 public:
  void write(std::string_view line) override { text.append(line); }
  bool has(std::string_view part) const { return text.find(part) != std::string::npos; }
  std::string text;
};

class ApiRig {
 public:
  explicit ApiRig(Options options = {}, base::LogLevel level = base::LogLevel::kInfo);
  ~ApiRig();

  FakeNode node;
  rpc::testing::ManualClock clock;
  std::shared_ptr<KeptLines> lines = std::make_shared<KeptLines>();

  Api& api() { return *api_; }
  const rpc::ServiceTable& services() const { return services_; }
  rpc::testing::H2Client& client() { return *client_; }

  // Begins a call and carries bytes both ways until nothing moves any more. A method is "KV/Range" or "grpc.health.v1.Health/Check".
  std::int32_t begin(const std::string& method, const std::string& message, const rpc::testing::Fields& extra = {});
  rpc::testing::Answer& answer_of(std::int32_t stream) { return client_->answer(stream); }
  // Carries bytes until nothing moves any more.
  void settle();

  // A whole call that needs nothing of the test: "0" and the response, or the code's number and the message.
  struct Outcome {
    std::string code;
    std::string message;
    std::string response;
  };
  Outcome call(const std::string& method, const std::string& message, const rpc::testing::Fields& extra = {});
  Outcome call(const std::string& method, const google::protobuf::MessageLite& message, const rpc::testing::Fields& extra = {});
  Outcome outcome_of(std::int32_t stream);

  // The common name of the certificate that whoever makes HTTP/1.1 requests seems to have shown; empty: none.
  std::string certificate_name;
  // An HTTP/1.1 request on a connection of its own; the whole answer without its Date.
  std::string http(const std::string& method, const std::string& target, const std::string& fields = "Host: localhost:2379\r\n",
                   bool metrics_port = false);

 private:
  struct Socket;

  rpc::HttpHandler http_handler();

  base::Logger logger_;
  rpc::Loop loop_;
  base::Metrics metrics_;
  std::unique_ptr<Api> api_;
  rpc::ServiceTable services_;
  rpc::ServiceTable no_services_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<rpc::Server> metrics_server_;
  std::string address_;
  std::string metrics_address_;
  std::unique_ptr<rpc::testing::H2Client> client_ = std::make_unique<rpc::testing::H2Client>();
  std::unique_ptr<Socket> socket_;
};

}  // namespace etcd::api::testing
