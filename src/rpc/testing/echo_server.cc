// A server whose one unary method sends the request back: what a call costs with nothing behind it. Prints its CPU time
// when it stops.
//   rpc_echo <address> [loops]
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "rpc/server.h"

namespace etcd::rpc {
namespace {

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int serve(const char* address, std::size_t count) {
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  ServiceTable services;
  services.add("echo.Echo", "Unary", UnaryHandler([](UnaryCall call) {
                 base::Rope answer;
                 answer.append(call.request());
                 std::move(call).respond(std::move(answer));
               }));
  std::vector<std::unique_ptr<Loop>> loops;
  std::vector<Loop*> pointers;
  for (std::size_t i = 0; i < count; ++i)
    pointers.push_back(loops.emplace_back(std::make_unique<Loop>(base::system_clock())).get());
  const HttpHandler http = [](HttpRequest, HttpResponder responder) { std::move(responder).respond(not_found()); };
  Server server({}, services, http, pointers, base::null_logger());
  const auto bound = server.listen(address);
  if (!bound) {
    std::fprintf(stderr, "%s\n", bound.error().detail.c_str());
    return 1;
  }
  std::printf("listening on %s\n", bound->c_str());
  std::fflush(stdout);
  std::vector<std::thread> threads;
  for (Loop* loop : pointers) threads.emplace_back([loop] { loop->run(); });

  int received = 0;
  sigwait(&stop_signals, &received);
  for (Loop* loop : pointers) loop->stop();
  for (std::thread& thread : threads) thread.join();
  const Counters counters = server.counters();
  const auto calls = static_cast<double>(counters.methods[0].started);
  std::printf("%.0f calls, %.3f s of CPU, %.3f us each\n", calls, cpu_seconds(),
              calls > 0 ? cpu_seconds() * 1e6 / calls : 0.0);
  return 0;
}

}  // namespace
}  // namespace etcd::rpc

int main(int argc, char** argv) {
  return etcd::rpc::serve(argc > 1 ? argv[1] : "127.0.0.1:0", argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1);
}
