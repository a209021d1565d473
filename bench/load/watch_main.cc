// etcd_watch_load: watchers and one writer of their keys; prints one line of JSON. See --help.
#include <sys/epoll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/wire.h"
#include "bench/load/connection.h"
#include "bench/load/process.h"
#include "bench/load/watch_connection.h"

namespace etcd::bench {
namespace {

constexpr const char* kUsage = R"(etcd_watch_load [--name=value ...]
  --endpoint=127.0.0.1:2379  --watchers=1000  --connections=10  --streams=10 (on each; up to 1,000 watchers a stream)
  --keys=1 (watcher i watches key i modulo this; puts go to them in turn)
  --start=0 (revision that the watchers begin at)  --expect=0 (events of the history to wait for before the first put)
  --puts=1000 (0: the watchers stay idle)  --in-flight=1  --rate=0 (puts a second; 0: as they are answered)  --value-bytes=64
  --patience=30 (seconds without an event after which the run is given up)  --pid=N (of the server: CPU and memory)
)";

struct Settings {
  std::string host = "127.0.0.1";
  int port = 2379;
  std::int64_t watchers = 1000;
  std::int64_t connections = 10;
  std::int64_t streams = 10;
  std::int64_t keys = 1;
  std::int64_t start = 0;
  std::int64_t expect = 0;
  std::int64_t puts = 1000;
  std::int64_t in_flight = 1;
  std::int64_t rate = 0;
  std::int64_t value_bytes = 64;
  std::int64_t patience = 30;
  std::int64_t pid = 0;
};

bool parse(int argc, char** argv, Settings& settings) {
  const std::map<std::string, std::int64_t*> numbers = {
      {"watchers", &settings.watchers}, {"connections", &settings.connections}, {"streams", &settings.streams},
      {"keys", &settings.keys},         {"puts", &settings.puts},               {"in-flight", &settings.in_flight},
      {"start", &settings.start},       {"expect", &settings.expect},
      {"rate", &settings.rate},         {"value-bytes", &settings.value_bytes}, {"patience", &settings.patience},
      {"pid", &settings.pid}};
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto equals = argument.find('=');
    if (argument.rfind("--", 0) != 0 || equals == std::string::npos) return false;
    const std::string name = argument.substr(2, equals - 2);
    const std::string value = argument.substr(equals + 1);
    if (name == "endpoint") {
      const auto colon = value.rfind(':');
      if (colon == std::string::npos) return false;
      settings.host = value.substr(0, colon);
      settings.port = std::atoi(value.c_str() + colon + 1);
      continue;
    }
    const auto found = numbers.find(name);
    if (found == numbers.end()) return false;
    *found->second = std::atoll(value.c_str());
  }
  // The requests of a stream are sent at once, before the server has opened its windows.
  constexpr std::int64_t kMaxWatchersOfStream = 1000;
  return settings.connections > 0 && settings.streams > 0 && settings.keys > 0 && settings.in_flight > 0 &&
         settings.watchers <= kMaxWatchersOfStream * settings.connections * settings.streams;
}

std::string key_name(std::int64_t number) { return "watched-" + std::to_string(number); }

// The writer's puts, in turn over the keys, as fast as the rate allows.
class Puts : public CallSource {
 public:
  explicit Puts(const Settings& settings) : settings_(settings), began_ns_(base::system_clock().monotonic_ns()) {}

  // A connection that was told "no more" asks no more: it is only asked when a put is due.
  bool is_due(std::int64_t now_ns) const {
    return made_ < settings_.puts && (settings_.rate == 0 || made_ * 1'000'000'000 <= (now_ns - began_ns_) * settings_.rate);
  }
  bool is_done() const { return ended_ == settings_.puts; }
  bool next(std::string& request) override {
    request.clear();
    base::WireWriter writer(request);
    writer.bytes(1, key_name(made_ % settings_.keys));
    writer.bytes(2, stamped_value(base::system_clock().monotonic_ns(), static_cast<std::size_t>(settings_.value_bytes)));
    ++made_;
    return true;
  }
  void ended(std::int64_t latency_ns, int status, std::size_t) override {
    latencies.add(latency_ns);
    errors += status != 0;
    ++ended_;
  }

  Latencies latencies;
  std::int64_t errors = 0;

 private:
  const Settings& settings_;
  const std::int64_t began_ns_;
  std::int64_t made_ = 0;
  std::int64_t ended_ = 0;
};

class Run {
 public:
  explicit Run(const Settings& settings) : settings_(settings), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}
  ~Run() { ::close(epoll_); }

  Status begin_watches();
  Status write_and_listen();
  std::string report() const;

 private:
  // How many of the watchers watch that key.
  std::int64_t watchers_of(std::int64_t key) const { return settings_.watchers / settings_.keys + (key < settings_.watchers % settings_.keys); }
  std::int64_t expected_events() const;
  Status serve(int wait_ms);

  const Settings& settings_;
  int epoll_;
  WatchCounts counts_;
  std::vector<WatchConnection> connections_;
  std::int64_t put_errors_ = 0;
  Latencies put_latencies_;
  double seconds_ = 0;
  ProcessUsage empty_;
  ProcessUsage idle_;
  ProcessUsage after_;
};

