// Any text is a configuration file or an error, and what was read can be checked and printed.
#include "server/config_file.h"
#include "server/flags.h"
#include "server/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace etcd::server;
  Config config;
  if (!read_config_file({reinterpret_cast<const char*>(data), size}, config).has_value()) return 0;
  (void)validate(config, etcd::base::null_logger());
  (void)check_initial_cluster_urls(config.cluster);
  (void)compaction_retention(config.cluster);
  for (const Flag& flag : flag_table(config)) (void)print_value(flag.value);
  return 0;
}
