#include "api/auth/methods.h"

#include <utility>

namespace etcd::api {

// Of the method added last.
void Methods::set_rule(Rule rule) {
  const std::size_t index = table_.methods().back()->index;
  if (rules_.size() <= index) rules_.resize(index + 1, Rule::kAdmin);
  rules_[index] = rule;
}

void Methods::add(const char* service, const char* name, Rule rule, rpc::UnaryHandler handler, rpc::AnswerSize answers) {
  // The table keeps one copy of the handler.
  auto once_settled = [&callers = callers_, handler = std::make_shared<const rpc::UnaryHandler>(std::move(handler))](rpc::UnaryCall call) {
    if (callers.is_settled(call.info())) return (*handler)(std::move(call));
    const rpc::CallInfo& info = call.info();
    callers.settle(info, [handler, call = std::move(call)]() mutable {
      if (!call.is_cancelled()) (*handler)(std::move(call));
    });
  };
  table_.add(service, name, rpc::UnaryHandler(std::move(once_settled)), answers);
  set_rule(rule);
}

void Methods::add(const char* service, const char* name, Rule rule, rpc::ServerStreamHandler handler) {
  auto once_settled = [&callers = callers_, handler = std::make_shared<const rpc::ServerStreamHandler>(std::move(handler))](
                          rpc::StreamCall call, base::SharedBytes request) {
    if (callers.is_settled(call.info())) return (*handler)(std::move(call), std::move(request));
    const rpc::CallInfo& info = call.info();
    callers.settle(info, [handler, call = std::move(call), request = std::move(request)]() mutable {
      if (!call.is_cancelled()) (*handler)(std::move(call), std::move(request));
    });
  };
  table_.add(service, name, rpc::ServerStreamHandler(std::move(once_settled)));
  set_rule(rule);
}

void Methods::add(const char* service, const char* name, Rule rule, rpc::BidiHandler handler) {
  auto once_verified = [&callers = callers_, handler = std::make_shared<const rpc::BidiHandler>(std::move(handler))](rpc::StreamCall call) {
    if (callers.has_verified_signature(call.info())) return (*handler)(std::move(call));
    const rpc::CallInfo& info = call.info();
    callers.settle(info, [handler, call = std::move(call)]() mutable {
      if (!call.is_cancelled()) (*handler)(std::move(call));
    });
  };
  table_.add(service, name, rpc::BidiHandler(std::move(once_verified)));
  set_rule(rule);
}

}  // namespace etcd::api
