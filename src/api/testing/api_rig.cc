#include "api/testing/api_rig.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "base/check.h"

namespace etcd::api::testing {

namespace {

constexpr int kIdlePasses = 3;  // without a byte: then nothing moves any more

std::string socket_path(const char* name) {
  static std::atomic<int> made = 0;
  return "/tmp/etcd-api-rig." + std::to_string(getpid()) + "." + std::to_string(++made) + "." + name;
}

}  // namespace

// The client's end of a connection.
struct ApiRig::Socket {
  explicit Socket(const std::string& path) : descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    CHECK(connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, path);
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
  }
  ~Socket() { close(descriptor); }

  // What can't be sent yet stays in `bytes`.
  void send_some(std::string& bytes) const {
    const ssize_t sent = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) bytes.erase(0, static_cast<std::size_t>(sent));
  }
  std::string receive_some() {
    char buffer[65536];
    const ssize_t got = recv(descriptor, buffer, sizeof buffer, 0);
    ended = got == 0;
    return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
  }

  int descriptor;
  bool ended = false;
  std::string unsent;
};

ApiRig::ApiRig(Options options, base::LogLevel level) : logger_(lines, level, base::LogFormat::kJson, clock), loop_(clock) {
  api_ = std::make_unique<Api>(node, std::move(options), std::vector<rpc::Loop*>{&loop_}, metrics_, clock, logger_);
  api_->register_services(services_);
  server_ = std::make_unique<rpc::Server>(rpc::Options{}, services_, http_handler(), std::vector<rpc::Loop*>{&loop_}, logger_);
  metrics_server_ = std::make_unique<rpc::Server>(rpc::Options{}, no_services_, api_->http_handler(true), std::vector<rpc::Loop*>{&loop_}, logger_);
  api_->observe(*server_);
  address_ = socket_path("clients");
  metrics_address_ = socket_path("metrics");
  CHECK(server_->listen("unix:" + address_).has_value(), address_);
  CHECK(metrics_server_->listen("unix:" + metrics_address_, rpc::Serves::kHttpOnly).has_value(), metrics_address_);
  socket_ = std::make_unique<Socket>(address_);
}

rpc::HttpHandler ApiRig::http_handler() {
  return [this, serve = api_->http_handler()](rpc::HttpRequest request, rpc::HttpResponder responder) {
    auto peer = std::make_shared<rpc::Peer>(*request.peer);
    peer->verified_common_name = certificate_name;
    request.peer = std::move(peer);
    serve(std::move(request), std::move(responder));
  };
}

ApiRig::~ApiRig() {
  socket_.reset();
  server_.reset();
  metrics_server_.reset();
  loop_.run_once(0);
  // Whoever still waits at the node lets go.
  node.proposed.clear();
  node.barriers.clear();
  node.jobs.clear();
  node.defragments.clear();
  node.compaction_waits.clear();
  node.transfers.clear();
  loop_.run_once(0);
  api_.reset();
  unlink(address_.c_str());
  unlink(metrics_address_.c_str());
}

void ApiRig::settle() {
  for (int idle = 0; idle < kIdlePasses; ++idle) {
    socket_->unsent += client_->take_output();
    const std::size_t before = socket_->unsent.size();
    socket_->send_some(socket_->unsent);
    loop_.run_once(0);
    const std::string received = socket_->receive_some();
    client_->receive(received);
    if (!received.empty() || before != socket_->unsent.size()) idle = -1;
  }
}

std::int32_t ApiRig::begin(const std::string& method, const std::string& message, const rpc::testing::Fields& extra) {
  const std::string path = method.find('.') == std::string::npos ? "/etcdserverpb." + method : "/" + method;
  const std::int32_t stream = client_->call(path, message, extra);
  settle();
  return stream;
}

ApiRig::Outcome ApiRig::outcome_of(std::int32_t stream) {
  const rpc::testing::Answer& answer = client_->answer(stream);
  if (!answer.ended) return {"not answered", "", ""};
  const auto messages = answer.messages();
  return {answer.grpc_status(), answer.grpc_message(), messages.empty() ? "" : messages.front()};
}

ApiRig::Outcome ApiRig::call(const std::string& method, const std::string& message, const rpc::testing::Fields& extra) {
  return outcome_of(begin(method, message, extra));
}

ApiRig::Outcome ApiRig::call(const std::string& method, const google::protobuf::MessageLite& message, const rpc::testing::Fields& extra) {
  return call(method, message.SerializeAsString(), extra);
}

std::string ApiRig::http(const std::string& method, const std::string& target, const std::string& fields, bool metrics_port) {
  Socket socket(metrics_port ? metrics_address_ : address_);
  std::string request = method + " " + target + " HTTP/1.1\r\n" + fields + "Connection: close\r\n\r\n";
  std::string answer;
  for (int pass = 0; pass < 1000 && !socket.ended; ++pass) {
    socket.send_some(request);
    loop_.run_once(0);
    answer += socket.receive_some();
  }
  const std::size_t date = answer.find("Date: ");
  if (date != std::string::npos) answer.erase(date, answer.find("\r\n", date) + 2 - date);
  return answer;
}

}  // namespace etcd::api::testing
