#include "server/joining.h"

#include <algorithm>
#include <optional>

#include "cluster/json_reader.h"
#include "cluster/version_policy.h"
#include "peer/identity.h"
#include "rpc/loop.h"
#include "server/ask_now.h"

namespace etcd::server {

namespace {

constexpr std::int64_t kJoinNs = 10 * rpc::kSecond;
constexpr std::int64_t kBootstrapNs = rpc::kSecond;
constexpr std::int64_t kVersionNs = 7 * rpc::kSecond;

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

Result<Found> ask_others(const std::vector<cluster::InitialMember>& initial, const std::string& local_name, std::int64_t limit_ns, const MemberTls& tls, base::Logger& logger) {
  std::vector<std::string> urls;
  for (const cluster::InitialMember& member : initial) {
    if (member.name != local_name) urls.insert(urls.end(), member.peer_urls.begin(), member.peer_urls.end());
  }
  std::sort(urls.begin(), urls.end());
  for (const std::string& url : urls) {
    const auto answer = ask_now({.urls = {url}, .target = "/members", .limit_ns = limit_ns, .tls = tls});
    const auto found = answer ? read_answer(*answer) : Result<Found>(fail(answer.error()));
    if (found) return found;
    logger.warn("failed to get cluster response", {{"address", url + "/members"}, base::LogField(found.error())});
  }
  return fail(Errc::kInvalid, "could not retrieve cluster information from the given URLs");
}

// Nothing if the member does not say what version its cluster has.
std::optional<cluster::Version> cluster_version(const Result<peer::Answer>& answer) {
  const auto object = answer && answer->status == 200 ? cluster::JsonReader::parse(answer->body) : Result<cluster::JsonReader>(fail(Errc::kInvalid));
  std::string text;
  if (!object || !object->read("etcdcluster", text)) return std::nullopt;
  return cluster::parse_version(text);
}

// As soon as one of the others says that a downgrade is under way, or that none is.
bool is_downgrade_enabled(const std::vector<cluster::Member>& others, const MemberTls& tls) {
  for (const cluster::Member& member : others) {
    const auto answer = ask_now({.urls = member.peer_urls, .target = "/downgrade/enabled", .limit_ns = kVersionNs, .tls = tls});
    if (answer && answer->status == 200) return answer->body.starts_with("true");
  }
  return false;
}

// At least one of the others must say the cluster's version, and none may say one that this program does not fit in with.
Status check_versions(const std::vector<cluster::Member>& others, const MemberTls& tls, base::Logger& logger) {
  const bool downgrade_enabled = is_downgrade_enabled(others, tls);
  bool fits = false;
  for (const cluster::Member& member : others) {
    const auto version = cluster_version(ask_now({.urls = member.peer_urls, .target = "/version", .limit_ns = kVersionNs, .tls = tls}));
    fits = fits || version;
    if (!version || cluster::may_join(*version, downgrade_enabled)) continue;
    const bool is_low = *version < cluster::kServerVersion;
    logger.warn(is_low ? "cluster version of remote member is not compatible; too low" : "cluster version of remote member is not compatible; too high",
                {{"remote-member-id", cluster::to_hex(member.id)}, {"remote-member-cluster-version", cluster::to_string(*version)}});
    fits = false;
    break;
  }
  return fits ? Status() : Status(fail(Errc::kInvalid, "incompatible with current running cluster"));
}

}  // namespace

Result<cluster::Bootstrap> find_cluster(const std::vector<cluster::InitialMember>& initial, const std::string& local_name, const MemberTls& tls,
                                        base::Logger& logger) {
  const auto found = ask_others(initial, local_name, kJoinNs, tls, logger);
  if (!found) return fail(Errc::kInvalid, "cannot fetch cluster info from peer urls: " + describe(found.error()));
  const auto matched = cluster::match_existing(initial, found->cluster, found->members, local_name);
  if (!matched) return fail(Errc::kInvalid, "error validating peerURLs: " + describe(matched.error()));
  std::vector<cluster::Member> others = matched->members;
  std::erase_if(others, [&](const cluster::Member& member) { return member.id == matched->local_id; });
  TRY(check_versions(others, tls, logger));
  return matched;
}

Status check_not_bootstrapped(const std::vector<cluster::InitialMember>& initial, const cluster::Bootstrap& bootstrap, const MemberTls& tls) {
  if (initial.size() < 2) return {};
  const auto found = ask_others(initial, bootstrap.local().name, kBootstrapNs, tls, base::null_logger());
  if (!found || found->cluster != bootstrap.cluster_id) return {};
  for (const cluster::Member& member : found->members) {
    if (member.id == bootstrap.local_id && !member.client_urls.empty()) {
      return fail(Errc::kInvalid, "member " + cluster::to_hex(member.id) + " has already been bootstrapped");
    }
  }
  return {};
}

}  // namespace etcd::server
