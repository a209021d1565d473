#include "api/long_reads.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "api/large_range.h"
#include "apply/accesses.h"
#include "apply/response.h"
#include "base/check.h"
#include "base/wire.h"
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

// How many keys the range looks at, `limit` if that is fewer.
std::int64_t keys_read(const mvcc::ReadView& view, const mvcc::RangeOptions& options, std::int64_t limit) {
  if (options.range_end.empty()) return std::min<std::int64_t>(limit, 1);
  const std::int64_t most = std::min(limit, most_keys(options));
  const Revision at = options.revision <= Revision(0) ? view.revision() : options.revision;
  if (options.count_only || at > view.revision() || at < view.compact_revision()) return 0;
  return std::min(most, view.index().count(mvcc::KeyRange::of(options.key, options.range_end), at));
}

// Of a TxnResponse, 1 or 0. It stands right behind the header; what the first piece cuts off does not matter.
std::int64_t succeeded(base::Rope& response) {
  base::WireReader reader(response.pieces().front().view());
  while (const auto field = reader.next()) {
    if (field->number == 2) return field->as_int64();
  }
  return 0;
}

// An answer that lies in memory, and says when it has left.
class WatchedAnswer final : public base::RopeSource {
 public:
  WatchedAnswer(base::Rope answer, base::UniqueFunction<void()> on_gone) : answer_(std::move(answer)), left_(answer_.size()), on_gone_(std::move(on_gone)) {}
  ~WatchedAnswer() override { on_gone_(); }

  std::size_t size() const override { return left_; }
  bool is_rationed() const override { return true; }
  void append_next(std::size_t count, std::string& out) override {
    CHECK(count <= left_, count, left_);
    left_ -= count;
    while (count > 0) {
      const std::string_view part = answer_.pieces()[piece_].view().substr(begun_);
      const std::size_t some = std::min(count, part.size());
      out.append(part.substr(0, some));
      count -= some;
      begun_ += some;
      if (some == part.size()) begun_ = 0, ++piece_;
    }
  }

 private:
  base::Rope answer_;
  std::size_t left_;
  std::size_t piece_ = 0;
  std::size_t begun_ = 0;  // of that piece
  base::UniqueFunction<void()> on_gone_;
};

}  // namespace

struct LongReads::RangeJob {
  apply::RangeRequest request;
  Result<mvcc::RangeResult> result = fail(Errc::kUnknownOutcome);
};

struct LongReads::TxnJob {
  apply::TxnRequest request;
  apply::OperationCounts counts = {};
  Result<base::Rope> response = fail(Errc::kUnknownOutcome);
};

struct LongReads::Read {
  rpc::UnaryCall call;
  Job job;
  Peer peer;
  rpc::Loop& loop;
  apply::ResponseHeader header = {};
  mvcc::ReadViewRef view = {};
};

LongReads::LongReads(Context& context, Callers& callers, const Replies& replies)
    : context_(context), callers_(callers), replies_(replies) {}
LongReads::~LongReads() = default;

bool LongReads::takes(const mvcc::ReadView& view, const mvcc::RangeOptions& options) const {
  return context_.options.read_elsewhere && keys_read(view, options, kKeysOnLoop + 1) > kKeysOnLoop;
}

bool LongReads::takes(const mvcc::ReadView& view, const apply::TxnRequest& request) const {
  if (!context_.options.read_elsewhere) return false;
  std::int64_t left = kKeysOnLoop + 1;
  for (const apply::Compare& compare : request.compares) {
    left -= keys_read(view, {.key = compare.key, .range_end = compare.range_end}, left);
  }
  for (const apply::RangeRequest& range : request.ranges) left -= keys_read(view, apply::range_options(range), left);
  return left == 0;
}

void LongReads::run(rpc::UnaryCall call, const apply::RangeRequest& request) { enqueue(std::move(call), RangeJob{request}); }

