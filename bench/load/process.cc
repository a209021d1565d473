#include "bench/load/process.h"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace etcd::bench {

ProcessUsage process_usage(int pid) {
  ProcessUsage usage;
  const std::string folder = "/proc/" + std::to_string(pid);
  std::ifstream stat(folder + "/stat");
  std::string line;
  std::getline(stat, line);
  if (const auto after_name = line.rfind(')'); after_name != std::string::npos) {
    std::istringstream fields(line.substr(after_name + 2));
    std::string skipped;
    for (int i = 3; i < 14; ++i) fields >> skipped;
    std::int64_t user = 0, system = 0;
    fields >> user >> system;
    usage.cpu_us = (user + system) * 1000000 / ::sysconf(_SC_CLK_TCK);
  }
  std::ifstream rollup(folder + "/smaps_rollup");
  std::string key, unit;
  std::getline(rollup, line);
  for (std::int64_t value = 0; rollup >> key >> value >> unit;) {
    if (key == "Rss:") usage.rss_kib = value;
    if (key == "Private_Dirty:") usage.private_dirty_kib = value;
  }
  return usage;
}

std::int64_t anonymous_kib(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::int64_t value = 0;
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("RssAnon:", 0) == 0) std::istringstream(line.substr(8)) >> value;
  }
  return value;
}

}  // namespace etcd::bench
