#include "bench/load/workload.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/wire.h"

namespace etcd::bench {

namespace {

constexpr std::array kPuts = {"put", "put-mixed"};
constexpr std::array kRanges = {"range", "range-serializable", "range-limit", "range-all", "count"};
constexpr std::array kLeases = {"lease-grant", "lease-keepalive"};
constexpr std::int64_t kMixedSizes[] = {16, 64, 256, 1024, 4096, 16384};

template <typename List>
bool contains(const List& list, const std::string& op) {
  return std::find(list.begin(), list.end(), op) != list.end();
}

// Printable, not compressible to nothing, the same for a seed.
std::string make_value(std::int64_t size, base::Rng& rng) {
  std::string value;
  while (static_cast<std::int64_t>(value.size()) < size) value.push_back(static_cast<char>('a' + rng.below(26)));
  return value;
}

std::string path_of(const std::string& op) {
  if (op == "lease-grant") return "/etcdserverpb.Lease/LeaseGrant";
  if (op == "lease-keepalive") return "/etcdserverpb.Lease/LeaseKeepAlive";
  return contains(kPuts, op) ? "/etcdserverpb.KV/Put" : "/etcdserverpb.KV/Range";
}

}  // namespace

Result<Workload> Workload::make(const WorkloadOptions& options) {
  const bool known = contains(kPuts, options.op) || contains(kRanges, options.op) || contains(kLeases, options.op);
  if (!known) return fail(Errc::kInvalid, "unknown --op " + options.op);
  return Workload(options);
}

Workload::Workload(const WorkloadOptions& options)
    : options_(options),
      path_(path_of(options.op)),
      rng_(options.seed) {
  const std::int64_t largest = options.op == "put-mixed" ? kMixedSizes[std::size(kMixedSizes) - 1] : options.value_bytes;
  value_ = make_value(largest, rng_);
}

void Workload::next(std::string& request) {
  request.clear();
  if (contains(kPuts, options_.op)) {
    put(request);
  } else if (contains(kLeases, options_.op)) {
    lease(request);
  } else {
    range(request);
  }
  ++made_;
}

std::string Workload::next_key() {
  const auto keys = static_cast<std::uint64_t>(options_.keys);
  const std::uint64_t number = options_.sequential ? static_cast<std::uint64_t>(made_) % keys : rng_.below(keys);
  char text[32];
  std::snprintf(text, sizeof text, "key-%020llu", static_cast<unsigned long long>(number));
  return text;
}

void Workload::put(std::string& request) {
  const std::int64_t size = options_.op == "put-mixed" ? kMixedSizes[rng_.below(std::size(kMixedSizes))] : options_.value_bytes;
  base::WireWriter writer(request);
  writer.bytes(1, next_key());
  writer.bytes(2, std::string_view(value_).substr(0, static_cast<std::size_t>(size)));
}

void Workload::range(std::string& request) {
  base::WireWriter writer(request);
  const bool single = options_.op == "range" || options_.op == "range-serializable";
  writer.bytes(1, single ? next_key() : "key-");
  if (!single) writer.bytes(2, "key.");
  if (options_.op == "range-limit") writer.int64(3, options_.limit);
  if (options_.op == "range-serializable") writer.varint(7, 1);
  if (options_.op == "count") writer.varint(9, 1);
}

void Workload::lease(std::string& request) {
  const auto leases = static_cast<std::uint64_t>(options_.keys);
  const bool grants = options_.op == "lease-grant";
  const std::uint64_t number = options_.sequential || grants ? static_cast<std::uint64_t>(made_) % leases : rng_.below(leases);
  base::WireWriter writer(request);
  if (grants) writer.int64(1, options_.ttl_s);
  writer.varint(grants ? 2 : 1, number + 1);
}

}  // namespace etcd::bench
