#include "api/range_stream.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "api/errors.h"
#include "apply/check.h"
#include "apply/read_only.h"
#include "apply/request.h"
#include "apply/response.h"
#include "base/failpoint.h"
#include "base/wire.h"
#include "mvcc/key_value.h"
#include "mvcc/range.h"

namespace etcd::api {

namespace {

constexpr std::int64_t kFirstChunkKeys = 10;

base::Rope wrap(base::Rope range_response) {
  std::string head;
  base::WireWriter(head).bytes_header(1, range_response.size());
  base::Rope out;
  out.append(head);
  out.append(std::move(range_response));
  return out;
}

// A RangeResponse with nothing but key-values.
base::Rope encode_chunk(const mvcc::RangeResult& result) {
  base::Rope out;
  for (const std::string_view kv : result.kvs) {
    std::string head;
    base::WireWriter(head).bytes_header(2, kv.size());
    out.append(head);
    out.append(kv);
  }
  return out;
}

// One call. Owner: its events on the loop, and what is posted to it.
class Streamer : public std::enable_shared_from_this<Streamer> {
 public:
  Streamer(Context& context, Callers& callers, rpc::StreamCall call, LeaderWatch watch, base::SharedBytes bytes, const apply::RangeRequest& request)
      : context_(context),
        callers_(callers),
        call_(std::move(call)),
        watch_(std::move(watch)),
        bytes_(std::move(bytes)),
        request_(request),
        left_(request.limit > 0 ? request.limit : std::numeric_limits<std::int64_t>::max()) {}

  void start() {
    call_.set_events({.on_writable = [self = shared_from_this()] { self->send_chunks(); }});
    if (request_.serializable || context_.node.view_is_linearizable()) return send_chunks();
    rpc::Loop& loop = context_.lanes.here().loop();
    context_.node.read_barrier(call_.info().deadline_ns, [self = shared_from_this(), &loop](Status barrier) mutable {
      loop.post([self = std::move(self), barrier = std::move(barrier)] { barrier ? self->send_chunks() : self->end(barrier.error()); });
    });
  }

 private:
  // Until the client has enough, or the range is at its end.
  void send_chunks() {
    while (!call_.is_cancelled()) {
      const auto sent = request_.count_only ? send_count() : send_chunk();
      if (!sent) return end(sent.error());
      if (*sent == Sent::kLast) return finish({});
      if (*sent == Sent::kClientIsSlow) return;
    }
    finish({});
  }

  enum class Sent : std::uint8_t { kMore, kClientIsSlow, kLast };

  apply::ResponseHeader header() {
    apply::ResponseHeader header = context_.lanes.here().header();
    header.revision = revision_;
    return header;
  }

  // To be asked of each view anew: what the caller may read may have changed.
  Status check_caller() { return callers_.check_read(call_.info(), request_.key, request_.range_end); }

  Result<Sent> send_count() {
    const mvcc::ReadViewRef view = context_.node.view();
    TRY(check_caller());
    TRY_ASSIGN(mvcc::RangeResult result, range(*view, options()));
    revision_ = view->revision();
    (void)call_.send(wrap(apply::encode_range_response(header(), result)));
    return Sent::kLast;
  }

  Result<Sent> send_chunk() {
    FAILPOINT(beforeRangeStreamChunk);
    const mvcc::ReadViewRef view = context_.node.view();
    TRY(check_caller());
    mvcc::RangeOptions chunk = options();
    chunk.limit = std::min(chunk_limit_, left_);
    if (revision_.value == 0) revision_ = view->revision();
    if (chunk.revision.value <= 0) chunk.revision = revision_;
    TRY_ASSIGN(mvcc::RangeResult result, range(*view, chunk));
    const std::int64_t count_before = std::exchange(sent_, sent_ + static_cast<std::int64_t>(result.kvs.size()));
    left_ -= static_cast<std::int64_t>(result.kvs.size());
    if (!result.more || left_ == 0) {
      result.count += count_before;
      (void)call_.send(wrap(apply::encode_range_response(header(), result)));
      return Sent::kLast;
    }
    TRY_ASSIGN(const mvcc::KeyValue last, mvcc::decode_key_value(result.kvs.back()));
    next_key_.assign(last.key).push_back('\0');
    base::Rope message = encode_chunk(result);
    chunk_limit_ = next_chunk_limit(chunk_limit_, message.size(), context_.options.max_request_bytes);
    return call_.send(wrap(std::move(message))) ? Sent::kMore : Sent::kClientIsSlow;
  }

  // As etcd does, each chunk counts as a Range.
  Result<mvcc::RangeResult> range(const mvcc::ReadView& view, const mvcc::RangeOptions& asked) {
    const std::int64_t begun_ns = context_.clock.monotonic_ns();
    auto result = mvcc::range(view, asked);
    context_.metrics.observe_range(result.has_value(), context_.clock.monotonic_ns() - begun_ns);
    return result;
  }

  mvcc::RangeOptions options() const {
    mvcc::RangeOptions options = apply::range_options(request_);
    if (!next_key_.empty()) options.key = next_key_;
    // A single key has no chunk after the first, so the end is never missing here.
    return options;
  }

  void end(const Error& error) { finish(to_status(error)); }

  // Lets go of the events, which hold this object.
  void finish(rpc::GrpcStatus status) {
    const auto keep = shared_from_this();
    watch_ = LeaderWatch();
    call_.finish(std::move(status));
    call_.set_events({});
  }

  Context& context_;
  Callers& callers_;
  rpc::StreamCall call_;
  LeaderWatch watch_;
  const base::SharedBytes bytes_;  // what request_ looks into
  const apply::RangeRequest request_;
  std::int64_t left_;  // of the client's limit
  std::int64_t sent_ = 0;
  std::int64_t chunk_limit_ = kFirstChunkKeys;
  Revision revision_;     // of the first chunk's view; 0: none yet
  std::string next_key_;  // empty: from the beginning
};

}  // namespace

void RangeStreams::register_methods(Methods& methods) {
  methods.add("etcdserverpb.KV", "RangeStream", Rule::kByKeys,
              [this](rpc::StreamCall call, base::SharedBytes request) { start(std::move(call), std::move(request)); });
}

void RangeStreams::start(rpc::StreamCall call, base::SharedBytes bytes) {
  auto admitted = gate_.admit_stream(call, ForLearner::kRefused);
  if (!admitted) return call.finish(to_status(admitted.error()));
  const auto request = apply::decode_range(bytes.view());
  if (!request) return call.finish(malformed_request(request.error()));
  if (const Status checked = apply::check_range_stream(*request); !checked) return call.finish(to_status(checked.error()));
  std::make_shared<Streamer>(context_, callers_, std::move(call), std::move(*admitted), std::move(bytes), *request)->start();
}

std::int64_t next_chunk_limit(std::int64_t limit, std::size_t bytes, std::size_t target_bytes) {
  if (bytes < target_bytes / 2) return limit * 2;
  if (bytes > target_bytes * 2) return std::max<std::int64_t>(limit / 2, 1);
  return limit;
}

}  // namespace etcd::api
