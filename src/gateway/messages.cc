#include "gateway/messages.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/check.h"
#include "proto/auth_service.pb.h"
#include "proto/cluster.pb.h"
#include "proto/election.pb.h"
#include "proto/kv_service.pb.h"
#include "proto/lease.pb.h"
#include "proto/lock.pb.h"
#include "proto/maintenance.pb.h"
#include "proto/watch.pb.h"

namespace etcd::gateway {

namespace pb = google::protobuf;

namespace {

// A message of each file: naming it makes the linker take the file.
std::array<const pb::Descriptor*, 8> one_of_each_file() {
  return {etcdserverpb::RangeRequest::descriptor(),      etcdserverpb::WatchRequest::descriptor(),
          etcdserverpb::LeaseGrantRequest::descriptor(), etcdserverpb::MemberListRequest::descriptor(),
          etcdserverpb::StatusRequest::descriptor(),     etcdserverpb::AuthEnableRequest::descriptor(),
          v3lockpb::LockRequest::descriptor(),           v3electionpb::CampaignRequest::descriptor()};
}

// The library shows where it was in lines of their own, and begins with a place that may be nowhere.
std::string first_words(std::string text) {
  text.resize(std::min(text.find('\n'), text.size()));
  constexpr std::string_view kNowhere = ": ";
  return text.starts_with(kNowhere) ? text.substr(kNowhere.size()) : text;
}

}  // namespace

MessageType::MessageType(const pb::Descriptor& descriptor)
    : prototype_(pb::MessageFactory::generated_factory()->GetPrototype(&descriptor)) {
  CHECK(prototype_ != nullptr, descriptor.full_name());
}

// By way of a message object, so that the bytes are those that any client would have sent.
Result<std::string> MessageType::encode(std::string_view json) const {
  const std::unique_ptr<pb::Message> message(prototype_->New());
  pb::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = pb::util::JsonStringToMessage({json.data(), json.size()}, message.get(), options);
  if (!status.ok()) return fail(Errc::kInvalid, "proto: " + first_words(std::string(status.message())));
  return message->SerializeAsString();
}

Result<std::string> MessageType::to_json(std::string_view encoded) const {
  const std::unique_ptr<pb::Message> message(prototype_->New());
  const bool fits = encoded.size() <= std::numeric_limits<int>::max();
  if (!fits || !message->ParsePartialFromArray(encoded.data(), static_cast<int>(encoded.size()))) {
    return fail(Errc::kInvalid, "not a message of type " + message->GetTypeName());
  }
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = pb::util::MessageToJsonString(*message, &json, options);
  if (!status.ok()) return fail(Errc::kInvalid, std::string(status.message()));
  return json;
}

Messages::Messages() {
  for (const pb::Descriptor* message : one_of_each_file()) {
    const pb::FileDescriptor& file = *message->file();
    for (int i = 0; i < file.service_count(); ++i) {
      const pb::ServiceDescriptor& service = *file.service(i);
      for (int j = 0; j < service.method_count(); ++j) {
        const pb::MethodDescriptor& method = *service.method(j);
        by_method_.emplace("/" + service.full_name() + "/" + method.name(),
                           MethodMessages{MessageType(*method.input_type()), MessageType(*method.output_type())});
      }
    }
  }
}

Messages::~Messages() = default;

const MethodMessages& Messages::of(std::string_view method) const {
  const auto found = by_method_.find(std::string(method));
  CHECK(found != by_method_.end(), method);
  return found->second;
}

}  // namespace etcd::gateway
