#include "api/watch_session.h"

#include <limits>
#include <utility>

#include "api/errors.h"
#include "apply/response.h"
#include "base/failpoint.h"

namespace etcd::api {

namespace {

constexpr std::uint32_t kRequestsAtOnce = 16;
// What etcd allows a response beside what a request may have.
constexpr std::size_t kResponseOverheadBytes = 512 * 1024;
constexpr std::size_t kMaxMessageBytes = std::numeric_limits<std::int32_t>::max();

// "rpc error: code = PermissionDenied desc = etcdserver: permission denied": an error as Go prints it, and as clients compare it.
std::string whole_text(const Error& error) {
  const rpc::GrpcStatus status = to_status(error);
  const char* const code = status.code == rpc::GrpcCode::kUnauthenticated   ? "Unauthenticated"
                           : status.code == rpc::GrpcCode::kInvalidArgument ? "InvalidArgument"
                                                                            : "PermissionDenied";
  return std::string("rpc error: code = ") + code + " desc = " + status.message;
}

}  // namespace

WatchLane::WatchLane(Context& context, Callers& callers, Lane& lane, std::int64_t progress_interval_ns)
    : context_(context),
      callers_(callers),
      lane_(lane),
      progress_interval_ns_(progress_interval_ns),
      rng_(static_cast<std::uint64_t>(context.clock.wall_ns())) {
  lane.loop().at_end_of_pass([this] { flush(); });
}

void WatchLane::flush() {
  flushing_.swap(to_flush_);
  for (const auto& session : flushing_) session->flush();
  flushing_.clear();
}

std::string_view WatchLane::header(Revision revision) {
  const Term term = lane_.status().term;
  if (revision != header_revision_ || term != header_term_) {
    apply::ResponseHeader header = lane_.header();
    header.revision = header_revision_ = revision;
    header_term_ = term;
    header_ = apply::encode_header(header);
  }
  return header_;
}

std::int64_t WatchLane::progress_interval_ns() {
  return progress_interval_ns_ + static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(progress_interval_ns_ / 10)));
}

WatchSession::WatchSession(WatchLane& lane, rpc::StreamCall call, LeaderWatch leader)
    : lane_(lane),
      call_(std::move(call)),
      leader_(std::move(leader)),
      stream_(lane.lane().hub(), *this),
      progress_timer_([this] { tick(); }) {
  lane_.sessions().insert(this);
}

WatchSession::~WatchSession() { lane_.sessions().erase(this); }

void WatchSession::start() {
  // Nothing is to be done when the client will ask no more: it still listens.
  call_.set_events({.on_message = [self = shared_from_this()](base::SharedBytes bytes) { self->receive(bytes); },
                    .on_writable = [this] { resume(); }});
  call_.read(kRequestsAtOnce);
}

// ---- Requests

void WatchSession::receive(const base::SharedBytes& bytes) {
  if (is_finished_) return;
  base::Clock& clock = lane_.context().clock;
  const std::int64_t began_ns = clock.monotonic_ns();
  const auto call = decode_watch_request(bytes.view());
  if (!call) {
    lane_.context().metrics.stream_failure("receive", "watch");
    return finish(malformed_request(call.error()));
  }
  std::visit([this](const auto& request) { handle(request); }, *call);
  lane_.context().watch_metrics.control_seconds.observe(static_cast<double>(clock.monotonic_ns() - began_ns) * 1e-9);
  if (is_finished_) return;
  unsent_bytes() <= kMaxUnsentBytes ? call_.read(1) : void(++owed_reads_);
}

void WatchSession::handle(const std::monostate&) {
  lane_.context().logger.info("invalid watch request type <nil> received in gRPC stream");
}

void WatchSession::handle(const WatchCreate& create) {
  if (create.request.start.value < 0) return refuse(text_of(Error{Errc::kCompacted}));
  if (const Status may = check_caller(create.request); !may) return refuse(whole_text(may.error()));
  const auto started = stream_.watch(create.id, create.request);
  if (!started) return refuse(text_of(started.error()));
  write(started->revision, {.id = started->id, .created = true});
  if (!create.request.progress_notify || progress_interval_ns_ != 0) return;
  progress_interval_ns_ = lane_.progress_interval_ns();
  rpc::Loop& loop = lane_.lane().loop();
  loop.timers().start(progress_timer_, loop.now_ns() + progress_interval_ns_);
}

// The range as the client gave it is what the hub will watch: nothing is rewritten in between.
Status WatchSession::check_caller(const watch::WatchRequest& request) {
  constexpr std::string_view kLowestKey("\0", 1);
  return lane_.callers().check_read(call_.info(), request.key.empty() ? kLowestKey : request.key, request.range_end);
}

void WatchSession::refuse(const std::string& reason) {
  write(stream_.revision(), {.id = watch::kNoWatchId, .created = true, .canceled = true, .cancel_reason = reason});
}

void WatchSession::handle(const WatchCancel& cancel) {
  if (stream_.cancel(cancel.id)) write(stream_.revision(), {.id = cancel.id, .canceled = true});
}

