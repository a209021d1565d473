// ServiceTable: method path -> handler. Filled before the server starts, read by all loops from then on.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "rpc/call.h"
#include "rpc/status.h"

namespace etcd::rpc {

// Each is called on the loop of the call's connection and must not block.
// With the one request message, once it is complete.
using UnaryHandler = std::function<void(UnaryCall)>;
using ServerStreamHandler = std::function<void(StreamCall, base::SharedBytes request)>;
// As soon as the request's header is there; messages follow as the handler grants read credit.
using BidiHandler = std::function<void(StreamCall)>;

// What a unary method's answers may be: large ones are made one after the other where a client reads slowly, and small
// ones, of writes say, do not wait for them.
enum class AnswerSize : std::uint8_t { kAny, kSmall };
inline constexpr std::size_t kAnswerSizes = 2;

struct Method {
  std::string service;  // "etcdserverpb.KV"
  std::string name;     // "Range"
  std::variant<UnaryHandler, ServerStreamHandler, BidiHandler> handler;
  std::size_t index = 0;  // its place in ServiceTable::methods(); set by add()
  AnswerSize answers = AnswerSize::kAny;

  // grpc-go's name of the kind, as its metrics label it: "unary", "server_stream", "bidi_stream".
  std::string_view kind() const;
};

class ServiceTable {
 public:
  // CHECKs that the path is new.
  void add(std::string service, std::string name, UnaryHandler handler, AnswerSize answers = AnswerSize::kAny);
  void add(std::string service, std::string name, ServerStreamHandler handler);
  void add(std::string service, std::string name, BidiHandler handler);

  // The method of a path like "/etcdserverpb.KV/Range", null if there is none. Lives as long as the table.
  const Method* find(std::string_view path) const;
  // Why find() returned null: kUnimplemented with grpc-go's text.
  GrpcStatus explain_missing(std::string_view path) const;
  const std::vector<std::unique_ptr<Method>>& methods() const { return methods_; }

 private:
  template <typename Handler>
  void insert(std::string service, std::string name, Handler handler, AnswerSize answers = AnswerSize::kAny);

  std::vector<std::unique_ptr<Method>> methods_;
  std::unordered_map<std::string_view, const Method*> by_path_;
  std::unordered_set<std::string> services_;
  std::vector<std::unique_ptr<std::string>> paths_;
};

}  // namespace etcd::rpc
