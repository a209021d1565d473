#include "server/joining.h"

#include <algorithm>
#include <optional>

#include "base/clock.h"
#include "peer/identity.h"
#include "peer/network.h"
#include "rpc/loop.h"

namespace etcd::server {

namespace {

constexpr std::int64_t kJoinNs = 10 * rpc::kSecond;
constexpr std::int64_t kBootstrapNs = rpc::kSecond;

struct Found {
  ClusterId cluster;
  std::vector<cluster::Member> members;
};

Result<Found> read_answer(const peer::Answer& answer) {
  TRY_ASSIGN(std::vector<cluster::Member> members, cluster::parse_member_list(answer.body));
  const auto id = peer::parse_hex_id(answer.fields.find("x-etcd-cluster-id").value_or(""));
  if (answer.status != 200 || !id) return fail(Errc::kInvalid, "the answer is no list of members");
  if (members.empty()) return fail(Errc::kInvalid, "failed to get raft cluster member(s) from the given URLs");
  return Found{ClusterId(*id), std::move(members)};
}

// Turns a loop of its own until the answer is there.
Result<peer::Answer> ask_now(const std::string& url, std::int64_t limit_ns) {
  rpc::Loop loop(base::system_clock());
  peer::Network network(loop, [](peer::Network::Job job) { job(); }, limit_ns);
  std::optional<Result<peer::Answer>> answer;
  peer::ask(network, {url}, {}, "GET", "/members", "", limit_ns, [&](Result<peer::Answer> got) { answer = std::move(got); });
  while (!answer) loop.run_once(-1);
  return std::move(*answer);
}

Result<Found> ask_others(const std::vector<cluster::InitialMember>& initial, const std::string& local_name, std::int64_t limit_ns, base::Logger& logger) {
  std::vector<std::string> urls;
  for (const cluster::InitialMember& member : initial) {
    if (member.name != local_name) urls.insert(urls.end(), member.peer_urls.begin(), member.peer_urls.end());
  }
  std::sort(urls.begin(), urls.end());
  for (const std::string& url : urls) {
    const auto answer = ask_now(url, limit_ns);
    const auto found = answer ? read_answer(*answer) : Result<Found>(fail(answer.error()));
    if (found) return found;
    logger.warn("failed to get cluster response", {{"address", url + "/members"}, base::LogField(found.error())});
  }
  return fail(Errc::kInvalid, "could not retrieve cluster information from the given URLs");
}

}  // namespace

Result<cluster::Bootstrap> find_cluster(const std::vector<cluster::InitialMember>& initial, const std::string& local_name, base::Logger& logger) {
  const auto found = ask_others(initial, local_name, kJoinNs, logger);
  if (!found) return fail(Errc::kInvalid, "cannot fetch cluster info from peer urls: " + describe(found.error()));
  const auto matched = cluster::match_existing(initial, found->cluster, found->members, local_name);
  if (!matched) return fail(Errc::kInvalid, "error validating peerURLs: " + describe(matched.error()));
  return matched;
}

Status check_not_bootstrapped(const std::vector<cluster::InitialMember>& initial, const cluster::Bootstrap& bootstrap) {
  if (initial.size() < 2) return {};
  const auto found = ask_others(initial, bootstrap.local().name, kBootstrapNs, base::null_logger());
  if (!found || found->cluster != bootstrap.cluster_id) return {};
  for (const cluster::Member& member : found->members) {
    if (member.id == bootstrap.local_id && !member.client_urls.empty()) {
      return fail(Errc::kInvalid, "member " + cluster::to_hex(member.id) + " has already been bootstrapped");
    }
  }
  return {};
}

}  // namespace etcd::server
