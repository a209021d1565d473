#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace etcd::base {

void check_failed(const char* condition, const char* file, int line, const std::string& values) {
  std::fprintf(stderr, "CHECK failed: %s (%s) at %s:%d\n", condition, values.c_str(), file, line);
  std::abort();
}

}  // namespace etcd::base
