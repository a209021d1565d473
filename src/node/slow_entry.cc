#include "node/slow_entry.h"

#include <string>

#include "apply/request.h"
#include "apply/request_text.h"
#include "base/go_text.h"

namespace etcd::node {

base::Logger::Fields describe(const SlowEntry& slow) {
  const auto request = apply::decode_internal(slow.entry.data.view());
  const auto& reply = slow.applied.reply;
  const bool has_response = reply && reply->response;
  base::Logger::Fields fields = {{"took", base::format_duration(base::Duration(slow.took_ns))},
                                 {"expected-duration", base::format_duration(base::Duration(slow.expected_ns))},
                                 {"prefix", ""},
                                 {"request", request ? apply::describe(*request) : std::string()},
                                 {"response", has_response ? "size:" + std::to_string(reply->response->size()) : std::string()}};
  if (reply && !reply->response) fields.emplace_back(reply->response.error());
  return fields;
}

}  // namespace etcd::node