void WatchSession::tick() {
  rpc::Loop& loop = lane_.lane().loop();
  loop.timers().start(progress_timer_, loop.now_ns() + progress_interval_ns_);
  const std::int64_t began_ns = loop.clock().monotonic_ns();
  stream_.tick();
  lane_.context().watch_metrics.progress_seconds.observe(static_cast<double>(loop.clock().monotonic_ns() - began_ns) * 1e-9);
}

// ---- What the hub tells

bool WatchSession::on_events(const watch::Delivery& delivery) {
  const WatchAnswer answer{.id = delivery.id};
  delivery.fragment ? write_fragments(delivery.revision, answer, delivery.events) : write(delivery.revision, answer, &delivery.events);
  return takes_more();
}

// With no revision in the header, as etcd sends it.
bool WatchSession::on_compacted(watch::WatchId id, Revision compact_revision) {
  write(Revision(0), {.id = id, .canceled = true, .compact_revision = compact_revision});
  return takes_more();
}

bool WatchSession::on_progress(watch::WatchId id, Revision revision) {
  write(revision, {.id = id});
  return takes_more();
}

bool WatchSession::takes_more() {
  is_stalled_ |= unsent_bytes() > kMaxUnsentBytes || is_finished_;
  return !is_stalled_;
}

// ---- Responses

void WatchSession::write(Revision revision, const WatchAnswer& answer, const watch::Payload* events) {
  std::string& head = lane_.scratch();
  head.clear();
  append_watch_answer(head, lane_.header(revision), answer);
  if (!begin_message(head.size() + (events == nullptr ? 0 : events->bytes().size()))) return;
  batch_.append(head);
  if (events == nullptr) return;
  constexpr std::size_t kShareBytes = 1024;  // below, a copy costs less than a reference
  if (events->bytes().size() < kShareBytes) return batch_.append(events->bytes());
  batch_.append(events->shared());
}

// etcd's way to cut: a part has at least one event, and as many more as keep it below the limit.
void WatchSession::write_fragments(Revision revision, WatchAnswer answer, const watch::Payload& events) {
  std::string& head = lane_.scratch();
  head.clear();
  append_watch_answer(head, lane_.header(revision), answer);
  const std::size_t limit = lane_.context().options.max_request_bytes + kResponseOverheadBytes;
  if (head.size() + events.bytes().size() < limit || events.count() < 2) return write(revision, answer, &events);
  constexpr std::size_t kFragmentFieldBytes = 2;
  const std::size_t head_bytes = head.size() + kFragmentFieldBytes;
  for (std::size_t from = 0; from < events.count();) {
    std::size_t to = from + 1;
    std::size_t bytes = head_bytes + events.event(from).size();
    while (to < events.count() && bytes + events.event(to).size() < limit) bytes += events.event(to++).size();
    answer.fragment = to < events.count();
    write_part(revision, answer, events, from, to);
    from = to;
  }
}

void WatchSession::write_part(Revision revision, const WatchAnswer& answer, const watch::Payload& events, std::size_t from, std::size_t to) {
  std::string& head = lane_.scratch();
  head.clear();
  append_watch_answer(head, lane_.header(revision), answer);
  const char* const begin = events.event(from).data();
  const std::string_view last = events.event(to - 1);
  const auto offset = static_cast<std::size_t>(begin - events.bytes().data());
  const auto size = static_cast<std::size_t>(last.data() + last.size() - begin);
  if (!begin_message(head.size() + size)) return;
  batch_.append(head);
  batch_.append(events.shared().slice(offset, size));
}

// False if there is no sending it: the stream ends then.
bool WatchSession::begin_message(std::size_t bytes) {
  if (is_finished_) return false;
  if (!std::exchange(is_to_be_flushed_, true)) lane_.flush_later(shared_from_this());
  if (bytes <= kMaxMessageBytes) return batch_.begin(bytes), true;
  lane_.context().metrics.stream_failure("send", "watch");
  // Not from here, where the hub may be at work.
  is_finished_ = true;
  lane_.lane().loop().post([call = call_, bytes]() mutable {
    call.finish({rpc::GrpcCode::kResourceExhausted, "grpc: trying to send message larger than max (" + std::to_string(bytes) + " vs. " +
                                                        std::to_string(kMaxMessageBytes) + ")"});
  });
  return false;
}

void WatchSession::flush() {
  is_to_be_flushed_ = false;
  if (batch_.empty()) return;
  FAILPOINT(beforeSendWatchResponse);
  if (call_.send(std::exchange(batch_, {}))) resume();
}

// Output has left, or did not fill the stream after all.
void WatchSession::resume() {
  if (is_finished_) return;
  if (std::exchange(is_stalled_, false)) stream_.sink_is_ready();
  if (owed_reads_ > 0) call_.read(std::exchange(owed_reads_, 0));
}

void WatchSession::finish(rpc::GrpcStatus status) {
  if (std::exchange(is_finished_, true)) return;
  const auto keep = shared_from_this();
  if (!batch_.empty()) (void)call_.send(std::exchange(batch_, {}));
  call_.finish(std::move(status));
}

}  // namespace etcd::api
