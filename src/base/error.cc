#include "base/error.h"

namespace etcd {

std::string describe(const Error& error) {
  if (!error.detail.empty()) return error.detail;
  return "error code " + std::to_string(static_cast<unsigned>(error.code));
}

}  // namespace etcd
