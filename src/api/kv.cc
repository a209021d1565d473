#include "api/kv.h"

#include <memory>
#include <utility>

#include "api/errors.h"
#include "api/large_range.h"
#include "apply/accesses.h"
#include "apply/check.h"
#include "apply/read_only.h"
#include "apply/request.h"
#include "apply/response.h"
#include "mvcc/range.h"

namespace etcd::api {

namespace {

constexpr const char* kService = "etcdserverpb.KV";

}  // namespace

void Kv::register_methods(Methods& methods) {
  methods.add(kService, "Range", Rule::kByKeys, [this](rpc::UnaryCall call) { range(std::move(call)); }, rpc::AnswerSize::kAny);
  methods.add(kService, "Put", Rule::kByLog, [this](rpc::UnaryCall call) { put(std::move(call)); });
  methods.add(kService, "DeleteRange", Rule::kByLog, [this](rpc::UnaryCall call) { delete_range(std::move(call)); });
  // One that only reads is not for the log: it is checked by its keys.
  methods.add(kService, "Txn", Rule::kByLog, [this](rpc::UnaryCall call) { txn(std::move(call)); });
  methods.add(kService, "Compact", Rule::kAdmin, [this](rpc::UnaryCall call) { compact(std::move(call)); });
}

void Kv::range(rpc::UnaryCall call) {
  const auto request = apply::decode_range(call.request().view());
  if (!request) return replies_.refuse(std::move(call), malformed_request(request.error()));
  const ForLearner for_learner = request->serializable ? ForLearner::kAllowed : ForLearner::kRefused;
  if (const Status admitted = gate_.admit_unary(call.info(), for_learner); !admitted) {
    return replies_.refuse(std::move(call), admitted.error());
  }
  if (const Status checked = apply::check_range(*request); !checked) return replies_.refuse(std::move(call), checked.error());
  if (may_read_now(request->serializable)) return range_now(std::move(call), *request);
  after_barrier(std::move(call), RequestType::kRange, [](Kv& kv, rpc::UnaryCall waited) {
    const auto again = apply::decode_range(waited.request().view());
    kv.range_now(std::move(waited), *again);
  });
}

// On the leader of a cluster of one the newest view is always good enough: then this thread reads it at once.
bool Kv::may_read_now(bool serializable) { return serializable || context_.node.view_is_linearizable(); }

void Kv::after_barrier(rpc::UnaryCall call, RequestType type, Read read) {
  const std::int64_t deadline_ns = call.info().deadline_ns;
  rpc::Loop& loop = context_.lanes.here().loop();
  auto back_on_the_loop = [this, &loop, call = std::move(call), type, read](Status barrier) mutable {
    loop.post([this, call = std::move(call), type, read, barrier = std::move(barrier)]() mutable {
      if (!barrier) return replies_.answer(std::move(call), type, fail(barrier.error()));
      read(*this, std::move(call));
    });
  };
  context_.node.read_barrier(deadline_ns, std::move(back_on_the_loop));
}

void Kv::range_now(rpc::UnaryCall call, const apply::RangeRequest& request) {
  mvcc::ReadViewRef view = context_.node.view();
  if (const Status may = callers_.check_read(call.info(), request.key, request.range_end); !may) {
    return replies_.answer(std::move(call), RequestType::kRange, fail(may.error()));
  }
  const mvcc::RangeOptions options = apply::range_options(request);
  if (long_reads_.takes(*view, options)) return long_reads_.run(std::move(call), request);
  const std::int64_t begun_ns = context_.clock.monotonic_ns();
  auto result = mvcc::range(*view, options);
  context_.metrics.observe_range(result.has_value(), context_.clock.monotonic_ns() - begun_ns);
  if (!result) return replies_.answer(std::move(call), RequestType::kRange, fail(result.error()));
  Lane& lane = context_.lanes.here();
  apply::ResponseHeader header = lane.header();
  header.revision = view->revision();
  const std::int64_t count = result->count;
  base::Rope response;
  if (LargeRange::is_large(*result)) {
    response = base::Rope(std::make_unique<LargeRange>(header, std::move(view), std::move(*result), lane.loop()));
  } else {
    response = apply::encode_range_response(header, *result);
  }
  replies_.answer(std::move(call), RequestType::kRange, std::move(response), count);
}

void Kv::put(rpc::UnaryCall call) {
  const auto request = apply::decode_put(call.request().view());
  if (!request) return replies_.refuse(std::move(call), malformed_request(request.error()));
  if (const Status admitted = gate_.admit_unary(call.info(), ForLearner::kRefused); !admitted) {
    return replies_.refuse(std::move(call), admitted.error());
  }
  if (!quota_.admit(call, apply::quota_cost(*request))) return;
  if (const Status checked = apply::check_put(*request); !checked) return replies_.refuse(std::move(call), checked.error());
  propose(std::move(call), RequestType::kPut, node::RequestKind::kPut);
}

void Kv::delete_range(rpc::UnaryCall call) {
  const auto request = apply::decode_delete_range(call.request().view());
  if (!request) return replies_.refuse(std::move(call), malformed_request(request.error()));
  if (const Status admitted = gate_.admit_unary(call.info(), ForLearner::kRefused); !admitted) {
    return replies_.refuse(std::move(call), admitted.error());
  }
  if (const Status checked = apply::check_delete_range(*request); !checked) return replies_.refuse(std::move(call), checked.error());
  propose(std::move(call), RequestType::kDeleteRange, node::RequestKind::kDeleteRange);
}

void Kv::txn(rpc::UnaryCall call) {
  auto request = apply::decode_txn(call.request().view());
  if (!request) return replies_.refuse(std::move(call), malformed_request(request.error()));
  if (const Status admitted = gate_.admit_unary(call.info(), ForLearner::kRefused); !admitted) {
    return replies_.refuse(std::move(call), admitted.error());
  }
  if (!quota_.admit(call, apply::quota_cost(*request))) return;
  if (const Status checked = apply::check_txn(*request, context_.options.max_txn_ops); !checked) {
    return replies_.refuse(std::move(call), checked.error());
  }
  if (!request->is_read_only()) return propose(std::move(call), RequestType::kTxn, node::RequestKind::kTxn);
  if (may_read_now(request->is_serializable())) return txn_now(std::move(call), std::move(*request));
  after_barrier(std::move(call), RequestType::kReadonlyTxn, [](Kv& kv, rpc::UnaryCall waited) {
    auto again = apply::decode_txn(waited.request().view());
    kv.txn_now(std::move(waited), std::move(*again));
  });
}

void Kv::txn_now(rpc::UnaryCall call, apply::TxnRequest request) {
  const mvcc::ReadViewRef view = context_.node.view();
  if (callers_.is_auth_enabled()) {
    apply::Accesses accesses;
    apply::append_accesses(request, nullptr, accesses);
    if (const Status may = callers_.check(call.info(), accesses); !may) {
      return replies_.answer(std::move(call), RequestType::kReadonlyTxn, fail(may.error()));
    }
  }
  if (long_reads_.takes(*view, request)) return long_reads_.run(std::move(call), std::move(request));
  apply::OperationCounts counts;
  auto response = apply::run_read_txn(*view, request, context_.lanes.here().header(), counts);
  context_.metrics.count(counts);
  replies_.answer(std::move(call), RequestType::kReadonlyTxn, std::move(response));
}

void Kv::compact(rpc::UnaryCall call) {
  const auto request = apply::decode_compaction(call.request().view());
  if (!request) return replies_.refuse(std::move(call), malformed_request(request.error()));
  if (const Status admitted = gate_.admit_unary(call.info(), ForLearner::kRefused); !admitted) {
    return replies_.refuse(std::move(call), admitted.error());
  }
  if (!request->physical) return propose(std::move(call), RequestType::kCompaction, node::RequestKind::kCompaction);

  auto who = callers_.identity(call.info());
  if (!who) return replies_.refuse(std::move(call), who.error());
  Lane& lane = context_.lanes.here();
  const base::SharedBytes bytes = call.request();
  const std::int64_t deadline_ns = call.info().deadline_ns;
  auto done = [this, &lane, call = std::move(call)](Result<base::Rope> response) mutable {
    if (!response) return replies_.answer(std::move(call), RequestType::kCompaction, std::move(response));
    lane.loop().post([this, call = std::move(call), response = std::move(*response)]() mutable {
      wait_for_compaction(std::move(call), std::move(response));
    });
  };
  lane.propose({.kind = node::RequestKind::kCompaction,
                .request = bytes,
                .deadline_ns = deadline_ns,
                .done = std::move(done),
                .who = std::move(*who)});
}

void Kv::wait_for_compaction(rpc::UnaryCall call, base::Rope response) {
  context_.node.wait_compaction([this, call = std::move(call), response = std::move(response)](Status removed) mutable {
    if (!removed) return replies_.answer(std::move(call), RequestType::kCompaction, fail(removed.error()));
    replies_.answer(std::move(call), RequestType::kCompaction, std::move(response));
  });
}

void Kv::propose(rpc::UnaryCall call, RequestType type, node::RequestKind kind) {
  auto who = callers_.identity(call.info());
  if (!who) return replies_.refuse(std::move(call), who.error());
  const base::SharedBytes request = call.request();
  const std::int64_t deadline_ns = call.info().deadline_ns;
  auto done = [this, type, call = std::move(call)](Result<base::Rope> response) mutable {
    replies_.answer(std::move(call), type, std::move(response));
  };
  context_.lanes.here().propose(
      {.kind = kind, .request = request, .deadline_ns = deadline_ns, .done = std::move(done), .who = std::move(*who)});
}

}  // namespace etcd::api
