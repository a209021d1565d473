#include "api/long_reads.h"

#include <limits>
#include <utility>

#include "api/large_range.h"
#include "apply/response.h"
#include "mvcc/key_range.h"

namespace etcd::api {

namespace {

// How many keys at most the range looks at, whatever there are.
std::int64_t most_keys(const mvcc::RangeOptions& options) {
  const bool cut_by_key = options.sort_order == mvcc::SortOrder::kNone ||
                          (options.sort_order == mvcc::SortOrder::kAscend && options.sort_target == mvcc::SortTarget::kKey);
  const bool bounded = options.min_mod_revision != Revision(0) || options.max_mod_revision != Revision(0) ||
                       options.min_create_revision != Revision(0) || options.max_create_revision != Revision(0);
  return options.limit > 0 && cut_by_key && !bounded ? options.limit : std::numeric_limits<std::int64_t>::max();
}

}  // namespace

struct LongReads::Read {
  rpc::UnaryCall call;
  apply::RangeRequest request;
  Peer peer;
  rpc::Loop& loop;
  apply::ResponseHeader header;
  mvcc::ReadViewRef view;
  Result<mvcc::RangeResult> result;
};

LongReads::LongReads(Context& context, Callers& callers, const Replies& replies)
    : context_(context), callers_(callers), replies_(replies) {}
LongReads::~LongReads() = default;

bool LongReads::takes(const mvcc::ReadView& view, const mvcc::RangeOptions& options) const {
  if (options.range_end.empty() || options.count_only || most_keys(options) <= kKeysOnLoop || !context_.options.read_elsewhere) return false;
  if (options.revision > view.revision()) return false;
  const Revision at = options.revision <= Revision(0) ? view.revision() : options.revision;
  return at >= view.compact_revision() && view.index().count(mvcc::KeyRange::of(options.key, options.range_end), at) > kKeysOnLoop;
}

void LongReads::run(rpc::UnaryCall call, const apply::RangeRequest& request) {
  Peer peer = call.info().peer;
  auto read = std::unique_ptr<Read>(
      new Read{std::move(call), request, peer, context_.lanes.here().loop(), {}, {}, fail(Errc::kUnknownOutcome)});
  Read& added = *read;
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    auto& line = lines_[std::move(peer)];
    is_first = line.empty();
    line.push_back(std::move(read));
  }
  if (is_first) start(added);
}

void LongReads::start(Read& read) {
  read.view = context_.node.view();
  read.header = context_.lanes.here().header();
  read.header.revision = read.view->revision();
  if (const Status may = callers_.check_read(read.call.info(), read.request.key, read.request.range_end); !may) {
    read.result = fail(may.error());
    return read.loop.post([this, &read] { finish(read); });
  }
  context_.options.read_elsewhere([this, &read] {
    const std::int64_t begun_ns = context_.clock.monotonic_ns();
    // Nobody waits for what was cancelled, but its turn has to end.
    if (!read.call.is_cancelled()) read.result = mvcc::range(*read.view, apply::range_options(read.request));
    context_.metrics.observe_range(read.result.has_value(), context_.clock.monotonic_ns() - begun_ns);
    read.loop.post([this, &read] { finish(read); });
  });
}

// The place at the head of the line stays taken, without the read.
void LongReads::finish(Read& read) {
  std::unique_ptr<Read> owned;
  {
    const std::lock_guard lock(mutex_);
    owned = std::move(lines_.at(read.peer).front());
  }
  answer(*owned);
}

void LongReads::answer(Read& read) {
  if (!read.result) {
    replies_.answer(std::move(read.call), RequestType::kRange, fail(read.result.error()));
    return next(read.peer);
  }
  const std::int64_t count = read.result->count;
  if (!LargeRange::is_large(*read.result)) {
    replies_.answer(std::move(read.call), RequestType::kRange, apply::encode_range_response(read.header, *read.result), count);
    return next(read.peer);
  }
  // The answer may go in the middle of anything that its connection does.
  auto gone = [this, peer = read.peer, &loop = read.loop] { loop.post([this, peer] { next(peer); }); };
  base::Rope response(std::make_unique<LargeRange>(read.header, std::move(read.view), std::move(*read.result), read.loop, std::move(gone)));
  replies_.answer(std::move(read.call), RequestType::kRange, std::move(response), count);
}

void LongReads::next(const Peer& peer) {
  Read* first = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto line = lines_.find(peer);
    line->second.pop_front();
    if (line->second.empty()) return void(lines_.erase(line));
    first = line->second.front().get();
  }
  start(*first);
}

}  // namespace etcd::api
