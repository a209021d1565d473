#include "cluster/bootstrap.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/check.h"
#include "base/go_text.h"
#include "cluster/identity.h"

namespace etcd::cluster {

namespace {

// As Go prints a list of texts with %q.
std::string quoted(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? " " : "") + base::go_quote(text);
  return out + "]";
}

std::string joined(const std::vector<std::string>& texts, std::string_view prefix = {}) {
  std::string out;
  for (const std::string& text : texts) {
    if (!out.empty()) out += ',';
    out += prefix;
    out += text;
  }
  return out;
}

// Those of `a` that are not in `b`; both sorted.
std::vector<std::string> missing(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> out;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

// Why two sorted lists of URLs are not the same, in the words of etcd's comparison.
std::string url_difference(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  if (a.size() != b.size()) return "len(" + quoted(a) + ") != len(" + quoted(b) + ")";
  const auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin());
  return "resolved urls: " + base::go_quote(*x) + " != " + base::go_quote(*y);
}

const InitialMember* find(const std::vector<InitialMember>& initial, std::string_view name) {
  const auto found =
      std::find_if(initial.begin(), initial.end(), [&](const InitialMember& member) { return member.name == name; });
  return found == initial.end() ? nullptr : &*found;
}

Status check_advertised(const InitialMember& local, std::vector<std::string> advertised) {
  std::sort(advertised.begin(), advertised.end());
  const std::vector<std::string>& listed = local.peer_urls;
  if (listed == advertised) return {};
  const std::string prefix = local.name + "=";
  if (const auto urls = missing(listed, advertised); !urls.empty()) {
    return fail(Errc::kInvalid, "--initial-cluster has " + joined(urls, prefix) +
                                    " but missing from --initial-advertise-peer-urls=" + joined(advertised) + " (" +
                                    url_difference(advertised, listed) + ")");
  }
  return fail(Errc::kInvalid, "--initial-advertise-peer-urls has " + joined(missing(advertised, listed)) +
                                  " but missing from --initial-cluster=" + joined(advertised, prefix));
}

bool has_duplicate_url(const std::vector<InitialMember>& initial) {
  std::set<std::string_view> seen;
  for (const InitialMember& member : initial) {
    for (const std::string& url : member.peer_urls) {
      if (!seen.insert(url).second) return true;
    }
  }
  return false;
}

Result<Bootstrap> finish(Bootstrap made, std::string_view local_name) {
  std::sort(made.members.begin(), made.members.end(), [](const Member& a, const Member& b) { return a.id < b.id; });
  const auto same_id = [](const Member& a, const Member& b) { return a.id == b.id; };
  if (const auto twice = std::adjacent_find(made.members.begin(), made.members.end(), same_id);
      twice != made.members.end()) {
    return fail(Errc::kInvalid, "member exists with identical ID " + member_json(*twice));
  }
  for (const Member& member : made.members) {
    if (member.id == MemberId(0)) return fail(Errc::kInvalid, "cannot use 0 as member id");
    if (member.name == local_name) made.local_id = member.id;
  }
  if (made.local_id == MemberId(0)) {
    return fail(Errc::kInvalid,
                "couldn't find local name " + base::go_quote(local_name) + " in the initial cluster configuration");
  }
  return made;
}

}  // namespace

const Member& Bootstrap::local() const {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const Member& member) { return member.id == local_id; });
  CHECK(found != members.end(), local_id);
  return *found;
}

Result<std::vector<InitialMember>> parse_initial_cluster(std::string_view text) {
  std::map<std::string, std::vector<std::string>> urls_by_name;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find(','));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == pair.size()) {
      return fail(Errc::kInvalid, "invalid name=url pair " + base::go_quote(pair) + " in initial cluster");
    }
    urls_by_name[std::string(pair.substr(0, equals))].emplace_back(pair.substr(equals + 1));
  }
  std::vector<InitialMember> members;
  for (auto& [name, urls] : urls_by_name) {
    std::sort(urls.begin(), urls.end());
    members.push_back({.name = name, .peer_urls = std::move(urls)});
  }
  return members;
}

std::string to_string(const std::vector<InitialMember>& initial) {
  std::vector<std::string> pairs;
  for (const InitialMember& member : initial) {
    for (const std::string& url : member.peer_urls) pairs.push_back(member.name + "=" + url);
  }
  std::sort(pairs.begin(), pairs.end());
  return joined(pairs);
}

Status check_initial_cluster(const std::vector<InitialMember>& initial, std::string_view local_name,
                             std::vector<std::string> advertised_peer_urls) {
  const InitialMember* local = find(initial, local_name);
  if (local == nullptr) {
    return fail(Errc::kInvalid,
                "couldn't find local name " + base::go_quote(local_name) + " in the initial cluster configuration");
  }
  TRY(check_advertised(*local, std::move(advertised_peer_urls)));
  if (has_duplicate_url(initial))
    return fail(Errc::kInvalid, "initial cluster " + to_string(initial) + " has duplicate url");
  if (to_string(initial).empty()) return fail(Errc::kInvalid, "initial cluster unset and no discovery endpoints found");
  return {};
}

Result<Bootstrap> bootstrap(const std::vector<InitialMember>& initial, std::string_view token,
                            std::string_view local_name) {
  Bootstrap made;
  std::vector<MemberId> ids;
  for (const InitialMember& member : initial) {
    const MemberId id = member_id(member.peer_urls, token);
    ids.push_back(id);
    made.members.push_back({.id = id, .name = member.name, .peer_urls = member.peer_urls});
  }
  made.cluster_id = cluster_id(std::move(ids));
  return finish(std::move(made), local_name);
}

Result<Bootstrap> match_existing(const std::vector<InitialMember>& initial, ClusterId id,
                                 const std::vector<Member>& existing, std::string_view local_name) {
  if (initial.size() != existing.size()) return fail(Errc::kInvalid, "member count is unequal");
  Bootstrap made{.cluster_id = id};
  for (const Member& running : existing) {
    std::vector<std::string> urls = running.peer_urls;
    std::sort(urls.begin(), urls.end());
    const auto same = std::find_if(initial.begin(), initial.end(),
                                   [&](const InitialMember& member) { return member.peer_urls == urls; });
    if (same == initial.end()) {
      return fail(Errc::kInvalid, "PeerURLs: no match found for existing member (" + to_hex(running.id) + ", " +
                                      quoted(running.peer_urls) + "), last resolver error (" +
                                      url_difference(urls, initial.back().peer_urls) + ")");
    }
    made.members.push_back(
        {.id = running.id, .name = same->name, .peer_urls = same->peer_urls, .client_urls = running.client_urls, .is_learner = running.is_learner});
  }
  return finish(std::move(made), local_name);
}

}  // namespace etcd::cluster
