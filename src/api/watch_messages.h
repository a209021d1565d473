// The messages of the Watch service: requests read, and responses written up to their events, which come encoded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "watch/watch.h"

namespace etcd::api {

// etcdserverpb.WatchRequest. Views lie in the decoded bytes.
struct WatchCreate {
  watch::WatchId id;
  watch::WatchRequest request;
};
struct WatchCancel {
  watch::WatchId id;
};
struct WatchProgress {};
// Nothing: a request without any, or of a kind that is not known.
using WatchCall = std::variant<std::monostate, WatchCreate, WatchCancel, WatchProgress>;
// Errors: kInvalid for what is not protobuf.
Result<WatchCall> decode_watch_request(std::string_view bytes);

// etcdserverpb.WatchResponse without its events.
struct WatchAnswer {
  watch::WatchId id;
  bool created = false;
  bool canceled = false;
  Revision compact_revision = {};
  std::string_view cancel_reason = {};
  bool fragment = false;
};
// Appends it; `header` is an encoded ResponseHeader. Events, encoded with their tags, may follow.
void append_watch_answer(std::string& out, std::string_view header, const WatchAnswer& answer);

}  // namespace etcd::api