Status Run::begin_watches() {
  empty_ = process_usage(static_cast<int>(settings_.pid));
  const std::int64_t all_streams = settings_.connections * settings_.streams;
  connections_.reserve(static_cast<std::size_t>(settings_.connections));
  for (std::int64_t i = 0; i < settings_.connections; ++i) {
    TRY_ASSIGN(WatchConnection connection, WatchConnection::open(settings_.host, settings_.port, counts_));
    connections_.push_back(std::move(connection));
    epoll_event event{.events = EPOLLIN, .data = {.u64 = static_cast<std::uint64_t>(i)}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_.back().fd(), &event);
  }
  for (std::int64_t stream = 0; stream < all_streams; ++stream) {
    std::vector<std::string> keys;
    for (std::int64_t watcher = stream; watcher < settings_.watchers; watcher += all_streams) keys.push_back(key_name(watcher % settings_.keys));
    if (!keys.empty()) connections_[static_cast<std::size_t>(stream % settings_.connections)].watch(keys, settings_.start);
  }
  while (counts_.created < settings_.watchers || counts_.events < settings_.expect) TRY(serve(100));
  idle_ = process_usage(static_cast<int>(settings_.pid));
  return {};
}

Status Run::serve(int wait_ms) {
  for (WatchConnection& connection : connections_) {
    if (connection.wants_write()) TRY(connection.flush());
  }
  std::vector<epoll_event> events(256);
  const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms);
  const std::int64_t now_ns = base::system_clock().monotonic_ns();
  for (int i = 0; i < ready; ++i) {
    const std::uint64_t number = events[static_cast<std::size_t>(i)].data.u64;
    if (number < connections_.size()) TRY(connections_[number].receive(now_ns));
  }
  return {};
}

std::int64_t Run::expected_events() const {
  std::int64_t events = settings_.expect;
  for (std::int64_t key = 0; key < settings_.keys; ++key) {
    const std::int64_t puts = settings_.puts / settings_.keys + (key < settings_.puts % settings_.keys);
    events += puts * watchers_of(key);
  }
  return events;
}

Status Run::write_and_listen() {
  base::Clock& clock = base::system_clock();
  const std::int64_t began_ns = clock.monotonic_ns();
  Puts puts(settings_);
  TRY_ASSIGN(Connection writer, Connection::open({.host = settings_.host, .port = settings_.port, .path = "/etcdserverpb.KV/Put", .streams = 1}, puts));
  std::vector<Connection> writers;
  writers.reserve(static_cast<std::size_t>(settings_.in_flight));
  writers.push_back(std::move(writer));
  while (static_cast<std::int64_t>(writers.size()) < settings_.in_flight) {
    TRY_ASSIGN(Connection another, Connection::open({.host = settings_.host, .port = settings_.port, .path = "/etcdserverpb.KV/Put", .streams = 1}, puts));
    writers.push_back(std::move(another));
  }
  for (const Connection& connection : writers) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = UINT64_MAX}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd(), &event);
  }
  std::int64_t heard_ns = began_ns;
  for (std::int64_t heard = 0; !puts.is_done() || counts_.events < expected_events();) {
    for (Connection& connection : writers) {
      const std::int64_t now_ns = clock.monotonic_ns();
      TRY(connection.receive(now_ns));
      if (connection.in_flight() == 0 && puts.is_due(now_ns)) TRY(connection.fill(now_ns));
    }
    TRY(serve(1));
    const std::int64_t now_ns = clock.monotonic_ns();
    if (heard != counts_.events) heard_ns = now_ns;
    heard = counts_.events;
    if (now_ns - heard_ns > settings_.patience * 1'000'000'000) return fail(Errc::kTimeout, "events are missing");
  }
  seconds_ = static_cast<double>(clock.monotonic_ns() - began_ns) / 1e9;
  after_ = process_usage(static_cast<int>(settings_.pid));
  put_errors_ = puts.errors;
  put_latencies_ = puts.latencies;
  return {};
}

std::string Run::report() const {
  const double events = static_cast<double>(std::max<std::int64_t>(counts_.events, 1));
  char text[640];
  std::snprintf(text, sizeof text,
                R"({"watchers":%lld,"puts":%lld,"put_errors":%lld,"events":%lld,"seconds":%.3f,"events_per_second":%.0f,)"
                R"("event_p50_us":%.1f,"event_p99_us":%.1f,"event_max_us":%.1f,"put_p50_us":%.1f,"put_p99_us":%.1f,)"
                R"("server_cpu_us_per_event":%.3f,"bytes_per_event":%.0f,"rss_kib_before":%lld,"rss_kib_idle":%lld,"rss_kib_after":%lld})",
                static_cast<long long>(counts_.created), static_cast<long long>(settings_.puts), static_cast<long long>(put_errors_),
                static_cast<long long>(counts_.events), seconds_, events / std::max(seconds_, 1e-9), counts_.latencies.quantile_us(0.5),
                counts_.latencies.quantile_us(0.99), counts_.latencies.max_us(), put_latencies_.quantile_us(0.5),
                put_latencies_.quantile_us(0.99), static_cast<double>(after_.cpu_us - idle_.cpu_us) / events,
                static_cast<double>(counts_.bytes) / events, static_cast<long long>(empty_.rss_kib), static_cast<long long>(idle_.rss_kib),
                static_cast<long long>(after_.rss_kib));
  return text;
}

int main(int argc, char** argv) {
  Settings settings;
  if (!parse(argc, argv, settings)) {
    std::cerr << kUsage;
    return 2;
  }
  Run run(settings);
  Status status = run.begin_watches();
  if (status && settings.puts > 0) status = run.write_and_listen();
  std::cout << run.report() << '\n';
  if (!status) std::cerr << describe(status.error()) << '\n';
  return status ? 0 : 1;
}

}  // namespace
}  // namespace etcd::bench

int main(int argc, char** argv) { return etcd::bench::main(argc, argv); }
