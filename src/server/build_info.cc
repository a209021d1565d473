#include "server/build_info.h"

namespace etcd::server {

std::string_view git_sha() { return ETCD_GIT_SHA; }

}  // namespace etcd::server
