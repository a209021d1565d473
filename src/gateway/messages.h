// Messages: the request and response of each gRPC method, from JSON and to JSON. protobuf's JSON library behind a
// narrow door.
//
// Output is compact, with the fields' own names; 64-bit integers are strings, bytes base64, enums names; fields with
// their default value are left out. Input takes names and lowerCamelCase, numbers or strings, base64 of both alphabets,
// and passes over fields that it doesn't know. Immutable; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

namespace google::protobuf {
class Descriptor;
class Message;
}  // namespace google::protobuf

namespace etcd::gateway {

// One kind of message.
class MessageType {
 public:
  explicit MessageType(const google::protobuf::Descriptor& descriptor);

  // The encoded message of one JSON object. kInvalid, with the library's text, for what doesn't fit.
  Result<std::string> encode(std::string_view json) const;
  // The JSON of an encoded message; kInvalid if it is none of this type.
  Result<std::string> to_json(std::string_view encoded) const;

 private:
  const google::protobuf::Message* prototype_;  // lives as long as the program
};

struct MethodMessages {
  MessageType request;
  MessageType response;
};

class Messages {
 public:
  Messages();
  ~Messages();

  // For a method's path, "/etcdserverpb.KV/Range"; CHECKs that src/proto has it. Lives as long as this.
  const MethodMessages& of(std::string_view method) const;

 private:
  std::unordered_map<std::string, MethodMessages> by_method_;
};

}  // namespace etcd::gateway