void LongReads::run(rpc::UnaryCall call, apply::TxnRequest request) { enqueue(std::move(call), TxnJob{std::move(request)}); }

void LongReads::enqueue(rpc::UnaryCall call, Job job) {
  Peer peer = call.info().peer;
  auto read = std::unique_ptr<Read>(new Read{std::move(call), std::move(job), peer, context_.lanes.here().loop()});
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
  if (const Status may = check_caller(read); !may) {
    if (auto* range = std::get_if<RangeJob>(&read.job)) range->result = fail(may.error());
    if (auto* txn = std::get_if<TxnJob>(&read.job)) txn->response = fail(may.error());
    return read.loop.post([this, &read] { finish(read); });
  }
  context_.options.read_elsewhere([this, &read] {
    // Nobody waits for what was cancelled, but its turn has to end.
    if (!read.call.is_cancelled()) carry_out(read);
    read.loop.post([this, &read] { finish(read); });
  });
}

// Of the view that was just taken.
Status LongReads::check_caller(const Read& read) {
  if (!callers_.is_auth_enabled()) return {};
  if (const auto* range = std::get_if<RangeJob>(&read.job)) {
    return callers_.check_read(read.call.info(), range->request.key, range->request.range_end);
  }
  apply::Accesses accesses;
  apply::append_accesses(std::get<TxnJob>(read.job).request, nullptr, accesses);
  return callers_.check(read.call.info(), accesses);
}

// On the thread for it.
void LongReads::carry_out(Read& read) {
  if (auto* txn = std::get_if<TxnJob>(&read.job)) {
    txn->response = apply::run_read_txn(*read.view, txn->request, read.header, txn->counts);
    read.view = {};  // the response is whole
    return;
  }
  auto& range = std::get<RangeJob>(read.job);
  const std::int64_t begun_ns = context_.clock.monotonic_ns();
  range.result = mvcc::range(*read.view, apply::range_options(range.request));
  context_.metrics.observe_range(range.result.has_value(), context_.clock.monotonic_ns() - begun_ns);
}

// The place at the head of the line stays taken, without the read.
void LongReads::finish(Read& read) {
  std::unique_ptr<Read> owned;
  {
    const std::lock_guard lock(mutex_);
    owned = std::move(lines_.at(read.peer).front());
  }
  std::visit([&](auto& job) { answer(*owned, job); }, owned->job);
}

void LongReads::answer(Read& read, RangeJob& job) {
  if (!job.result) {
    replies_.answer(std::move(read.call), RequestType::kRange, fail(job.result.error()));
    return next(read.peer);
  }
  const std::int64_t count = job.result->count;
  if (!LargeRange::is_large(*job.result)) {
    replies_.answer(std::move(read.call), RequestType::kRange, apply::encode_range_response(read.header, *job.result), count);
    return next(read.peer);
  }
  base::Rope response(std::make_unique<LargeRange>(read.header, std::move(read.view), std::move(*job.result), read.loop, when_gone(read)));
  replies_.answer(std::move(read.call), RequestType::kRange, std::move(response), count);
}

void LongReads::answer(Read& read, TxnJob& job) {
  context_.metrics.count(job.counts);
  if (!job.response || job.response->size() < LargeRange::kLargeBytes) {
    replies_.answer(std::move(read.call), RequestType::kReadonlyTxn, std::move(job.response));
    return next(read.peer);
  }
  const std::int64_t way = succeeded(*job.response);
  base::Rope response(std::make_unique<WatchedAnswer>(std::move(*job.response), when_gone(read)));
  replies_.answer(std::move(read.call), RequestType::kReadonlyTxn, std::move(response), way);
}

// The answer may go in the middle of anything that its connection does.
base::UniqueFunction<void()> LongReads::when_gone(const Read& read) {
  return [this, peer = read.peer, &loop = read.loop] { loop.post([this, peer] { next(peer); }); };
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
