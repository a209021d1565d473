// etcd_load: a gRPC load generator for KV.Put, KV.Range and leases; prints one line of JSON. See --help.
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "bench/load/connection.h"
#include "bench/load/process.h"
#include "bench/load/report.h"
#include "bench/load/workload.h"

namespace etcd::bench {
namespace {

std::atomic<bool> interrupted{false};  // by SIGINT: no more calls are started, and the figures so far are printed

constexpr const char* kUsage = R"(etcd_load [--name=value ...]
  --endpoint=127.0.0.1:2379  --connections=50  --streams=20 (calls in flight on each)
  --op=put | put-mixed | range | range-serializable | range-limit | range-all | count | lease-grant | lease-keepalive
  --keys=100000 (or leases)  --sequential=0|1  --value-bytes=256  --limit=500  --ttl=60 (seconds)  --seed=1
  --calls=N (stop after N)  --seconds=5 (or after this time, or at SIGINT)  --pid=N (of the server: CPU and memory)
)";

struct Settings {
  Connection::Options connection{.host = "127.0.0.1", .port = 2379, .path = {}, .streams = 20, .bidirectional = false};
  int connections = 50;
  WorkloadOptions workload;
  std::int64_t calls = INT64_MAX;
  double seconds = 5;
  int pid = 0;
};

bool parse(int argc, char** argv, Settings& settings) {
  std::map<std::string, std::string> values;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto equals = argument.find('=');
    if (argument.rfind("--", 0) != 0 || equals == std::string::npos) return false;
    values[argument.substr(2, equals - 2)] = argument.substr(equals + 1);
  }
  for (const auto& [name, value] : values) {
    const std::int64_t number = std::atoll(value.c_str());
    if (name == "endpoint") {
      const auto colon = value.rfind(':');
      if (colon == std::string::npos) return false;
      settings.connection.host = value.substr(0, colon);
      settings.connection.port = std::atoi(value.c_str() + colon + 1);
    } else if (name == "connections") settings.connections = static_cast<int>(number);
    else if (name == "streams") settings.connection.streams = static_cast<int>(number);
    else if (name == "op") settings.workload.op = value;
    else if (name == "keys") settings.workload.keys = number;
    else if (name == "sequential") settings.workload.sequential = number != 0;
    else if (name == "value-bytes") settings.workload.value_bytes = number;
    else if (name == "limit") settings.workload.limit = number;
    else if (name == "ttl") settings.workload.ttl_s = number;
    else if (name == "seed") settings.workload.seed = static_cast<std::uint64_t>(number);
    else if (name == "calls") settings.calls = number;
    else if (name == "seconds") settings.seconds = std::atof(value.c_str());
    else if (name == "pid") settings.pid = static_cast<int>(number);
    else return false;
  }
  return settings.connections > 0 && settings.connection.streams > 0 && settings.workload.keys > 0;
}

// Hands out the workload's requests up to the limit of calls and time, and gathers the outcomes.
class Run : public CallSource {
 public:
  Run(Workload& workload, std::int64_t calls, std::int64_t end_ns) : workload_(workload), left_(calls), end_ns_(end_ns) {}

  bool next(std::string& request) override {
    if (left_ <= 0 || interrupted.load(std::memory_order_relaxed) || base::system_clock().monotonic_ns() >= end_ns_) return false;
    --left_;
    workload_.next(request);
    return true;
  }
  void ended(std::int64_t latency_ns, int status, std::size_t bytes) override {
    report.latencies.add(latency_ns);
    report.errors += status != 0;
    report.response_bytes += static_cast<std::int64_t>(bytes);
  }

  Report report;

 private:
  Workload& workload_;
  std::int64_t left_;
  std::int64_t end_ns_;
};

void watch(int epoll, int operation, const Connection& connection, int number) {
  epoll_event event{.events = connection.wants_write() ? EPOLLIN | EPOLLOUT : EPOLLIN,
                    .data = {.u64 = static_cast<std::uint64_t>(number)}};
  ::epoll_ctl(epoll, operation, connection.fd(), &event);
}

Status drive(const Settings& settings, Run& run, int epoll) {
  base::Clock& clock = base::system_clock();
  std::vector<Connection> connections;
  connections.reserve(static_cast<std::size_t>(settings.connections));
  for (int i = 0; i < settings.connections; ++i) {
    TRY_ASSIGN(Connection connection, Connection::open(settings.connection, run));
    connections.push_back(std::move(connection));
    TRY(connections.back().fill(clock.monotonic_ns()));
    watch(epoll, EPOLL_CTL_ADD, connections.back(), i);
  }
  std::int64_t sampled_ns = 0;
  for (std::vector<epoll_event> events(256);;) {
    const int ready = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), settings.pid != 0 ? 3 : 100);
    const std::int64_t now_ns = clock.monotonic_ns();
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      Connection& connection = connections[event.data.u64];
      const bool was_blocked = connection.wants_write();
      if ((event.events & EPOLLIN) != 0) TRY(connection.receive(now_ns));
      TRY(connection.fill(now_ns));
      if (was_blocked != connection.wants_write()) watch(epoll, EPOLL_CTL_MOD, connection, static_cast<int>(event.data.u64));
    }
    if (settings.pid != 0 && now_ns - sampled_ns > 3'000'000) {
      sampled_ns = now_ns;
      run.report.peak_anonymous_kib = std::max(run.report.peak_anonymous_kib, anonymous_kib(settings.pid));
    }
    bool busy = false;
    for (const Connection& connection : connections) busy = busy || connection.in_flight() > 0;
    if (!busy) return {};
  }
}

int main(int argc, char** argv) {
  Settings settings;
  if (!parse(argc, argv, settings)) {
    std::cerr << kUsage;
    return 2;
  }
  auto workload = Workload::make(settings.workload);
  if (!workload) {
    std::cerr << workload.error().detail << '\n';
    return 2;
  }
  settings.connection.path = workload->path();
  settings.connection.bidirectional = workload->is_bidirectional();
  base::Clock& clock = base::system_clock();
  const std::int64_t start_ns = clock.monotonic_ns();
  Run run(*workload, settings.calls, start_ns + static_cast<std::int64_t>(settings.seconds * 1e9));
  std::signal(SIGINT, [](int) { interrupted.store(true); });
  const ProcessUsage before = process_usage(settings.pid);
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const Status status = drive(settings, run, epoll);
  ::close(epoll);
  const ProcessUsage after = process_usage(settings.pid);
  run.report.seconds = static_cast<double>(clock.monotonic_ns() - start_ns) / 1e9;
  run.report.server_cpu_us = static_cast<double>(after.cpu_us - before.cpu_us);
  run.report.rss_kib = after.rss_kib;
  run.report.private_dirty_kib = after.private_dirty_kib;
  std::cout << to_json(run.report) << '\n';
  if (!status) std::cerr << status.error().detail << '\n';
  return status && run.report.errors == 0 ? 0 : 1;
}

}  // namespace
}  // namespace etcd::bench

int main(int argc, char** argv) { return etcd::bench::main(argc, argv); }
