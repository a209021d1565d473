#include "api/loop_hub.h"

namespace etcd::api {

namespace {

watch::HubMetrics hub_metrics(base::Metrics& metrics) {
  // Events wait nowhere: what a stream does not take stays in the log, and its watchers are slow until they have read it.
  metrics.gauge("etcd_debugging_mvcc_pending_events_total", "Total number of pending events to be sent.");
  return {.streams = metrics.gauge("etcd_debugging_mvcc_watch_stream_total", "Total number of watch streams."),
          .watchers = metrics.gauge("etcd_debugging_mvcc_watcher_total", "Total number of watchers."),
          .slow_watchers = metrics.gauge("etcd_debugging_mvcc_slow_watcher_total", "Total number of unsynced slow watchers."),
          .events = metrics.counter("etcd_debugging_mvcc_events_total", "Total number of events sent by this member.")};
}

base::Histogram loop_histogram(base::Metrics& metrics, const char* name, const char* help) {
  return metrics.histogram(name, help, base::exponential_buckets(0.001, 2, 14));
}

}  // namespace

WatchMetrics::WatchMetrics(base::Metrics& metrics)
    : hub(hub_metrics(metrics)),
      step_seconds(loop_histogram(metrics, "etcd_debugging_server_watch_send_loop_watch_stream_duration_seconds",
                                  "The total duration in seconds of running through the send loop watch stream response all events.")),
      event_seconds(loop_histogram(metrics, "etcd_debugging_server_watch_send_loop_watch_stream_duration_per_event_seconds",
                                   "The average duration in seconds of running through the send loop watch stream response, for each event.")),
      control_seconds(loop_histogram(metrics, "etcd_debugging_server_watch_send_loop_control_stream_duration_seconds",
                                     "The total duration in seconds of running through the send loop control stream response.")),
      progress_seconds(loop_histogram(metrics, "etcd_debugging_server_watch_send_loop_progress_duration_seconds",
                                      "The total duration in seconds of running through the progress loop control stream response.")) {}

LoopHub::LoopHub(rpc::Loop& loop, node::Node& node, const WatchMetrics& metrics)
    : loop_(loop),
      node_(node),
      metrics_(metrics),
      hub_(*this, metrics.hub),
      pause_([this] { wake(); }),
      signal_([this] { loop_.post([this] { run(); }); }) {
  node_.add_signal(signal_);
}

LoopHub::~LoopHub() { node_.remove_signal(signal_); }

void LoopHub::wake() {
  if (std::exchange(is_scheduled_, true)) return;
  loop_.post([this] {
    is_scheduled_ = false;
    run();
  });
}

// Where there is more to do the next step is another task. Else the node's signal brings the next one, armed before the last look for news.
void LoopHub::run() {
  if (is_scheduled_) return;
  step();
  if (is_scheduled_ || hub_.is_idle()) return;
  signal_.arm();
  if (node_.view()->revision() >= hub_.next()) wake();
}

void LoopHub::step() {
  const std::uint64_t told_before = hub_.told();
  const std::uint64_t bytes_before = hub_.told_bytes();
  const std::int64_t began_ns = loop_.clock().monotonic_ns();
  const watch::History history = pace_.next(node_.view()->revision(), hub_.way_to_go(), began_ns);
  if (hub_.step(history)) wake();
  const std::int64_t ended_ns = loop_.clock().monotonic_ns();
  pace_.ended(ended_ns, hub_.told_bytes() - bytes_before);
  if (history != watch::History::kFast && hub_.way_to_go() > 0) await_history(ended_ns);
  const auto told = static_cast<double>(hub_.told() - told_before);
  if (told == 0) return;
  const double seconds = static_cast<double>(ended_ns - began_ns) * 1e-9;
  metrics_.step_seconds.observe(seconds);
  metrics_.event_seconds.observe(seconds / told);
}

void LoopHub::await_history(std::int64_t now_ns) {
  if (pace_.due_ns() <= now_ns) return wake();
  loop_.timers().start(pause_, pace_.due_ns());
}

}  // namespace etcd::api
