// Any bytes: our reading of a WatchRequest is protobuf's.
#include <cstdint>
#include <string_view>

#include "api/watch_messages.h"
#include "base/check.h"
#include "proto/watch.pb.h"

namespace {

using namespace etcd;

void compare(const etcdserverpb::WatchCreateRequest& theirs, const api::WatchCreate& ours) {
  bool no_put = false;
  bool no_delete = false;
  for (const int filter : theirs.filters()) {
    no_put |= filter == etcdserverpb::WatchCreateRequest::NOPUT;
    no_delete |= filter == etcdserverpb::WatchCreateRequest::NODELETE;
  }
  CHECK(ours.request.key == theirs.key() && ours.request.range_end == theirs.range_end());
  CHECK(ours.request.start.value == theirs.start_revision() && ours.id.value == theirs.watch_id());
  CHECK(ours.request.prev_kv == theirs.prev_kv() && ours.request.fragment == theirs.fragment());
  CHECK(ours.request.progress_notify == theirs.progress_notify());
  CHECK(ours.request.no_put == no_put && ours.request.no_delete == no_delete);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto ours = api::decode_watch_request(bytes);
  etcdserverpb::WatchRequest theirs;
  const bool is_protobuf = theirs.ParseFromArray(data, static_cast<int>(size));
  if (!ours || !is_protobuf) {
    CHECK(!ours || !is_protobuf);
    return 0;
  }
  if (const auto* create = std::get_if<api::WatchCreate>(&*ours)) {
    CHECK(theirs.has_create_request());
    compare(theirs.create_request(), *create);
  } else if (const auto* cancel = std::get_if<api::WatchCancel>(&*ours)) {
    CHECK(theirs.has_cancel_request() && theirs.cancel_request().watch_id() == cancel->id.value);
  } else {
    CHECK(theirs.has_progress_request() == std::holds_alternative<api::WatchProgress>(*ours));
    CHECK(!theirs.has_create_request() && !theirs.has_cancel_request());
  }
  return 0;
}
