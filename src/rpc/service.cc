#include "rpc/service.h"

#include <array>

#include "base/check.h"
#include "base/go_text.h"

namespace etcd::rpc {

std::string_view Method::kind() const {
  static constexpr std::array<std::string_view, 3> kKinds = {"unary", "server_stream", "bidi_stream"};
  return kKinds[handler.index()];
}

void ServiceTable::add(std::string service, std::string name, UnaryHandler handler, AnswerSize answers) {
  insert(std::move(service), std::move(name), std::move(handler), answers);
}

void ServiceTable::add(std::string service, std::string name, ServerStreamHandler handler) {
  insert(std::move(service), std::move(name), std::move(handler));
}

void ServiceTable::add(std::string service, std::string name, BidiHandler handler) {
  insert(std::move(service), std::move(name), std::move(handler));
}

template <typename Handler>
void ServiceTable::insert(std::string service, std::string name, Handler handler, AnswerSize answers) {
  const auto& path = *paths_.emplace_back(std::make_unique<std::string>("/" + service + "/" + name));
  services_.insert(service);
  const std::size_t index = methods_.size();
  methods_.push_back(
      std::make_unique<Method>(Method{std::move(service), std::move(name), std::move(handler), index, answers}));
  CHECK(by_path_.emplace(path, methods_.back().get()).second, path);
}

const Method* ServiceTable::find(std::string_view path) const {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? nullptr : found->second;
}

GrpcStatus ServiceTable::explain_missing(std::string_view path) const {
  const std::size_t slash = path.rfind('/');
  if (!path.starts_with('/') || slash == 0) {
    return {GrpcCode::kUnimplemented, "malformed method name: " + base::go_quote(path)};
  }
  const std::string service(path.substr(1, slash - 1));
  if (!services_.contains(service)) return {GrpcCode::kUnimplemented, "unknown service " + service};
  return {GrpcCode::kUnimplemented,
          "unknown method " + std::string(path.substr(slash + 1)) + " for service " + service};
}

}  // namespace etcd::rpc
