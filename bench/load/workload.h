// What the load generator asks for: a stream of encoded requests for one gRPC method.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/rng.h"

namespace etcd::bench {

struct WorkloadOptions {
  std::string op = "put";          // put, put-mixed, range, range-serializable, range-limit, range-all, count, lease-grant, lease-keepalive
  std::int64_t keys = 100000;      // keys are 24 bytes: "key-" and 20 digits below this
  bool sequential = false;         // keys in order, else drawn at random
  std::int64_t value_bytes = 256;
  std::int64_t limit = 500;        // of range-limit
  std::int64_t ttl_s = 60;         // of lease-grant; leases have the ids from 1 to `keys`
  std::uint64_t seed = 1;
};

class Workload {
 public:
  // kInvalid for an unknown operation.
  static Result<Workload> make(const WorkloadOptions& options);

  // The gRPC path of all its requests.
  const std::string& path() const { return path_; }
  // They are messages of long streams rather than calls of their own.
  bool is_bidirectional() const { return options_.op == "lease-keepalive"; }
  // The request with the given number in order; the same seed gives the same sequence.
  void next(std::string& request);

 private:
  explicit Workload(const WorkloadOptions& options);
  std::string next_key();
  void put(std::string& request);
  void range(std::string& request);
  void lease(std::string& request);

  WorkloadOptions options_;
  std::string path_;
  base::Rng rng_;
  std::int64_t made_ = 0;
  std::string value_;
};

}  // namespace etcd::bench
