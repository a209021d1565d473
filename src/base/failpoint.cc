#include "base/failpoint.h"

#ifdef ETCD_FAILPOINTS

namespace etcd::base {

Failpoints& failpoints() {
  static auto* const all = new Failpoints(Failpoints::real_actions());
  return *all;
}

std::optional<std::string> failpoint_text(FailpointName name) {
  const auto value = failpoints().pass(name);
  if (!value) return std::nullopt;
  const auto* text = std::get_if<std::string>(&*value);
  return text == nullptr ? std::string() : *text;
}

}  // namespace etcd::base

#endif
