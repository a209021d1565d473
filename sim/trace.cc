#include "sim/trace.h"

#include <cinttypes>
#include <cstdio>

namespace etcd::sim {

void Trace::mix(std::uint64_t value) {
  hash_ ^= value + 0x9e3779b97f4a7c15u + (hash_ << 6) + (hash_ >> 2);
  hash_ *= 0x100000001b3u;
}

void Trace::add(std::int64_t time_ns, int member, const char* what, std::uint64_t a, std::uint64_t b) {
  ++count_;
  mix(static_cast<std::uint64_t>(time_ns));
  mix(static_cast<std::uint64_t>(member));
  for (const char* at = what; *at != '\0'; ++at) mix(static_cast<unsigned char>(*at));
  mix(a);
  mix(b);
  if (kept_ == 0) return;
  if (events_.size() == kept_) events_.pop_front();
  events_.push_back({time_ns, member, what, a, b});
}

std::string Trace::text() const {
  std::string out;
  char line[160];
  for (const Event& event : events_) {
    std::snprintf(line, sizeof line, "%12.6f m%d %s %" PRIu64 " %" PRIu64 "\n", static_cast<double>(event.time_ns) / 1e9, event.member, event.what,
                  event.a, event.b);
    out += line;
  }
  return out;
}

}  // namespace etcd::sim
