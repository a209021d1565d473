#include "server/discovery.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/go_text.h"
#include "base/url.h"
#include "cluster/bootstrap.h"
#include "cluster/identity.h"

namespace etcd::server {

namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kLookAgainNs = kSecondNs / 2;
constexpr unsigned kLongestBackoff = 8;  // 2^8 seconds

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

class Discovery {
 public:
  Discovery(const Registry& registry, const DiscoveringMember& self, base::Logger& logger)
      : registry_(registry), self_(self), logger_(logger), prefix_("/_etcd/registry/" + self.token) {}

  Result<std::string> join() {
    TRY_ASSIGN(std::vector<RegistryEntry> found, read_cluster());
    if (!has_place(found)) return fail(Errc::kInvalid, "discovery: cluster is full");
    register_self();
    TRY_ASSIGN(found, read_cluster());
    if (!has_place(found)) return fail(Errc::kInvalid, "discovery: cluster is full");
    logger_.info("waiting for peers from discovery service", {{"clusterSize", size_}, {"found-peers", found.size()}});
    while (found.size() < size_) {
      registry_.sleep(kLookAgainNs);
      found = persistently("cluster status check", [&] { return read_members(); });
    }
    logger_.info("found all needed peers from discovery service", {{"clusterSize", size_}, {"found-peers", found.size()}});
    return initial_cluster(found);
  }

 private:
  std::string members_prefix() const { return prefix_ + "/members/"; }
  std::string own_key() const { return members_prefix() + cluster::to_hex(self_.id); }

  // Until it works: 2, 4, ... 256 seconds between two attempts.
  template <typename Attempt>
  typename std::invoke_result_t<Attempt>::value_type persistently(const char* step, Attempt attempt) {
    for (unsigned retries = 1;; ++retries) {
      auto outcome = attempt();
      if (outcome) return std::move(*outcome);
      const std::int64_t backoff_ns = kSecondNs << std::min(retries, kLongestBackoff);
      logger_.warn("retry connecting to discovery service",
                   {{"reason", step}, {"backoff", base::format_duration(base::Duration(backoff_ns))}, base::LogField(outcome.error())});
      registry_.sleep(backoff_ns);
    }
  }

  Result<std::vector<RegistryEntry>> read_cluster() {
    const std::string key = prefix_ + "/_config/size";
    std::vector<RegistryEntry> found = persistently("cluster status check", [&] { return registry_.read(key); });
    std::erase_if(found, [&](const RegistryEntry& entry) { return entry.key != key; });
    if (found.empty()) return fail(Errc::kInvalid, "discovery: size key not found");
    const std::string& text = found.front().value;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), size_);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || size_ == 0) return fail(Errc::kInvalid, "discovery: size key is bad");
    return persistently("cluster status check", [&] { return read_members(); });
  }

  // By create revision. Each is told of once.
  Result<std::vector<RegistryEntry>> read_members() {
    TRY_ASSIGN(std::vector<RegistryEntry> all, registry_.read(members_prefix()));
    std::vector<RegistryEntry> members;
    for (RegistryEntry& entry : all) {
      const std::string value(trimmed(entry.value));
      const bool is_new = told_of_.insert(entry.key).second;
      const base::Logger::Fields fields = {{"memberKey", entry.key}, {"memberInfo", value}};
      if (value.find('=') == std::string::npos) {
        logger_.warn("invalid peer info returned from discovery service", fields);
        continue;
      }
      if (is_new) logger_.info("found peer from discovery service", fields);
      members.push_back({std::move(entry.key), value, entry.created});
    }
    std::ranges::sort(members, {}, &RegistryEntry::created);
    return members;
  }

  // This member is among the first, or may still be.
  bool has_place(const std::vector<RegistryEntry>& found) const {
    const auto self = std::ranges::find(found, own_key(), &RegistryEntry::key);
    return static_cast<std::size_t>(self - found.begin()) < size_;
  }

  void register_self() {
    persistently("register member itself", [&]() -> Result<bool> {
      TRY(registry_.write(own_key(), self_.peer_urls));
      return true;
    });
    logger_.info("register member itself successfully", {{"memberKey", own_key()}, {"memberInfo", self_.peer_urls}});
  }

  Result<std::string> initial_cluster(const std::vector<RegistryEntry>& found) const {
    std::string text;
    for (std::size_t i = 0; i < size_; ++i) text += (i > 0 ? "," : "") + found[i].value;
    const auto members = cluster::parse_initial_cluster(text);
    if (!members) return fail(Errc::kInvalid, "discovery: invalid peer URL");
    for (const cluster::InitialMember& member : *members) {
      for (const std::string& url : member.peer_urls) {
        if (!base::Url::parse(url)) return fail(Errc::kInvalid, "discovery: invalid peer URL");
      }
    }
    return text;
  }

  const Registry& registry_;
  const DiscoveringMember& self_;
  base::Logger& logger_;
  std::string prefix_;
  std::size_t size_ = 0;
  std::set<std::string> told_of_;  // keys
};

}  // namespace

Result<std::string> join_by_discovery(const Registry& registry, const DiscoveringMember& self, base::Logger& logger) {
  auto joined = Discovery(registry, self, logger).join();
  if (!joined) {
    logger.warn("discovery failed to join cluster", {{"discovery-token", self.token}, base::LogField(joined.error())});
    return fail(Errc::kInvalid, "failed to join discovery cluster (" + describe(joined.error()) + ")");
  }
  logger.info("discovery joined cluster successfully", {{"cluster", *joined}});
  return joined;
}

}  // namespace etcd::server
