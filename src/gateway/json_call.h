// JsonCall: one gRPC call whose messages are JSON: text in, text out. Between the client's end (HttpCall,
// WebSocketCall) and the server's own method.
//
// Owner: the client's end, on one loop's thread. Events may come from within any call here; they must not destroy it.
// Flow control both ways: text is turned into messages only as the method takes them, and on_hungry tells when there is
// room for more; after pause() messages wait at the method. Destroying it cancels the call.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/unique_function.h"
#include "gateway/json_splitter.h"
#include "gateway/messages.h"
#include "gateway/routes.h"
#include "rpc/local_call.h"
#include "rpc/status.h"

namespace etcd::gateway {

struct JsonCallEvents {
  // A message of the method, as JSON without a line break.
  base::UniqueFunction<void(std::string json)> on_message = {};
  // Nothing follows.
  base::UniqueFunction<void(const rpc::GrpcStatus&)> on_end = {};
  // More text may be fed: what came is used up, but for the beginning of a message.
  base::UniqueFunction<void()> on_hungry = {};
};

class JsonCall {
 public:
  // `method` and `messages` must outlive it. Nothing happens before start().
  JsonCall(const rpc::LocalClient& client, const rpc::Method& method, const MethodMessages& messages,
           rpc::LocalCallHead head, JsonCallEvents events);

  // Of a unary or server-streaming method the first message makes the call, and no text an empty one; what follows is
  // passed over. A bidirectional call begins at once; text that is no message ends its input, as in etcd.
  void start();
  void feed(std::string_view text);
  void end_input();
  // Text that is held here, at most one unfinished message once the call is hungry.
  std::size_t held_bytes() const { return splitter_.held_bytes(); }

  void pause() { call_->pause(); }
  void resume() { call_->resume(); }
  // The client has gone: no more events.
  void cancel();
  // The method was called; else its request could not be read.
  bool was_made() const { return was_made_; }

 private:
  void pump();
  bool take_message();
  void take_only_message();
  void make(std::string request);
  void finish_input();
  void end(const rpc::GrpcStatus& status);
  void on_message(base::Rope message);

  const MethodMessages& messages_;
  const bool is_bidi_;
  JsonCallEvents events_;
  JsonSplitter splitter_;
  std::unique_ptr<rpc::LocalCall> call_;
  bool hungry_ = false;      // nothing whole is left of the text
  bool input_over_ = false;  // the method gets no more messages
  bool was_made_ = false;
  bool pumping_ = false;
  bool over_ = false;
};

}  // namespace etcd::gateway
