#include "server/descriptors.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace etcd::server {

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  rlimit raised = limit;
  raised.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

std::size_t connections_under(std::uint64_t descriptor_limit) {
  if (descriptor_limit <= kReservedDescriptors) return 0;
  return std::min<std::uint64_t>(descriptor_limit - kReservedDescriptors, std::numeric_limits<std::int32_t>::max());
}

}  // namespace etcd::server
