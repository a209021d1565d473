#include "gateway/json_call.h"

#include <utility>
#include <variant>

namespace etcd::gateway {

namespace {

rpc::GrpcStatus invalid(std::string text) {
  return {rpc::GrpcCode::kInvalidArgument, std::move(text)};
}

}  // namespace

JsonCall::JsonCall(const rpc::LocalClient& client, const rpc::Method& method, const MethodMessages& messages,
                   rpc::LocalCallHead head, JsonCallEvents events)
    : messages_(messages),
      is_bidi_(std::holds_alternative<rpc::BidiHandler>(method.handler)),
      events_(std::move(events)) {
  rpc::LocalCallEvents of_call;
  of_call.on_wanted = [this] { pump(); };
  of_call.on_message = [this](base::Rope message) { on_message(std::move(message)); };
  of_call.on_end = [this](const rpc::GrpcStatus& status) { end(status); };
  call_ = client.make(method, std::move(head), std::move(of_call));
}

void JsonCall::start() {
  if (is_bidi_) make({});
  pump();
}

void JsonCall::feed(std::string_view text) {
  if (!input_over_) splitter_.append(text);
  pump();
}

void JsonCall::end_input() {
  splitter_.end();
  pump();
}

// A message that is taken may make the method want the next, which the same loop takes up.
void JsonCall::pump() {
  if (over_ || std::exchange(pumping_, true)) return;
  hungry_ = false;
  if (is_bidi_) {
    while (take_message()) {
    }
  } else if (!input_over_) {
    take_only_message();
  }
  pumping_ = false;
  if ((hungry_ || input_over_) && !over_ && events_.on_hungry) events_.on_hungry();
}

// False when there is nothing more to be done now.
bool JsonCall::take_message() {
  if (over_ || input_over_) return false;
  if (splitter_.is_over()) finish_input();
  if (!call_->wants_message()) return false;
  std::string_view json;
  const auto found = splitter_.next(json);
  hungry_ = found == JsonSplitter::Found::kNothingYet;
  if (hungry_) return false;
  auto message = found == JsonSplitter::Found::kValue ? messages_.request.encode(json) : etcd::fail(Errc::kInvalid);
  message ? call_->send(base::SharedBytes(std::move(*message))) : finish_input();
  return true;
}

void JsonCall::finish_input() {
  input_over_ = true;
  call_->close();
}

void JsonCall::take_only_message() {
  std::string_view json;
  const auto found = splitter_.next(json);
  hungry_ = found == JsonSplitter::Found::kNothingYet;
  if (hungry_) return;
  input_over_ = true;
  if (found == JsonSplitter::Found::kError) return end(invalid(splitter_.error()));
  if (found == JsonSplitter::Found::kEnd) return make({});
  auto message = messages_.request.encode(json);
  if (!message) return end(invalid(message.error().detail));
  make(std::move(*message));
}

void JsonCall::make(std::string request) {
  was_made_ = true;
  call_->start(base::SharedBytes(std::move(request)));
}

void JsonCall::on_message(base::Rope message) {
  if (over_) return;
  auto json = messages_.response.to_json(message.flatten());
  json ? events_.on_message(std::move(*json)) : end({rpc::GrpcCode::kInternal, json.error().detail});
}

void JsonCall::end(const rpc::GrpcStatus& status) {
  if (std::exchange(over_, true)) return;
  events_.on_end(status);
}

void JsonCall::cancel() {
  over_ = true;
  call_->cancel();
}

}  // namespace etcd::gateway
