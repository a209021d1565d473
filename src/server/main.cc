// etcd: reads its configuration, then serves until it is told to stop.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/failpoint.h"
#include "server/default_host.h"
#include "server/failpoint_endpoint.h"
#include "server/load_config.h"
#include "server/server.h"
#include "server/startup.h"

// Read by jemalloc when the process starts: one arena, since two threads do nearly all the allocating and each has its own cache; freed pages go back to
// the system within seconds. NOLINTNEXTLINE: the name is jemalloc's.
extern "C" const char* malloc_conf;
const char* malloc_conf = "narenas:1,dirty_decay_ms:2000,muzzy_decay_ms:0";

namespace {

using namespace etcd;

std::vector<std::string> strings_of(char** texts) {
  std::vector<std::string> strings;
  for (; *texts != nullptr; ++texts) strings.emplace_back(*texts);
  return strings;
}

int end(const server::Exit& exit) {
  std::fputs(exit.standard_output.c_str(), stdout);
  std::fputs(exit.standard_error.c_str(), stderr);
  return exit.code;
}

bool is_proxy_command(const std::string& word) { return word == "gateway" || word == "grpc-proxy"; }

}  // namespace

int main(int, char** argv) {
#ifdef ETCD_FAILPOINTS
  const auto failpoints = server::failpoints_from_environment(base::failpoints());
#endif
  const server::Invocation invocation{strings_of(argv), strings_of(environ), server::default_host()};
  if (invocation.args.size() > 1 && is_proxy_command(invocation.args[1])) {
    return end({1, "", "etcd " + invocation.args[1] + " is not supported\n"});
  }
  const auto files = base::posix_file_system();
  const server::LogWorld log_world{base::fd_log_sink(STDOUT_FILENO), base::fd_log_sink(STDERR_FILENO), *files, base::system_clock()};
  auto outcome = server::load_config(invocation, log_world);
  if (const auto* exit = std::get_if<server::Exit>(&outcome)) return end(*exit);

  const auto& [config, logger] = std::get<server::Loaded>(outcome);
  if (const auto inspected = server::inspect_data_dir(config, *files, *logger); !inspected.has_value()) {
    logger->fatal("cannot use the data directory", {base::LogField(inspected.error())});
  }
  return server::run(config, *logger);
}
