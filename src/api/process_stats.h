// What the system says about this process.
#pragma once

#include <cstdint>

namespace etcd::api {

struct ProcessStats {
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double virtual_bytes = 0;
  double virtual_limit_bytes = 0;
  double open_descriptors = 0;
  double descriptor_limit = 0;
  double start_unix_seconds = 0;
  double received_bytes = 0;  // over the network, by everybody in its namespace
  double sent_bytes = 0;
};

// Reads /proc; what can't be read stays 0. Opens a few files: for a scrape, not for a request.
ProcessStats read_process_stats();

}  // namespace etcd::api
