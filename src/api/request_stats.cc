#include "api/request_stats.h"

#include <array>

#include "apply/request.h"
#include "apply/request_text.h"
#include "base/go_text.h"
#include "base/wire.h"
#include "rpc/service.h"

namespace etcd::api {

namespace {

// What the line says of request and response; -1 where etcd has no figures for a method.
struct Figures {
  std::int64_t request_count = -1;
  std::int64_t request_size = -1;
  std::int64_t response_count = -1;
  std::int64_t response_size = -1;
  std::string content;
};

// A number in the response's outermost message: the count of a Range, what a DeleteRange deleted, whether a Txn succeeded.
std::int64_t number_of(const base::Rope& response, std::uint32_t field_number) {
  const std::string bytes = response.flatten();
  base::WireReader reader(bytes);
  std::int64_t number = 0;
  while (const auto field = reader.next()) {
    if (field->number == field_number) number = field->as_int64();
  }
  return number;
}

std::size_t op_size(const apply::TxnRequest& request, const apply::TxnOp& op) {
  switch (op.kind) {
    case apply::TxnOp::Kind::kRange: return request.ranges[op.place].key.size() + request.ranges[op.place].range_end.size();
    case apply::TxnOp::Kind::kPut: return request.puts[op.place].key.size() + request.puts[op.place].value.size();
    case apply::TxnOp::Kind::kDeleteRange: return request.deletes[op.place].key.size() + request.deletes[op.place].range_end.size();
    case apply::TxnOp::Kind::kTxn:
    case apply::TxnOp::Kind::kNone: break;
  }
  return 0;
}

// Count and size of the operations of the branch that was taken.
void add_txn_request(const apply::TxnRequest& request, bool succeeded, Figures& figures) {
  const apply::TxnRequest::Part& part = request.parts[0];
  const apply::TxnRequest::Slice& taken = succeeded ? part.success : part.failure;
  figures.request_count = taken.size();
  figures.request_size = 0;
  for (std::uint32_t i = taken.begin; i < taken.end; ++i) {
    figures.request_size += static_cast<std::int64_t>(op_size(request, request.ops[i]));
  }
}

template <typename Request>
void add_content(const Result<Request>& request, Figures& figures) {
  if (request) figures.content = describe(*request);
}

bool has_figures(RequestType type) {
  switch (type) {
    case RequestType::kRange:
    case RequestType::kPut:
    case RequestType::kDeleteRange:
    case RequestType::kTxn:
    case RequestType::kReadonlyTxn: return true;
    default: return false;
  }
}

// A failed request has no response, and then etcd counts nothing.
Figures figures_of(RequestType type, std::string_view request, const base::Rope* response, std::int64_t count) {
  Figures figures;
  if (response == nullptr || !has_figures(type)) return figures;
  figures.request_count = 0;
  figures.request_size = static_cast<std::int64_t>(request.size());
  figures.response_count = 0;
  figures.response_size = static_cast<std::int64_t>(response->size());
  switch (type) {
    case RequestType::kRange:
      figures.response_count = count >= 0 ? count : number_of(*response, 4);
      add_content(apply::decode_range(request), figures);
      break;
    case RequestType::kPut:
      figures.request_count = 1;
      add_content(apply::decode_put(request), figures);
      break;
    case RequestType::kDeleteRange:
      figures.response_count = number_of(*response, 2);
      add_content(apply::decode_delete_range(request), figures);
      break;
    default:
      if (const auto txn = apply::decode_txn(request)) {
        add_txn_request(*txn, (count >= 0 ? count : number_of(*response, 2)) != 0, figures);
        figures.content = describe(*txn);
      }
      break;
  }
  return figures;
}

std::string full_method(const rpc::CallInfo& info) {
  return info.method == nullptr ? "" : "/" + info.method->service + "/" + info.method->name;
}

}  // namespace

std::string_view name_of(RequestType type) {
  constexpr std::array<std::string_view, kRequestTypes> kNames = {"Range",      "Put",        "DeleteRange", "Txn",   "ReadonlyTxn",
                                                                  "Compaction", "LeaseGrant", "LeaseRevoke", "Alarm", ""};
  return kNames[static_cast<std::size_t>(type)];
}

RequestStats::RequestStats(std::int64_t warn_after_ns, base::Clock& clock, base::Logger& logger)
    : warn_after_ns_(warn_after_ns), logs_all_(logger.enabled(base::LogLevel::kDebug)), clock_(clock), logger_(logger) {}

void RequestStats::note(const rpc::UnaryCall& call, RequestType type, std::int64_t took_ns, const base::Rope* response, std::int64_t count) const {
  if (wants(took_ns)) log(call, type, took_ns, response, count);
}

void RequestStats::log(const rpc::UnaryCall& call, RequestType type, std::int64_t took_ns, const base::Rope* response, std::int64_t count) const {
  const Figures figures = figures_of(type, call.request().view(), response, count);
  const rpc::CallInfo& info = call.info();
  const base::Logger::Fields fields = {{"start time", base::log_time(clock_.wall_ns() - took_ns)},
                                       {"time spent", base::format_duration(base::Duration(took_ns))},
                                       {"remote", info.peer ? info.peer->address : "No remote client info."},
                                       {"response type", full_method(info)},
                                       {"request count", figures.request_count},
                                       {"request size", figures.request_size},
                                       {"response count", figures.response_count},
                                       {"response size", figures.response_size},
                                       {"request content", figures.content}};
  logs_all_ ? logger_.debug("request stats", fields) : logger_.warn("request stats", fields);
}

}  // namespace etcd::api
