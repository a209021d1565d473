#include "api/slow_reads.h"

#include <algorithm>
#include <string>

#include "apply/request.h"
#include "apply/request_text.h"
#include "base/go_text.h"

namespace etcd::api {

namespace {

// Requests are decoded once more: this is rare.
struct Texts {
  const char* prefix;
  std::string request;
  std::string response;
};

Texts texts_of_range(const SlowReads::Read& read, const base::Rope* response) {
  Texts texts{.prefix = "read-only range ", .request = {}, .response = {}};
  const auto request = apply::decode_range(read.request);
  if (!request) return texts;
  texts.request = apply::describe(*request);
  if (response == nullptr) return texts;
  const std::int64_t keys = request->limit > 0 ? std::min(request->limit, read.range_count) : read.range_count;
  texts.response = "range_response_count:" + std::to_string(request->count_only ? 0 : keys) + " size:" + std::to_string(response->size());
  return texts;
}

Texts texts_of_txn(const SlowReads::Read& read, const base::Rope* response) {
  Texts texts{.prefix = "read-only txn ", .request = {}, .response = {}};
  if (const auto request = apply::decode_txn(read.request)) texts.request = apply::describe(*request);
  if (response != nullptr) texts.response = "size:" + std::to_string(response->size());
  return texts;
}

}  // namespace

SlowReads::SlowReads(std::int64_t warn_after_ns, base::Metrics& metrics, base::Logger& logger)
    : warn_after_ns_(warn_after_ns),
      slow_(metrics.counter("etcd_server_slow_apply_total", "The total number of slow apply requests (likely overloaded from slow disk).")),
      logger_(logger) {}

void SlowReads::report(const Read& read, const Result<base::Rope>& response) const {
  slow_.add();
  const base::Rope* bytes = response ? &*response : nullptr;
  const Texts texts = read.type == RequestType::kRange ? texts_of_range(read, bytes) : texts_of_txn(read, bytes);
  base::Logger::Fields fields = {{"took", base::format_duration(base::Duration(read.took_ns))},
                                 {"expected-duration", base::format_duration(base::Duration(warn_after_ns_))},
                                 {"prefix", texts.prefix},
                                 {"request", texts.request},
                                 {"response", texts.response}};
  if (!response) fields.emplace_back(response.error());
  logger_.warn("apply request took too long", fields);
}

}  // namespace etcd::api
